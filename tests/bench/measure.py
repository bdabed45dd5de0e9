"""Runs commands and says what they cost: wall time, CPU time (user and system) and peak memory."""

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Cost:
    """What one run took, in seconds."""

    wall: float
    cpu: float


@dataclass(frozen=True)
class Case:
    """A command, and the files it makes: they are removed before each run, so that every run makes them."""

    argv: list
    makes: list = field(default_factory=list)
    env: dict = field(default_factory=dict)


def run(case):
    """Runs a case once; ends the program with the command's own words if it fails."""
    for path in case.makes:
        remove(path)
    executable = shutil.which(case.argv[0]) or sys.exit(f"error: {case.argv[0]} not found")
    with tempfile.TemporaryFile() as errors:
        actions = [
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
            (os.POSIX_SPAWN_DUP2, errors.fileno(), 2),
        ]
        begin = time.perf_counter()
        pid = os.posix_spawn(executable, case.argv, {**os.environ, **case.env}, file_actions=actions)
        _, status, usage = os.wait4(pid, 0)
        wall = time.perf_counter() - begin
        if os.waitstatus_to_exitcode(status) != 0:
            errors.seek(0)
            sys.exit(f"error: {' '.join(case.argv)}\n{errors.read().decode(errors='replace')}")
    return Cost(wall, usage.ru_utime + usage.ru_stime)


def interleaved(cases, rounds):
    """Runs the cases in turn, round after round, and returns the median cost of each by name.

    The machine's other work then meets all of them alike. The first round warms caches and is dropped.
    """
    costs = {name: [] for name in cases}
    for number in range(rounds):
        for name, case in cases.items():
            cost = run(case)
            if number > 0:
                costs[name].append(cost)
    return {
        name: Cost(statistics.median(c.wall for c in all_), statistics.median(c.cpu for c in all_))
        for name, all_ in costs.items()
    }


def peak_rss(case):
    """The peak resident set (ru_maxrss) of one run, in KiB."""
    with tempfile.NamedTemporaryFile() as report:
        run(Case(under_time(case.argv, report.name), case.makes, case.env))
        return int(report.read())


def peak_rss_of_pipe(producer, first, second, env):
    """Runs producer | first | second >/dev/null and returns the peaks of first and second, in KiB."""
    with tempfile.NamedTemporaryFile() as one, tempfile.NamedTemporaryFile() as two:
        environment = {**os.environ, **env}
        source = subprocess.Popen(producer, stdout=subprocess.PIPE)
        middle = subprocess.Popen(
            under_time(first, one.name), stdin=source.stdout, stdout=subprocess.PIPE, env=environment
        )
        source.stdout.close()
        last = subprocess.Popen(
            under_time(second, two.name), stdin=middle.stdout, stdout=subprocess.DEVNULL, env=environment
        )
        middle.stdout.close()
        for process in (last, middle, source):
            if process.wait() != 0:
                sys.exit(f"error: a stage of the pipe failed: {process.args}")
        return int(one.read()), int(two.read())


def under_time(argv, report):
    """GNU time forks from a small process. A child of this interpreter would inherit its peak."""
    time_program = shutil.which("time") or sys.exit("error: GNU time not found")
    return [time_program, "--format", "%M", "--output", report, *argv]


def remove(path):
    """Removes a file or a directory that may not be there."""
    if os.path.isdir(path):
        shutil.rmtree(path)
    elif os.path.lexists(path):
        os.remove(path)
