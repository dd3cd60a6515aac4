"""The data-quality report over real prices: two splits of Apple, one of Microsoft, nothing missing."""

import numpy as np
import pandas as pd
import pytest

import barscope as bs
from barscope.errors import InvalidParameterError
from barscope.studies.request import BarChoice
from barscope.workspace.quality import enqueue_quality


@pytest.fixture(scope="module")
def samples(tmp_path_factory):
    """A workspace with the sample bars, shared by tests that only read."""
    with bs.Workspace(tmp_path_factory.mktemp("quality"), workers=1) as ws:
        ws.load_samples()
        yield ws


def report(ws, symbols, rtype=35, publisher_id=1):
    """The report on some symbols."""
    choice = BarChoice(symbols=symbols, rtype=rtype, publisher_id=publisher_id)
    return enqueue_quality(ws, choice).result(60)


def test_the_splits_of_the_sample_stocks_are_found_and_nothing_else_is_wrong(samples):
    """Apple has two and its crash of September 2000, Microsoft one, IBM nothing at all."""
    found = report(samples, ("AAPL", "MSFT", "IBM"))
    frame = found.frame()
    splits = frame[frame["kind"] == "probable split"]
    assert [(row.symbol, str(row.start.date())) for row in splits.itertuples()] == [
        ("AAPL", "2000-06-21"),
        ("AAPL", "2005-02-28"),
        ("MSFT", "2003-02-18"),
    ]
    assert [str(row.start.date()) for row in frame[frame["kind"] == "outlier"].itertuples()] == ["2000-09-29"]
    summary = found.summary()
    assert summary["complete"].tolist() == [1.0, 1.0, 1.0]
    assert summary["calendar"].tolist() == ["XNYS"] * 3
    assert summary.loc["IBM", list(frame["kind"].unique())].sum() == 0


def test_examining_changes_nothing(samples):
    """The database has the same rows and the same state before and after."""
    before = samples.secmaster.change_token()
    report(samples, ("AAPL",))
    assert samples.secmaster.change_token() == before


def test_one_file_under_two_names_is_told(tmp_path):
    """The very same bars of two symbols; a publisher without a calendar says so."""
    days = pd.bdate_range("2024-01-01", periods=30)
    close = 100 + np.arange(30.0)
    frame = pd.DataFrame({"open": close, "high": close, "low": close, "close": close, "volume": 5}, index=days)
    frame.index.name = "ts"
    with bs.Workspace(tmp_path, workers=1) as ws:
        for symbol in ("ONE", "TWO"):
            ws.ingest(frame.reset_index(), symbol=symbol, rtype=35)
        ws.ingest(frame.iloc[:20].reset_index(), symbol="THREE", rtype=35)
        summary = report(ws, ("ONE", "THREE", "TWO")).summary()
    assert summary["same bars as"].to_dict() == {"ONE": "TWO", "THREE": "", "TWO": "ONE"}
    assert "set_calendar" in summary.loc["ONE", "calendar"]
    assert summary["complete"].isna().all()


def test_only_stored_bars_are_examined(samples):
    """A session filter would hide what is outside of it."""
    choice = BarChoice(symbols=("SYN-A",), rtype=33, publisher_id=2, hours="regular")
    with pytest.raises(InvalidParameterError, match="as they are stored"):
        enqueue_quality(samples, choice).result(60)
