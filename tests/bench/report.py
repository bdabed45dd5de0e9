"""Collects the measured lines and prints them, as text or as Markdown."""

import platform
import subprocess
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Line:
    """One measured figure and, where there is one, its target."""

    what: str
    value: float
    unit: str
    at_most: float = None
    at_least: float = None
    detail: str = ""

    @property
    def target(self):
        if self.at_most is not None:
            return f"≤ {self.at_most:g}"
        if self.at_least is not None:
            return f"≥ {self.at_least:g}"
        return ""

    @property
    def verdict(self):
        if self.at_most is not None:
            return "met" if self.value <= self.at_most else "missed"
        if self.at_least is not None:
            return "met" if self.value >= self.at_least else "missed"
        return ""

    def cells(self):
        return [self.what, f"{self.value:.3g} {self.unit}".strip(), self.target, self.verdict, self.detail]


@dataclass
class Report:
    """All lines of a run, printed as they come and again as a table at the end."""

    judged: bool = True
    lines: list = field(default_factory=list)

    def add(self, *args, **kwargs):
        line = Line(*args, **kwargs)
        self.lines.append(line)
        cells = line.cells() if self.judged else line.cells()[:2]
        print("  " + "  ".join(cell for cell in cells if cell), flush=True)

    @property
    def missed(self):
        return [line for line in self.lines if line.verdict == "missed"]

    def markdown(self):
        rows = [["what", "figure", "target", "", "medians"], ["---"] * 5]
        rows += [line.cells() for line in self.lines]
        return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def machine():
    """One line about where the figures come from."""
    model = "unknown processor"
    with open("/proc/cpuinfo", encoding="utf-8") as info:
        for line in info:
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
    cores = subprocess.run(["nproc"], capture_output=True, text=True, check=True).stdout.strip()
    return f"{model}, {cores} cores, Linux {platform.release()}"
