"""The AWS double of the test rig, with one key, and the environment that leads every AWS program there."""

import json
import os
import subprocess
import sys
import urllib.request

ARN = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"

ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    "AWS_REGION": "us-east-1",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
    # Away from the user's own profiles.
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
}


class Kms:
    """A running double; it ends when its standard input does, and so with this program."""

    def __init__(self, program):
        try:
            self.server = subprocess.Popen(
                [program, "--seed-key", ARN], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            )
        except FileNotFoundError:
            sys.exit(f"error: {program} not found: cargo build -p sealkit-rig --bins")
        self.url = self.server.stdout.readline().strip()
        if not self.url:
            sys.exit(f"error: {program} ended without an address")
        self.arn = ARN
        self.env = {**ENVIRONMENT, "AWS_ENDPOINT_URL": self.url}

    def calls(self):
        """How many calls were made since the last question, of all operations."""
        with urllib.request.urlopen(f"{self.url}/_double/calls", timeout=10) as answer:
            counts = json.load(answer)
        forget = urllib.request.Request(f"{self.url}/_double/calls", method="DELETE")
        urllib.request.urlopen(forget, timeout=10).close()
        return sum(count for regions in counts.values() for count in regions.values())

    def close(self):
        self.server.stdin.close()
        self.server.wait()
