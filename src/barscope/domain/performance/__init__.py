"""Metrics of a run: pure formulas over an equity curve and its round trips, each with its source."""

from barscope.domain.performance.summary import Summary, summarize

__all__ = ["Summary", "summarize"]
