"""What many teams write themselves: one secret or parameter after another, each into a file.

Run with boto3: sequential.py NAMES TARGET
"""

import os
import sys

import boto3


def main():
    names, target = sys.argv[1:]
    os.mkdir(target, 0o700)
    secrets, parameters = boto3.client("secretsmanager"), boto3.client("ssm")
    with open(names, encoding="utf-8") as file:
        for name in file.read().split():
            if name.startswith("/"):
                value = parameters.get_parameter(Name=name, WithDecryption=True)["Parameter"]["Value"]
            else:
                value = secrets.get_secret_value(SecretId=name)["SecretString"]
            with open(os.path.join(target, name.replace("/", "_")), "w", encoding="utf-8") as out:
                out.write(value)


if __name__ == "__main__":
    main()
