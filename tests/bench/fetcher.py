#!/usr/bin/env python3
"""Measures seal-fetcher beside a plain script on boto3, in one run on one machine. See docs/performance.md.

All calls go to the AWS double over HTTP on loopback, which delays each answer; TLS is not in the figures.
"""

import argparse
import contextlib
import os
import sys

from double import Double
from measure import interleaved, peak_rss, run
from pods import MANY, PARAMETERS, SECRETS, Pods
from report import Report, machine

# Of the binary, in bytes and MiB.
MIB = 1 << 20


def options():
    cache = os.environ.get("SEALKIT_CACHE", os.path.join(os.path.expanduser("~"), ".cache", "sealkit"))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fetcher", default="target/release/seal-fetcher", help="the binary [%(default)s]")
    parser.add_argument("--fetcher-without-kube", metavar="PATH", help="measured by its size only")
    parser.add_argument("--double", default="target/debug/sealkit-aws-double", metavar="PATH", help="[%(default)s]")
    parser.add_argument("--python", default=f"{cache}/venv-sdk3/bin/python", metavar="PATH", help="one with boto3")
    parser.add_argument("--tmpfs", default="/dev/shm", metavar="DIR", help="where targets lie [%(default)s]")
    parser.add_argument("--latency", type=int, default=40, metavar="MS", help="of each call [%(default)s]")
    parser.add_argument("--rounds", type=int, default=12, help="the first is dropped [%(default)s]")
    parser.add_argument("--smoke", action="store_true", help="short: it runs, its figures mean nothing")
    parser.add_argument("--markdown", action="store_true", help="print the table for docs/performance.md")
    chosen = parser.parse_args()
    chosen.fetcher = os.path.abspath(chosen.fetcher)
    chosen.rest = 5
    if chosen.smoke:
        chosen.rounds, chosen.rest = 2, 1
    return chosen


def wall(pods, report, chosen):
    """A pod that starts, by batch and one by one, and 500 secrets by batch, beside the script."""
    script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "sequential.py")
    batch = pods.init(chosen.fetcher, pods.native)
    singles = pods.init(chosen.fetcher, pods.csi)
    many = pods.init(chosen.fetcher, pods.many)
    calls = {}
    for name, case in (("batch", batch), ("singles", singles), ("many", many)):
        pods.double.calls()
        run(case)
        calls[name] = pods.double.calls()
    median = interleaved({"batch": batch, "singles": singles, "many": many}, chosen.rounds)
    theirs = interleaved({"boto3": pods.sequential(chosen.python, script)}, min(chosen.rounds, 4))["boto3"]
    objects = SECRETS + PARAMETERS
    for name, text in (("batch", "by batch"), ("singles", "one by one, as for specifications from elsewhere")):
        ours = median[name].wall * 1000
        report.add(f"a pod of {objects} objects, {text}", ours, "ms", at_most=150,
                   detail=f"{calls[name]} calls of {chosen.latency} ms, CPU {median[name].cpu * 1000:.0f} ms")
        report.add("beside boto3, one after another", theirs.wall * 1000 / ours, "x",
                   detail=f"{theirs.wall:.2f} s, CPU {theirs.cpu * 1000:.0f} ms")
    report.add(f"{MANY} secrets by batch", median["many"].wall * 1000, "ms", at_most=300,
               detail=f"CPU {median['many'].cpu * 1000:.0f} ms")
    report.add("their calls", calls["many"], "", at_most=25)


def footprint(pods, report, chosen):
    """CPU time of `plan`, peak memory, memory at rest, and the binary."""
    median = interleaved({"plan": pods.plan(chosen.fetcher, pods.csi)}, chosen.rounds)["plan"]
    report.add("plan: user and system CPU", median.cpu * 1000, "ms", at_most=25, detail=f"{median.wall * 1000:.0f} ms")
    peak = peak_rss(pods.init(chosen.fetcher, pods.many))
    report.add(f"init: peak memory, {MANY} secrets of 1 KiB", peak / 1024, "MiB", at_most=24)
    rest = pods.at_rest(chosen.fetcher, pods.csi, chosen.rest)
    report.add("watch: memory at rest", rest / 1024, "MiB", at_most=14)
    for path, what, limit in (
        (chosen.fetcher, "binary", 20),
        (chosen.fetcher_without_kube, "binary without kube", 15),
    ):
        if path:
            report.add(what, os.path.getsize(path) / MIB, "MiB", at_most=limit)


def main():
    chosen = options()
    report = Report(judged=not chosen.smoke)
    print(machine())
    with contextlib.ExitStack() as stack:
        double = Double(chosen.double, "--latency", str(chosen.latency))
        stack.callback(double.close)
        pods = Pods(chosen.tmpfs, double)
        stack.callback(pods.close)
        wall(pods, report, chosen)
        footprint(pods, report, chosen)
    if chosen.markdown:
        print(f"\n{report.markdown()}")
    if not chosen.smoke:
        for line in report.missed:
            print(f"missed: {line.what}: {line.value:.3g} {line.unit}, target {line.target}", file=sys.stderr)
        sys.exit(1 if report.missed else 0)


if __name__ == "__main__":
    main()
