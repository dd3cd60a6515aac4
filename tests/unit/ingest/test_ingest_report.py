"""The account of an ingest."""

import subprocess
import sys

import polars as pl
import pytest

import barscope.ingest
from barscope.errors import InvalidParameterError
from barscope.ingest import IngestReport, read_source

FRAME = pl.DataFrame(
    {
        "ts": ["2024-01-02", "2024-01-03", "2024-01-04"],
        "open": [1.0, 2.0, 3.0],
        "high": [1.0, 2.0, 1.0],
        "low": [1.0, 2.0, 3.0],
        "close": [1.0, 2.0, 3.0],
        "volume": [1, 2, 3],
        "extra": [0, 0, 0],
    }
)


@pytest.fixture
def parsed():
    """Two bars of X and a rejected row."""
    return read_source(FRAME, symbol="X")


def test_report_reads_as_sentences(parsed):
    """A report prints its counts, the reasons and the notes."""
    assert str(IngestReport.of(parsed, inserted=1, unchanged=1, replaced=0)).splitlines() == [
        "polars DataFrame: 3 rows of X: 1 inserted, 1 unchanged, 1 rejected",
        "  rejected: 1 high below low",
        "  note: columns left out: extra",
        "  note: rows are 1 day apart: read as bars of 1d (rtype 35)",
    ]
    assert repr(parsed) == "ParsedSource(polars DataFrame: 2 bars of X, 1 rejected)"


def test_every_row_is_accounted_for(parsed):
    """Counts that do not add up to the rows read are refused."""
    with pytest.raises(InvalidParameterError, match="3 rows were read, but 4 are accounted for"):
        IngestReport.of(parsed, inserted=2, unchanged=1, replaced=0)


def test_rejected_rows_are_kept(parsed):
    """The rejected rows stay in the report with number, reason and text."""
    report = IngestReport.of(parsed, inserted=2, unchanged=0, replaced=0)
    assert report.rejected_rows.rows() == [(3, "high below low", "2024-01-04,3.0,1.0,3.0,3.0,3,0")]


def test_package_is_light():
    """Importing the package loads neither polars nor pandas, and it offers exactly what it names."""
    program = "import sys, barscope.ingest; sys.exit('polars' in sys.modules or 'pandas' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
    assert all(callable(getattr(barscope.ingest, name)) for name in barscope.ingest.__all__)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = barscope.ingest.nothing
