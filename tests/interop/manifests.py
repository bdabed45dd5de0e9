"""The fetcher's ECS task definition and IAM policies, checked by AWS' own service model (botocore) and by moto.

Usage: manifests.py DEPLOY EXAMPLES (the directories deploy/fetcher and examples/fetcher)
"""

import json
import sys
from pathlib import Path

import boto3
import botocore.exceptions
import botocore.session
from botocore.validate import ParamValidator
from moto import mock_aws


def main() -> None:
    deploy, examples = Path(sys.argv[1]), Path(sys.argv[2])
    model = botocore.session.get_session().get_service_model("ecs")
    shape = model.operation_model("RegisterTaskDefinition").input_shape

    def mistakes(definition: dict) -> str:
        return ParamValidator().validate(definition, shape).generate_report()

    for path in (deploy / "ecs/task-definition.json", examples / "task-definition.json"):
        definition = json.loads(path.read_text())
        if report := mistakes(definition):
            sys.exit(f"{path}: {report}")
        # That a mistake would be found.
        definition["containerDefinitions"][0]["entrypoint"] = ["/app"]
        if "entrypoint" not in mistakes(definition):
            sys.exit(f"{path}: an unknown member is not found")
        print("task definition", path.name)

    with mock_aws():
        ecs = boto3.client("ecs", region_name="eu-central-1")
        ecs.register_task_definition(**json.loads((deploy / "ecs/task-definition.json").read_text()))
        iam = boto3.client("iam", region_name="us-east-1")
        for path in sorted((deploy / "iam").glob("*.json")):
            text = path.read_text()
            if path.name.startswith("trust-"):
                iam.create_role(RoleName=path.stem, AssumeRolePolicyDocument=text)
            else:
                iam.create_policy(PolicyName=path.stem, PolicyDocument=text)
                refused(iam, text.replace('"Resource"', '"Ressource"'))
            print("policy", path.name)


def refused(iam, text: str) -> None:
    try:
        iam.create_policy(PolicyName="misspelt", PolicyDocument=text)
    except botocore.exceptions.ClientError as error:
        if error.response["Error"]["Code"] == "MalformedPolicyDocument":
            return
        raise
    sys.exit("a misspelt policy is taken")


main()
