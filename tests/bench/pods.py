"""Pods with secrets and parameters: their objects in the double, their specifications, and what they cost."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from measure import Case

SECRETS, PARAMETERS = 47, 23
MANY = 500


class Pods:
    """A scratch directory on a tmpfs with the specifications of all pods; removed at the end."""

    def __init__(self, parent, double):
        self.path = tempfile.mkdtemp(prefix="sealkit-bench-", dir=parent)
        self.double = double
        pod = [f"pod/s{n:02}" for n in range(SECRETS)]
        parameters = [f"/pod/p{n:02}" for n in range(PARAMETERS)]
        many = [f"many/{n:03}" for n in range(MANY)]
        for name in pod:
            double.control("POST", "secrets", {"name": name, "value": "x" * 64})
        for name in many:
            double.control("POST", "secrets", {"name": name, "value": "x" * 1024})
        for name in parameters:
            double.control("POST", "parameters", {"name": name, "value": "x" * 64, "type": "SecureString"})
        self.native = self.write("pod.yaml", native(pod, parameters))
        self.csi = self.write("csi.yaml", csi(pod, parameters))
        self.many = self.write("many.yaml", native(many, []))
        self.names = self.write("names", "\n".join(pod + parameters))
        self.env = {**double.env, "HOME": self.path}

    def at(self, name):
        return os.path.join(self.path, name)

    def write(self, name, text):
        with open(self.at(name), "w", encoding="utf-8") as file:
            file.write(text)
        return self.at(name)

    def init(self, fetcher, spec, *flags):
        """A first run into an empty target."""
        target = self.at("target")
        # A container's target is a mount that is there already; `makes` empties it.
        argv = ["sh", "-c", 'mkdir -m 0700 "$1" && shift && exec "$@"', "sh", target]
        argv += [fetcher, "init", "--spec", spec, "--target", target, *flags]
        return Case(argv, [target], self.env)

    def plan(self, fetcher, spec):
        return Case([fetcher, "plan", "--spec", spec], [], self.env)

    def sequential(self, python, script):
        """The same pod by a plain script on boto3, one call after another."""
        target = self.at("boto3")
        return Case([python, script, self.names, target], [target], self.env)

    def at_rest(self, fetcher, spec, seconds):
        """The resident set of `watch` in KiB, `seconds` after it has published."""
        target = self.at("watched")
        os.mkdir(target, 0o700)
        argv = [fetcher, "watch", "--spec", spec, "--target", target, "--interval", "1h"]
        with subprocess.Popen(argv, env={**os.environ, **self.env}, stderr=subprocess.DEVNULL) as watch:
            try:
                deadline = time.monotonic() + 30
                while not os.path.exists(os.path.join(target, "..data")):
                    if watch.poll() is not None or time.monotonic() > deadline:
                        sys.exit(f"error: {' '.join(argv)} published nothing")
                    time.sleep(0.01)
                time.sleep(seconds)
                with open(f"/proc/{watch.pid}/status", encoding="utf-8") as status:
                    return next(int(line.split()[1]) for line in status if line.startswith("VmRSS:"))
            finally:
                watch.send_signal(signal.SIGTERM)
                watch.wait()
                shutil.rmtree(target)

    def close(self):
        shutil.rmtree(self.path)


def native(secrets, parameters):
    """Our own form."""
    lines = ["secrets:"]
    lines += [f"  {label(name)}: {{secret: {name}}}" for name in secrets]
    lines += [f"  {label(name)}: {{parameter: {name}}}" for name in parameters]
    return "\n".join(lines) + "\n"


def csi(secrets, parameters):
    """The CSI provider's form."""
    lines = ["region: us-east-1", "objects: |"]
    lines += [f"  - {{objectName: {name}, objectType: secretsmanager}}" for name in secrets]
    lines += [f"  - {{objectName: {name}, objectType: ssmparameter}}" for name in parameters]
    return "\n".join(lines) + "\n"


def label(name):
    return name.strip("/").replace("/", "-")
