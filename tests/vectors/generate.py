#!/usr/bin/env python3
"""Writes the vectors: official SDKs make the good messages, this program gives each bad one its one fault.

Usage: generate.py CACHE DOUBLE, with the directory that interop/setup.sh prints and the program
sealkit-aws-double. Messages are random, so a run replaces all of them; README.md describes the files.
"""

import base64
import contextlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import textwrap

HERE = pathlib.Path(__file__).resolve().parent
INTEROP = HERE.parent / "interop"
SDKS = {"sdk3": "aws-encryption-sdk 3.3.1 (Python)", "sdk4": "aws-encryption-sdk[MPL] 4.0.7 (Python)"}
KEYS = {
    "local": {"local": str(HERE / "demo.key")},
    "kms": {"kms": "arn:aws:kms:us-east-1:111122223333:key/6a1b1a2e-6c4f-4f0e-9d1c-5e6f7a8b9c0d"},
    "mrk": {"kms": "arn:aws:kms:us-east-1:111122223333:key/mrk-0123456789abcdef0123456789abcdef"},
}
CONTEXT = {"app": "demo", "größe": "10 µm"}
LOCAL_SHAPES = [(0, 128), (1, 128), (127, 128), (128, 128), (129, 128), (256, 128), (4097, 4096)]
KMS_SHAPES = [(0, 128), (129, 128)]


def plaintext(length):
    return bytes(i % 251 for i in range(length))


