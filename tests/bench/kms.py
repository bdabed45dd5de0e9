"""An emulated AWS KMS with one key, and the environment that leads every AWS program there."""

import contextlib
import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    "AWS_REGION": "us-east-1",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
    # Away from the user's own profiles.
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
}


@contextlib.contextmanager
def emulated(moto_server, log):
    """Starts moto and yields (key ARN, environment); stops it at the end."""
    port = free_port()
    with open(log, "wb") as output:
        server = subprocess.Popen(
            [moto_server, "-H", "127.0.0.1", "-p", str(port)], stdout=output, stderr=subprocess.STDOUT
        )
    endpoint = f"http://127.0.0.1:{port}"
    try:
        wait_for(endpoint, server, log)
        arn = call(endpoint, "CreateKey", {})["KeyMetadata"]["Arn"]
        yield arn, {**CREDENTIALS, "AWS_ENDPOINT_URL": endpoint}
    finally:
        server.terminate()
        server.wait()


def call(endpoint, operation, body):
    """One KMS request. The emulator reads the Region from the signature's scope and checks no more."""
    request = urllib.request.Request(
        endpoint,
        json.dumps(body).encode(),
        {
            "Content-Type": "application/x-amz-json-1.1",
            "X-Amz-Target": f"TrentService.{operation}",
            "Authorization": "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20260101/us-east-1/kms/aws4_request, "
            "SignedHeaders=host, Signature=00",
        },
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


def wait_for(endpoint, server, log):
    for _ in range(150):
        if server.poll() is not None:
            break
        try:
            urllib.request.urlopen(f"{endpoint}/moto-api/", timeout=1).close()
            return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    with open(log, encoding="utf-8", errors="replace") as output:
        sys.exit(f"error: the KMS emulator did not start\n{output.read()}")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
