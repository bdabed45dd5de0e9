"""The AWS double of the test rig, and the environment that leads every AWS program there."""

import json
import os
import subprocess
import sys
import urllib.request

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


class Double:
    """A running double; it ends when its standard input does, and so with this program."""

    def __init__(self, program, *arguments):
        try:
            self.server = subprocess.Popen(
                [program, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            )
        except FileNotFoundError:
            sys.exit(f"error: {program} not found: cargo build -p sealkit-rig --bins")
        self.url = self.server.stdout.readline().strip()
        if not self.url:
            sys.exit(f"error: {program} ended without an address")
        self.env = {**ENVIRONMENT, "AWS_ENDPOINT_URL": self.url}

    def control(self, method, path, body=None):
        """Asks a control of the double; `tests/src/aws_double/control.rs` lists them."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}/_double/{path}", data=data, method=method)
        with urllib.request.urlopen(request, timeout=10) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    def calls(self):
        """How many calls were made since the last question, of all operations."""
        counts = self.control("GET", "calls")
        self.control("DELETE", "calls")
        return sum(count for regions in counts.values() for count in regions.values())

    def close(self):
        self.server.stdin.close()
        self.server.wait()
