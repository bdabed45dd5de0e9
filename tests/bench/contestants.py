"""The programs that are compared, and their commands. All work in one directory on a tmpfs."""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

MIB = 1 << 20


class Work:
    """A scratch directory with keys for every contestant; removed at the end."""

    def __init__(self, parent, sealctl):
        self.path = tempfile.mkdtemp(prefix="sealkit-bench-", dir=parent)
        self.sealctl = os.path.abspath(sealctl)
        # Away from the user's own keys and configuration.
        self.env = {"XDG_DATA_HOME": self.at("data"), "XDG_CONFIG_HOME": self.at("config")}
        self.say("age-keygen", "--output", self.at("age.key"))
        self.recipient = self.say("age-keygen", "-y", self.at("age.key")).strip()
        self.say(self.sealctl, "keygen", "bench")

    def at(self, name):
        return os.path.join(self.path, name)

    def say(self, *argv):
        """Runs a command that must succeed and returns what it printed."""
        done = subprocess.run(argv, capture_output=True, text=True, env={**os.environ, **self.env}, check=False)
        if done.returncode != 0:
            sys.exit(f"error: {' '.join(argv)}\n{done.stderr}")
        return done.stdout

    def fill(self, name, size):
        """Makes a file of random bytes and returns its path."""
        with open(self.at(name), "wb") as file:
            for offset in range(0, size, MIB):
                file.write(os.urandom(min(MIB, size - offset)))
        return self.at(name)

    def seal(self, source, target, *flags, key="local:bench"):
        return [self.sealctl, "encrypt", "--quiet", "--key", key, *flags, "-o", target, source]

    def open(self, source, target, *flags):
        return [self.sealctl, "decrypt", "--quiet", *flags, "-o", target, source]

    def age(self, source, target):
        return ["age", "--encrypt", "--recipient", self.recipient, "--output", target, source]

    def age_open(self, source, target):
        return ["age", "--decrypt", "--identity", self.at("age.key"), "--output", target, source]

    def frame_length(self):
        """The frame length that sealctl chooses by default, by its own word."""
        self.fill("frame", 1)
        self.say(*self.seal(self.at("frame"), self.at("frame.sealed")))
        return json.loads(self.say(self.sealctl, "inspect", "--json", self.at("frame.sealed")))["frame_length"]

    def close(self):
        shutil.rmtree(self.path)


def openssl_speed(algorithm, block, seconds):
    """What one core does by OpenSSL, in bytes a second of CPU time."""
    argv = ["openssl", "speed", "-mr", "-seconds", str(seconds), "-bytes", str(block), "-evp", algorithm]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    found = re.search(r"^\+F:\d+:[^:]+:([\d.]+)$", done.stdout, re.MULTILINE)
    if done.returncode != 0 or not found:
        sys.exit(f"error: {' '.join(argv)}\n{done.stdout}{done.stderr}")
    return float(found.group(1))
