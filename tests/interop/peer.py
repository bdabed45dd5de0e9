"""Runs jobs with one official SDK: `python peer.py sdk3|sdk4`, a JSON object a line in, one a line out.

A job is {"op": "encrypt" | "decrypt", "key": KEY, "input": PATH, "output": PATH, "context": {...}}, for
encrypt also "suite": "0478" | "0578" and "frame_length". KEY is {"local": KEY FILE} or {"kms": ARN}.
The answer is {} or {"error": TEXT}. One process runs many jobs, for it takes half a second to start.
"""

import base64
import importlib
import json
import logging
import pathlib
import sys


def local_key(path):
    """Name and material of a Sealkit key file (docs/local-keys.md)."""
    lines = pathlib.Path(path).read_text().splitlines()
    assert lines[0] == "sealkit-local-key-v1", lines[0]
    fields = dict(line.split(": ", 1) for line in lines[1:])
    return f"{fields['name']}-{fields['fingerprint']}", base64.b64decode(fields["key"])


def run(sdk, job):
    if "local" in job["key"]:
        materials = sdk.raw_aes("sealkit", *local_key(job["key"]["local"]))
    else:
        materials = sdk.kms(job["key"]["kms"])
    data = pathlib.Path(job["input"]).read_bytes()
    if job["op"] == "encrypt":
        output = sdk.encrypt(data, materials, job["suite"], job["frame_length"], job["context"])
    else:
        output, context = sdk.decrypt(data, materials, job["context"])
        missing = job["context"].items() - context.items()
        assert not missing, f"the header lacks {missing}"
    pathlib.Path(job["output"]).write_bytes(output)


def main():
    # Refusals are among the jobs, and the SDK logs each with a traceback.
    logging.disable(logging.CRITICAL)
    sdk = importlib.import_module(sys.argv[1])
    for line in sys.stdin:
        try:
            run(sdk, json.loads(line))
            answer = {}
        except Exception as error:  # pylint: disable=broad-except  # each failure is the job's, not the peer's
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
