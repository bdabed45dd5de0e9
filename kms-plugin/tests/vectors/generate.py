#!/usr/bin/env python3
"""Writes local_kek.json by an implementation of its own, from docs/kms-plugin.md and the package `cryptography`.

Usage: generate.py > local_kek.json. Nothing in it is random: a run gives the same file.
"""

import hashlib
import json
import struct

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEK = bytes(range(32))
NONCE = bytes(range(0xA0, 0xAC))
WRAPPED = b"\x01\x02\x02\x00" + bytes(i % 251 for i in range(180))
SEED = bytes(range(0x40, 0x60))


def vector(name, api, wrapped, plaintext):
    kek_id = hashlib.sha256(wrapped).digest()[:16]
    if api == "v1":
        head = b"SLKK\x01" + struct.pack(">H", len(wrapped)) + wrapped
        aad = head
    else:
        head = b"SLKK\x02" + kek_id
        aad = head + wrapped
    fields = {
        "kek": KEK,
        "wrapped_kek": wrapped,
        "kek_id": kek_id,
        "nonce": NONCE,
        "plaintext": plaintext,
        "ciphertext": head + NONCE + AESGCM(KEK).encrypt(NONCE, plaintext, aad),
    }
    return {"name": name, "api": api} | {key: value.hex() for key, value in fields.items()}


VECTORS = [
    vector("a DEK of 32 bytes", "v1", WRAPPED, SEED),
    vector("the ping of the v1 health check", "v1", WRAPPED, b"ping"),
    vector("one byte under a wrapped KEK of one byte", "v1", b"\x01", b"x"),
    vector("a seed of 32 bytes", "v2", WRAPPED, SEED),
    vector("one byte under a wrapped KEK of one byte", "v2", b"\x01", b"x"),
    vector("the longest plaintext", "v2", WRAPPED, bytes(i % 251 for i in range(975))),
]
print(json.dumps(VECTORS, indent=1))
