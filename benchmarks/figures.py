"""What benchmarks found, as plain values: figures for the table, comparisons with peers, points of growth curves."""

from __future__ import annotations

import json
import os
import platform
import sys
from dataclasses import asdict, dataclass, field
from importlib import metadata
from pathlib import Path

PACKAGES = ("barscope", "numpy", "pandas", "polars", "ta-lib", "apsw", "plotly", "jupyterlab")


@dataclass(frozen=True)
class Figure:
    """A value with its unit, and the budget it is held against."""

    what: str
    value: str
    budget: str = ""
    kept: bool | None = None


@dataclass(frozen=True)
class Comparison:
    """The same work here and by a peer, in one run; both results were equal.

    Attributes:
        topic: The heading it stands under.
        what: The work.
        size: How much of it, for a person.
        peer: Who else did it, with its version.
        ours: Seconds here.
        theirs: Seconds there; None where it was given up.
        limit: The seconds after which it was given up.
    """

    topic: str
    what: str
    size: str
    peer: str
    ours: float
    theirs: float | None
    limit: float | None = None

    @property
    def ratio(self) -> float:
        """How many times as long the peer takes, at least."""
        return (self.limit if self.theirs is None else self.theirs) / self.ours


@dataclass(frozen=True)
class Growth:
    """What some work takes at a size: seconds, and the memory it adds at its peak."""

    what: str
    n_bars: int
    seconds: float
    megabytes: float
    columns_megabytes: float


@dataclass
class Results:
    """Everything that one run of the benchmarks found, with the machine it ran on."""

    figures: list[Figure] = field(default_factory=list)
    comparisons: list[Comparison] = field(default_factory=list)
    growth: list[Growth] = field(default_factory=list)
    machine: dict[str, object] = field(default_factory=lambda: machine())

    def write(self, path: Path) -> None:
        """Write it as JSON."""
        path.write_text(json.dumps(asdict(self), indent=1, ensure_ascii=False) + "\n")

    @classmethod
    def read(cls, path: Path) -> Results:
        """What was written."""
        found = json.loads(path.read_text())
        return cls(
            [Figure(**row) for row in found["figures"]],
            [Comparison(**row) for row in found["comparisons"]],
            [Growth(**row) for row in found["growth"]],
            found["machine"],
        )


def machine() -> dict[str, object]:
    """This machine, how busy it is, and the versions of what the work is done with."""
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30),
        "system": platform.system(),
        "python": platform.python_version(),
        "load_before": round(os.getloadavg()[0], 2),
        "command": " ".join(["pytest", *sys.argv[1:]]),
        "packages": {name: metadata.version(name) for name in PACKAGES},
    }


def _processor() -> str:
    """The name of the processor; the file is Linux's own."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())
