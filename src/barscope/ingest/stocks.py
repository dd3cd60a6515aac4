"""Real prices to start with."""

from __future__ import annotations

from pathlib import Path

from barscope.domain.batches import BarBatch
from barscope.domain.instruments import PublisherName
from barscope.ingest.source import read_source

STOCKS_PUBLISHER = PublisherName("Quandl WIKI", "WIKI.PRICES")


def sample_stocks() -> tuple[BarBatch, ...]:
    """Daily bars of AAPL, FB, GOOG, IBM and MSFT, 2000-03-01 to 2013-03-01, as traded: splits are visible.

    The time of a bar is 00:00 UTC of its date.

    Source: Quandl WIKI Prices, public domain, as shipped in the package bokeh_sampledata 2026.1.
    """
    return read_source(Path(__file__).parent / "samples" / "stocks.csv.gz", rtype=35, strict=True).batches
