"""What is measured: one function a part, each adding its lines to the report."""

import os
import subprocess
import sys

from contestants import MIB, openssl_speed
from measure import Case, interleaved, peak_rss, peak_rss_of_pipe, run


def throughput(work, report, options, kms):
    """One large file, file to file, both directions, beside every contestant."""
    size, frame = options.size, work.frame_length()
    source = work.fill("plain", size)
    sealed = {name: work.at(f"plain.{name}") for name in ("ours", "signed", "age", "aws")}
    # One place for all that is opened or copied, so that the tmpfs holds no more than it must.
    target = work.at("target")

    def aws_cli(direction, source_, target_):
        return [options.aws_encryption_cli, direction, "-i", source_, "-o", target_, "-w", f"key={kms.arn}",
                "-S", "-c", "app=bench"]

    seals = {
        "seal": Case(work.seal(source, sealed["ours"]), [sealed["ours"]], work.env),
        "seal signed": Case(work.seal(source, sealed["signed"], "--sign"), [sealed["signed"]], work.env),
        "age seal": Case(work.age(source, sealed["age"]), [sealed["age"]]),
        "aws seal": Case(aws_cli("-e", source, sealed["aws"]), [sealed["aws"]], kms.env),
    }
    opens = {
        "open": Case(work.open(sealed["ours"], target), [target], work.env),
        "open signed": Case(work.open(sealed["signed"], target), [target], work.env),
        "age open": Case(work.age_open(sealed["age"], target), [target]),
        "aws open": Case(aws_cli("-d", sealed["aws"], target), [target], kms.env),
    }
    for case in seals.values():
        run(case)
    for case in opens.values():
        run(case)
        same(source, target)

    gcm, sha = (openssl_speed(name, frame, 1) for name in ("aes-256-gcm", "sha384"))
    copy = {"cp": Case(["cp", source, target], [target])}
    median = interleaved({**copy, **seals, **opens}, options.rounds)

    gcm_seconds = size / gcm
    budget = gcm_seconds + median["cp"].cpu
    for direction, factor in (("seal", 2.5), ("open", 4)):
        ours, age, theirs = (median[prefix + direction] for prefix in ("", "age ", "aws "))
        report.add(f"{direction}: wall time / cp", ours.wall / median["cp"].wall, "x", at_most=1.25,
                   detail=f"{ours.wall:.3f} s / {median['cp'].wall:.3f} s")
        report.add(f"{direction}: CPU time / (openssl AES-256-GCM + cp)", ours.cpu / budget, "x", at_most=1.5,
                   detail=f"{ours.cpu:.3f} s / ({gcm_seconds:.3f} s + {median['cp'].cpu:.3f} s)")
        report.add(f"{direction}: speed beside age", age.wall / ours.wall, "x", at_least=factor,
                   detail=f"{ours.wall:.3f} s, age {age.wall:.3f} s, its CPU {age.cpu:.3f} s")
        report.add(f"{direction}: speed beside aws-encryption-cli", theirs.wall / ours.wall, "x", at_least=20,
                   detail=f"{ours.wall:.3f} s, aws-encryption-cli {theirs.wall:.2f} s")
        signed = median[f"{direction} signed"]
        report.add(f"{direction}, signed: throughput / openssl SHA-384", size / signed.wall / sha, "x", at_least=0.9,
                   detail=f"{size / signed.wall / MIB:.0f} MiB/s / {sha / MIB:.0f} MiB/s")


def memory(work, report, options, kms):
    """Peak resident set, small and large, file to file and through pipes, local and KMS."""
    keys = (("local key", "local:bench", work.env, 24), ("KMS", kms.arn, {**work.env, **kms.env}, 48))
    for label, key, env, limit in keys:
        unwrap = () if key.startswith("local:") else ("--key", key)
        for size in (MIB, options.size):
            source, sealed, opened = work.fill("plain", size), work.at("plain.sealed"), work.at("target")
            seal = peak_rss(Case(work.seal(source, sealed, key=key), [sealed], env))
            unseal = peak_rss(Case(work.open(sealed, opened, *unwrap), [opened], env))
            add_peaks(report, f"{mib(size)} file to file, {label}", seal, unseal, limit)
        zeros = ["head", "-c", str(options.pipe_size), "/dev/zero"]
        seal, unseal = peak_rss_of_pipe(
            zeros,
            [work.sealctl, "encrypt", "--quiet", "--key", key],
            [work.sealctl, "decrypt", "--quiet", *unwrap],
            env,
        )
        add_peaks(report, f"{mib(options.pipe_size)} through pipes, {label}", seal, unseal, limit)


