"""Timeframes as texts, and which of them can be made of which bars."""

import pytest

from barscope.domain.periods import BarPeriod
from barscope.domain.timeframes import check_timeframe, parse_timeframe
from barscope.errors import InvalidParameterError


@pytest.mark.parametrize(("text", "label"), [
    ("5min", "5min"), ("60min", "1h"), ("3600s", "1h"), ("90min", "90min"), ("session", "1d"), ("1d", "1d"),
    ("week", "1w"), ("120s", "2min"),
])  # fmt: skip
def test_a_timeframe_has_one_spelling(text, label):
    """Two texts of one length are one timeframe."""
    assert parse_timeframe(text).label == label


@pytest.mark.parametrize("text", ["", "5", "min", "0min", "5 min", "24h", "-1h", "1mo", "5m", "९min", None, 5])
def test_what_is_no_timeframe_is_refused(text):
    """The message shows how one is written."""
    with pytest.raises(InvalidParameterError, match="write it as 30s, 5min, 1h"):
        parse_timeframe(text)


@pytest.mark.parametrize(("text", "period", "words"), [
    ("30s", BarPeriod.MINUTE, "finer than bars of 1m"),
    ("1min", BarPeriod.MINUTE, "already: leave it out"),
    ("90min", BarPeriod.HOUR, "not a multiple of bars of 1h"),
    ("1d", BarPeriod.DAY, "already: leave it out"),
])  # fmt: skip
def test_bars_cannot_be_made_shorter_or_cut_in_parts(text, period, words):
    """A timeframe is a true multiple of the bars."""
    with pytest.raises(InvalidParameterError, match=words):
        check_timeframe(parse_timeframe(text), period)


def test_a_multiple_is_fine():
    """Nothing is raised."""
    check_timeframe(parse_timeframe("90min"), BarPeriod.MINUTE)
    check_timeframe(parse_timeframe("1w"), parse_timeframe("1d"))
