#!/usr/bin/env python3
"""Measures sealctl beside age, OpenSSL, cp and aws-encryption-cli, in one run on one machine.

All programs work on one tmpfs and take turns; figures are ratios of medians. See docs/performance.md.
"""

import argparse
import contextlib
import os
import sys

import stories
from contestants import MIB, Work
from kms import Kms
from report import Report, machine

PARTS = {
    "throughput": stories.throughput,
    "memory": stories.memory,
    "cold": stories.cold,
    "batch": stories.batch,
}


def options():
    cache = os.environ.get("SEALKIT_CACHE", os.path.join(os.path.expanduser("~"), ".cache", "sealkit"))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"what to measure: {', '.join(PARTS)} [all]")
    parser.add_argument("--sealctl", default="target/release/sealctl", help="the binary [%(default)s]")
    parser.add_argument("--aws-encryption-cli", default=f"{cache}/venv-sdk3/bin/aws-encryption-cli", metavar="PATH")
    parser.add_argument("--kms-double", default="target/debug/sealkit-aws-double", metavar="PATH", help="[%(default)s]")
    parser.add_argument("--tmpfs", default="/dev/shm", metavar="DIR", help="where all files lie [%(default)s]")
    parser.add_argument("--rounds", type=int, default=8, help="the first is dropped [%(default)s]")
    parser.add_argument("--size", type=int, default=1024, metavar="MIB", help="of the large file [%(default)s]")
    parser.add_argument("--smoke", action="store_true", help="small and short: it runs, its figures mean nothing")
    parser.add_argument("--markdown", action="store_true", help="print the table for docs/performance.md")
    chosen = parser.parse_args()
    unknown = set(chosen.parts) - set(PARTS)
    if unknown:
        parser.error(f"no such part: {', '.join(sorted(unknown))}")

    chosen.size *= MIB
    chosen.pipe_size, chosen.cold_rounds, chosen.batch, chosen.batch_sample = 10 << 30, 51, 1000, 20
    if chosen.smoke:
        chosen.size, chosen.rounds = 8 * MIB, 2
        chosen.pipe_size, chosen.cold_rounds, chosen.batch, chosen.batch_sample = 64 * MIB, 5, 50, 2
    return chosen


def main():
    chosen = options()
    os.environ["LC_ALL"] = "C"
    report = Report(judged=not chosen.smoke)
    print(machine())
    with contextlib.ExitStack() as stack:
        work = Work(chosen.tmpfs, chosen.sealctl)
        stack.callback(work.close)
        kms = Kms(chosen.kms_double)
        stack.callback(kms.close)
        for part in chosen.parts or PARTS:
            print(part)
            PARTS[part](work, report, chosen, kms)
    if chosen.markdown:
        print(f"\n{report.markdown()}")
    if not chosen.smoke:
        for line in report.missed:
            print(f"missed: {line.what}: {line.value:.3g} {line.unit}, target {line.target}", file=sys.stderr)
        sys.exit(1 if report.missed else 0)


if __name__ == "__main__":
    main()