def cold(work, report, options, _kms):
    """From nothing to done on a tiny file: what a script pays for every call."""
    source = work.fill("tiny", 100)
    sealed = {name: work.at(f"tiny.{name}") for name in ("ours", "age")}
    opened = work.at("tiny.opened")
    median = interleaved(
        {
            "seal": Case(work.seal(source, sealed["ours"]), [sealed["ours"]], work.env),
            "open": Case(work.open(sealed["ours"], opened), [opened], work.env),
            "age seal": Case(work.age(source, sealed["age"]), [sealed["age"]]),
            "age open": Case(work.age_open(sealed["age"], opened), [opened]),
        },
        options.cold_rounds,
    )
    for direction in ("seal", "open"):
        ours, age = median[direction], median[f"age {direction}"]
        report.add(f"{direction} 100 bytes from a cold start: wall time / age", ours.wall / age.wall, "x", at_most=1,
                   detail=f"{ours.wall * 1e3:.1f} ms / {age.wall * 1e3:.1f} ms")


def batch(work, report, options, kms):
    """Many small files under one key and context, beside one aws-encryption-cli run a file."""
    env = {**work.env, **kms.env}
    os.makedirs(work.at("many"))
    for number in range(options.batch):
        work.fill(f"many/{number:04}", 1024)

    def all_at_once(verb, source, target):
        kms.calls()
        argv = [work.sealctl, verb, "--quiet", "--key", kms.arn, "--context", "app=bench"]
        wall = run(Case([*argv, "-o", work.at(target), work.at(source)], [work.at(target)], env)).wall
        return wall, kms.calls()

    def one_by_one(flag, source, target):
        taken = 0.0
        for number in range(options.batch_sample):
            argv = [options.aws_encryption_cli, flag, "-i", work.at(source(number)), "-o", work.at(target(number)),
                    "-w", f"key={kms.arn}", "-S", "-c", "app=bench"]
            taken += run(Case(argv, [work.at(target(number))], kms.env)).wall
        return taken / options.batch_sample * options.batch

    ours = {
        "seal": all_at_once("encrypt", "many", "many.sealed"),
        "open": all_at_once("decrypt", "many.sealed", "many.opened"),
    }
    subprocess.run(["diff", "-r", work.at("many"), work.at("many.opened")], check=True)
    theirs = {
        "seal": one_by_one("-e", "many/{:04}".format, "sample.{}".format),
        "open": one_by_one("-d", "sample.{}".format, "sample.opened.{}".format),
    }
    for direction, (wall, calls) in ours.items():
        what = f"{direction} {options.batch} files of 1 KiB through KMS"
        report.add(f"{what}: calls", calls, "", at_most=1)
        report.add(f"{what}: speed beside as many runs of aws-encryption-cli", theirs[direction] / wall, "x",
                   detail=f"{wall:.2f} s, aws-encryption-cli {theirs[direction]:.0f} s (from {options.batch_sample})")


def add_peaks(report, what, seal, unseal, limit):
    report.add(f"peak memory, seal {what}", seal / 1024, "MiB", at_most=limit)
    report.add(f"peak memory, open {what}", unseal / 1024, "MiB", at_most=limit)


def same(one, other):
    if subprocess.run(["cmp", one, other], check=False).returncode != 0:
        sys.exit(f"error: {other} is not what was encrypted")


def mib(size):
    return f"{size // (1024 * MIB)} GiB" if size >= 1024 * MIB else f"{size // MIB} MiB"
