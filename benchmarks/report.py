"""Writes docs/performance.md from what a run of the benchmarks found: nothing in it is written by hand.

python benchmarks/report.py [results.json [page.md]]
"""

from __future__ import annotations

import sys
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING

from figures import Comparison, Figure, Growth, Results

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).parent
RESULTS = HERE / "results.json"
PAGE = HERE.parent / "docs" / "performance.md"

INTRODUCTION = """# Performance

`make performance` runs the benchmarks and writes this page from what they found; nothing here is written by hand. Each
benchmark asserts first that both sides came to the same result, then takes turns with its peer in one run on one
machine. A ratio carries over to other machines better than a time does.
"""
BESIDE = """## Beside others

*times* is how often the work here fits into the time of the other: 2 is twice as fast, 0.5 half as fast.
"""
SLOWER = """## What is slower here
"""
GROWTH = """## Growth

One exploration of five indicators in a process of its own. *Memory* is what its peak adds to that of an open workspace;
the columns are the bars and the indicators as numbers.
"""
BUDGETS = """## Figures and budgets
"""


def page_of(results: Results) -> str:
    """The page as text."""
    parts = [INTRODUCTION, *_machine(results), *_beside(results), *_slower(results), *_growth(results)]
    return "\n".join([*parts, *_budgets(results)])


def seconds_of(value: float) -> str:
    """A time with three digits in a unit that suits it."""
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if value >= size:
            return f"{value / size:.3g} {unit}" if value < 1000 else f"{value:,.0f} s"
    return f"{value * 1e9:.3g} ns"


def times_of(comparison: Comparison) -> str:
    """How often the work here fits into the time of the other."""
    least = "more than " if comparison.theirs is None else ""
    return f"{least}{comparison.ratio:.0f}" if comparison.ratio >= 10 else f"{least}{comparison.ratio:.2g}"


def _table(heads: tuple[str, ...], rows: list[tuple[str, ...]]) -> list[str]:
    lines = [heads, ("---",) * len(heads), *rows]
    return ["| " + " | ".join(line) + " |" for line in lines] + [""]


def _machine(results: Results) -> list[str]:
    found = results.machine
    packages = ", ".join(f"{name} {version}" for name, version in found["packages"].items())
    peers = ", ".join(sorted({c.peer for c in results.comparisons if any(sign.isdigit() for sign in c.peer)}))
    return _table(
        ("measured on", ""),
        [
            ("machine", f"{found['processor']}, {found['cores']} cores, {found['memory_gb']} GB"),
            ("system", f"{found['system']}, Python {found['python']}"),
            ("load before the run", str(found["load_before"])),
            ("with", packages),
            ("beside", peers),
            ("command", f"`{found['command']}`"),
        ],
    )


def _beside(results: Results) -> list[str]:
    lines = [BESIDE]
    for topic, group in groupby(sorted(results.comparisons, key=attrgetter("topic")), key=attrgetter("topic")):
        rows = [
            (c.what, c.size, seconds_of(c.ours), c.peer, _theirs(c), times_of(c))
            for c in sorted(group, key=lambda c: (c.what, c.peer))
        ]
        lines += [f"### {topic}", "", *_table(("work", "size", "here", "beside", "there", "times"), rows)]
    return lines


def _theirs(comparison: Comparison) -> str:
    given_up = f"nothing after {comparison.limit:g} s" if comparison.limit else ""
    return given_up if comparison.theirs is None else seconds_of(comparison.theirs)


def _slower(results: Results) -> list[str]:
    slower = sorted((c for c in results.comparisons if c.ratio < 1), key=lambda c: c.ratio)
    missed = [(name, row.value, row.budget) for name, row in _named(results) if row.kept is False]
    if not slower and not missed:
        return [SLOWER, "Nothing that was measured.", ""]
    rows = [(c.what, c.size, c.peer, f"{1 / c.ratio:.2g} times as long") for c in slower]
    lines = [SLOWER, *(_table(("work", "size", "beside", "takes here"), rows) if rows else [])]
    if missed:
        lines += ["Budgets that are missed:", ""]
        lines += _table(("what", "measured", "budget"), missed)
    return lines


def _growth(results: Results) -> list[str]:
    if not results.growth:
        return []
    rows = [_point(point) for point in sorted(results.growth, key=lambda point: (point.what, point.n_bars))]
    return [GROWTH, *_table(("until", "bars", "time", "a bar", "memory", "of the columns"), rows)]


def _point(point: Growth) -> tuple[str, ...]:
    times = point.megabytes / point.columns_megabytes
    time, each = seconds_of(point.seconds), seconds_of(point.seconds / point.n_bars)
    return (point.what, f"{point.n_bars:,}", time, each, f"{point.megabytes:,.0f} MB", f"{times:.1f} ×")


def _budgets(results: Results) -> list[str]:
    mark = {True: "kept", False: "**missed**", None: ""}
    rows = [(_plain(row.what), row.value, row.budget, mark[row.kept]) for row in results.figures]
    return [BUDGETS, *_table(("what", "measured", "budget", ""), rows)]


def _named(results: Results) -> Iterator[tuple[str, Figure]]:
    """Each figure with its full name: one that is indented belongs to the one above it."""
    above = ""
    for row in results.figures:
        what = row.what.removeprefix("…").strip()
        is_part = what != row.what
        above = above if is_part else what
        yield (f"{above}: {what}" if is_part else what), row


def _plain(what: str) -> str:
    """What a figure says, without the indent that its table in the terminal has."""
    return f"… {what.strip()}" if what.startswith(" ") else what


def main(results: Path = RESULTS, page: Path = PAGE) -> None:
    """Write the page."""
    page.write_text(page_of(Results.read(results)).rstrip() + "\n")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