@contextlib.contextmanager
def double(program):
    """The rig's AWS endpoint, with the fixed keys."""
    seeds = [f"--seed-key={key['kms']}" for key in KEYS.values() if "kms" in key]
    process = subprocess.Popen([program, *seeds], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield process.stdout.readline().strip()
    finally:
        process.stdin.close()
        process.wait()


def run_jobs(cache, sdk, url, jobs):
    environment = os.environ | {
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    process = subprocess.run(
        [f"{cache}/venv-{sdk}/bin/python", INTEROP / "peer.py", sdk],
        input="".join(json.dumps(job) + "\n" for job in jobs),
        stdout=subprocess.PIPE,
        env=environment,
        text=True,
        check=True,
    )
    for job, answer in zip(jobs, map(json.loads, process.stdout.splitlines()), strict=True):
        assert "error" not in answer, (job, answer)


def encrypt(cache, sdk, url, cases):
    """Messages of `cases`: (key, suite, length, frame length)."""
    with tempfile.TemporaryDirectory() as scratch:
        jobs = []
        for number, (key, suite, length, frame) in enumerate(cases):
            source = pathlib.Path(scratch, f"{number}.in")
            source.write_bytes(plaintext(length))
            jobs.append({
                "op": "encrypt", "key": KEYS[key], "suite": suite, "frame_length": frame,
                "context": CONTEXT, "input": str(source), "output": str(source.with_suffix(".out")),
            })
        run_jobs(cache, sdk, url, jobs)
        return [pathlib.Path(job["output"]).read_bytes() for job in jobs]


def write(name, fields, message):
    lines = [f"{key}: {value}" for key, value in fields.items()]
    encoded = textwrap.wrap(base64.b64encode(message).decode(), 100)
    path = HERE / f"{name}.vector"
    path.parent.mkdir(exist_ok=True)
    path.write_text("\n".join([*lines, "", *encoded, ""]))


class Message:
    """The offsets of a framed message of version 2, for faults at a named place."""

    def __init__(self, data):
        self.data = data
        self.context = 35
        self.edks = self.context + 2 + self.u16(self.context)
        at = self.edks + 2
        self.fields = []
        for _ in range(3 * self.u16(self.edks)):
            self.fields.append(at)
            at += 2 + self.u16(at)
        self.content_type = at
        self.frame_length = at + 1
        self.commitment = at + 5
        self.tag = self.commitment + 32
        self.body = self.tag + 16
        self.frames = []
        at = self.body
        while data[at : at + 4] != b"\xff" * 4:
            self.frames.append(at)
            at += 4 + 12 + self.u32(self.frame_length) + 16
        self.final = at
        self.frames.append(at)
        self.footer = at + 4 + 4 + 12 + 4 + self.u32(at + 20) + 16

    def u16(self, at):
        return int.from_bytes(self.data[at : at + 2], "big")

    def u32(self, at):
        return int.from_bytes(self.data[at : at + 4], "big")

    def put(self, at, new):
        return self.data[:at] + new + self.data[at + len(new) :]

    def flip(self, at):
        return self.put(at, bytes([self.data[at] ^ 1]))

    def splice(self, start, end, new):
        return self.data[:start] + new + self.data[end:]

    def frame(self, number):
        end = (self.frames + [self.footer])[number + 1]
        return self.data[self.frames[number] : end]

    def with_context(self, context):
        return self.splice(self.context, self.edks, len(context).to_bytes(2, "big") + context)

    def with_edks(self, edks):
        return self.splice(self.edks, self.content_type, edks)


def context(*pairs):
    texts = [text.encode() for pair in pairs for text in pair]
    return len(pairs).to_bytes(2, "big") + b"".join(len(text).to_bytes(2, "big") + text for text in texts)


def bad(plain, signed, other):
    """Name, what to expect, which key, message; `plain` and `other` are 0478, `signed` is 0578, 129 bytes each."""
    u32 = lambda number: number.to_bytes(4, "big")
    first, last = plain.frame(0), plain.frame(1)
    edk = plain.data[plain.fields[0] : plain.content_type]
    # Fields of the header, by place.
    yield "header-empty", "truncated", b""
    yield "header-version-1", "header", plain.put(0, b"\x01\x80")
    yield "header-version-3", "header", plain.put(0, b"\x03")
    yield "header-suite-0378", "header", plain.put(1, b"\x03\x78")
    yield "header-suite-unknown", "header", plain.put(1, b"\x04\x79")
    yield "header-suite-other", "header", plain.put(1, b"\x05\x78")
    yield "header-message-id", "commitment-mismatch", plain.flip(3)
    yield "context-value", "no-data-key", plain.put(plain.data.index(b"demo"), b"dema")
    yield "context-duplicate-key", "header", plain.with_context(context(("app", "demo"), ("app", "demo")))
    yield "context-trailing-byte", "header", plain.with_context(context(("app", "demo")) + b"\0")
    yield "context-not-utf8", "header", plain.put(plain.data.index(b"demo"), b"d\xffmo")
    yield "context-count-beyond", "header", plain.put(plain.context + 2, b"\x00\x09")
    yield "context-public-key-unsigned", "header", plain.with_context(context(("aws-crypto-public-key", "AAAA")))
    yield "context-no-public-key-signed", "header", signed.with_context(context(("app", "demo")))
    yield "edk-none", "header", plain.with_edks(b"\x00\x00")
    yield "edk-17", "policy", plain.with_edks(b"\x00\x11" + 17 * edk)
    yield "edk-65535", "policy", plain.put(plain.edks, b"\xff\xff")
    yield "edk-provider-id", "no-data-key", plain.flip(plain.fields[0] + 2)
    yield "edk-key-name", "no-data-key", plain.flip(plain.fields[1] + 2)
    yield "edk-iv", "no-data-key", plain.flip(plain.fields[2] - 1)
    yield "edk-ciphertext", "no-data-key", plain.flip(plain.fields[2] + 2)
    yield "edk-tag", "no-data-key", plain.flip(plain.content_type - 1)
    yield "content-type-unframed", "header", plain.put(plain.content_type, b"\x01\0\0\0\0")
    yield "content-type-3", "header", plain.put(plain.content_type, b"\x03")
    yield "frame-length-0", "header", plain.put(plain.frame_length, u32(0))
    yield "frame-length-changed", "not-authentic", plain.put(plain.frame_length, u32(129))
    yield "frame-length-above-limit", "policy", plain.put(plain.frame_length, u32((16 << 20) + 1))
    yield "frame-length-largest", "policy", plain.put(plain.frame_length, u32(0xFFFFFFFF))
    yield "commitment", "commitment-mismatch", plain.flip(plain.commitment)
    yield "header-tag", "not-authentic", plain.flip(plain.tag)
    yield "header-truncated", "truncated", plain.data[: plain.tag + 15]
    # The body.
    yield "body-missing", "truncated", plain.data[: plain.body]
    yield "frame-sequence-0", "frame-out-of-sequence", plain.put(plain.body, u32(0))
    yield "frame-sequence-skipped", "frame-out-of-sequence", plain.put(plain.body, u32(2))
    yield "frame-repeated", "frame-out-of-sequence", plain.splice(plain.body, plain.body, first)
    yield "frame-left-out", "frame-out-of-sequence", plain.splice(plain.body, plain.final, b"")
    yield "frame-iv", "not-authentic", plain.flip(plain.body + 15)
    yield "frame-ciphertext", "not-authentic", plain.flip(plain.body + 16)
    yield "frame-tag", "not-authentic", plain.flip(plain.final - 1)
    yield "frame-of-other-message", "not-authentic", plain.splice(plain.body, plain.final, other.frame(0))
    yield "frame-truncated", "truncated", plain.data[: plain.final - 1]
    yield "final-missing", "truncated", plain.data[: plain.final]
    yield "final-as-regular", "truncated", plain.splice(plain.final, plain.final + 8, u32(2))
    yield "final-sequence", "frame-out-of-sequence", plain.put(plain.final + 4, u32(3))
    yield "final-length-shorter", "trailing-bytes", plain.put(plain.final + 20, u32(0))
    yield "final-length-longer", "truncated", plain.put(plain.final + 20, u32(2))
    yield "final-length-above-frame", "frame-too-long", plain.put(plain.final + 20, u32(129))
    yield "final-ciphertext", "not-authentic", plain.flip(plain.final + 24)
    yield "final-of-other-message", "not-authentic", plain.splice(plain.final, plain.footer, other.frame(1))
    yield "final-twice", "trailing-bytes", plain.data + last
    yield "trailing-byte", "trailing-bytes", plain.data + b"\0"
    # The signature.
    yield "footer-missing", "truncated", signed.data[: signed.footer]
    yield "footer-truncated", "truncated", signed.data[:-1]
    yield "footer-length-0", "trailing-bytes", signed.put(signed.footer, b"\0\0")
    yield "footer-empty", "signature-invalid", signed.data[: signed.footer] + b"\0\0"
    yield "footer-no-der", "signature-invalid", signed.put(signed.footer + 2, b"\x31")
    yield "footer-signature", "signature-invalid", signed.flip(len(signed.data) - 1)
    yield "footer-trailing-byte", "trailing-bytes", signed.data + b"\0"
    yield "footer-on-unsigned", "trailing-bytes", plain.data + signed.data[signed.footer :]


def main():
    cache, program = sys.argv[1:]
    for directory in ("good", "bad"):
        shutil.rmtree(HERE / directory, ignore_errors=True)
    with double(program) as url:
        for sdk, by in SDKS.items():
            cases = [("local", suite, *shape) for suite in ("0478", "0578") for shape in LOCAL_SHAPES]
            cases += [(key, suite, *shape) for key in ("kms", "mrk") for suite in ("0478", "0578") for shape in KMS_SHAPES]
            for case, message in zip(cases, encrypt(cache, sdk, url, cases), strict=True):
                key, suite, length, frame = case
                key_name = "local" if key == "local" else KEYS[key]["kms"]
                fields = {
                    "expect": "success", "by": by, "key": key_name, "suite": suite, "frame-length": frame,
                    "length": length, "context": json.dumps(CONTEXT, ensure_ascii=False),
                }
                write(f"good/{sdk}-{key}-{suite}-{frame}-{length}", fields, message)
        cases = [("local", "0478", 129, 128), ("local", "0578", 129, 128), ("local", "0478", 129, 128)]
        base = [Message(data) for data in encrypt(cache, "sdk3", url, cases)]
    for name, expect, message in bad(*base):
        write(f"bad/{name}", {"expect": expect, "key": "local"}, message)


if __name__ == "__main__":
    main()
