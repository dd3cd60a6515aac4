"""docs/performance.md is what the benchmarks found, the bad with the good."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def report(monkeypatch):
    """The module that writes the page; it imports the one beside it by name."""
    monkeypatch.syspath_prepend(BENCHMARKS)
    import report

    yield report
    for name in ("report", "figures"):
        del sys.modules[name]


def test_the_page_is_made_from_the_results(report):
    """Nobody has edited the page by hand, or forgotten to make it anew."""
    results = report.Results.read(report.RESULTS)
    assert report.PAGE.read_text() == report.page_of(results).rstrip() + "\n"


def compared(report, ours, theirs):
    """The results of one comparison and one figure that misses its budget."""
    comparison = report.Comparison("Topic", "stream", "9 bars", "peer 1", ours, theirs, limit=60)
    figure = sys.modules["figures"].Figure("figure", "3 s", "2 s", kept=False)
    return report.Results([figure], [comparison])


@pytest.mark.parametrize(("ours", "theirs", "said"), [(2.0, 0.5, True), (0.5, 2.0, False), (2.0, None, False)])
def test_what_is_slower_here_is_said(report, ours, theirs, said):
    """A peer that is faster and a budget that is missed stand under their own heading; others do not."""
    text = report.page_of(compared(report, ours, theirs))
    slower = text.partition("## What is slower here")[2].partition("\n## ")[0]
    assert ("| stream | 9 bars | peer 1 | 4 times as long |" in slower) == said
    assert "| figure | 3 s | 2 s |" in slower


def test_a_peer_that_gave_up_is_told_as_such(report):
    """Where the other came to no end, the page says after which time, and a bound in place of a ratio."""
    text = report.page_of(compared(report, 2.0, None))
    assert "| stream | 9 bars | 2 s | peer 1 | nothing after 60 s | more than 30 |" in text


@pytest.mark.parametrize(
    ("seconds", "said"), [(2.0, "2 s"), (1234.0, "1,234 s"), (0.0421, "42.1 ms"), (1.5e-6, "1.5 µs"), (2.5e-8, "25 ns")]
)
def test_times_have_a_unit_that_suits_them(report, seconds, said):
    """From nanoseconds to hours, three digits are enough."""
    assert report.seconds_of(seconds) == said
