"""Times of columns: clocks of zones, epochs and types."""

import datetime as dt

import polars as pl
import pytest

from barscope.errors import DataError, InvalidParameterError
from barscope.ingest.rows import Reason
from barscope.ingest.times import read_times

NEW_YORK = "America/New_York"


def ns(text):
    """Nanoseconds of an ISO text with offset."""
    moment = dt.datetime.fromisoformat(text)
    return int((moment - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)) / dt.timedelta(microseconds=1)) * 1000


def test_naive_times_are_utc_unless_told():
    """A time without an offset is UTC, or on the clock of the zone that is told."""
    column = pl.Series(["2024-01-02 09:30", "2024-07-02 09:30"])
    assert read_times(column).ns.tolist() == [ns("2024-01-02T09:30+00:00"), ns("2024-07-02T09:30+00:00")]
    told = read_times(column, time_zone=NEW_YORK)
    assert told.ns.tolist() == [ns("2024-01-02T09:30-05:00"), ns("2024-07-02T09:30-04:00")]


@pytest.mark.parametrize("kind", [pl.String, pl.Datetime("us"), pl.Datetime("ms"), pl.Datetime("ns")])
def test_clock_times_that_summer_time_makes_unclear(kind):
    """A local time that happened twice or never is rejected with its reason; its neighbours are read."""
    column = pl.Series(["2024-03-10 02:30:00", "2024-11-03 01:30:00", "2024-11-03 03:00:00", None])
    column = column if kind == pl.String else column.str.to_datetime().cast(kind)
    read = read_times(column, time_zone=NEW_YORK)
    reasons = [Reason.NONEXISTENT_LOCAL_TIME, Reason.AMBIGUOUS_LOCAL_TIME, 0, Reason.MISSING_TIME]
    assert read.reason.tolist() == reasons
    assert read.ns[2] == ns("2024-11-03T03:00-05:00")


def test_offsets_win_over_the_zone_told():
    """A text with an offset means what it says, whatever zone is told, and forms may be mixed."""
    column = pl.Series(
        ["2024-01-02T09:30:00+01:00", "2024-01-02 09:30:00 -0500", "2024-01-02T09:30:00Z", "2024-01-02 09:30:00+02"]
    )
    read = read_times(column, time_zone="Asia/Tokyo")
    texts = ("09:30+01:00", "09:30-05:00", "09:30+00:00", "09:30+02:00")
    assert read.ns.tolist() == [ns(f"2024-01-02T{text}") for text in texts]
    assert not read.reason.any()


def test_nanoseconds_survive():
    """All nine digits of a fraction are kept."""
    read = read_times(pl.Series(["2024-01-02T09:30:00.123456789", "2024-01-02T09:30:00"]))
    assert read.ns.tolist() == [ns("2024-01-02T09:30+00:00") + 123_456_789, ns("2024-01-02T09:30+00:00")]


@pytest.mark.parametrize(("unit", "scale"), [("s", 1), ("ms", 10**3), ("us", 10**6), ("ns", 10**9)])
@pytest.mark.parametrize("dtype", [pl.Int64, pl.String, pl.Float64])
def test_epoch_unit_is_detected(unit, scale, dtype):
    """The unit of epoch numbers is told from their size, in every type, and noted."""
    seconds = [31_536_000, 1_704_153_600, 7_258_118_000]
    read = read_times(pl.Series([second * scale for second in seconds]).cast(dtype))
    assert read.ns.tolist() == [second * 10**9 for second in seconds]
    names = {"s": "seconds", "ms": "milliseconds", "us": "microseconds", "ns": "nanoseconds"}
    assert read.note == f"times read as epoch {names[unit]}"


@pytest.mark.parametrize("values", [[1_704_153_600, 8_704_153_600], [0, 1_704_153_600], [-5, 1_704_153_600], [99]])
def test_epochs_of_no_single_unit(values):
    """Epoch numbers that are not all plausible in one unit are refused with the remedy, and read once it is told."""
    with pytest.raises(DataError, match="pass ts_unit='s'"):
        read_times(pl.Series(values))
    assert read_times(pl.Series(values), ts_unit="s").ns.tolist() == [value * 10**9 for value in values]


def test_epoch_outside_of_nanoseconds():
    """An epoch number that nanoseconds cannot hold is rejected, not wrapped round."""
    read = read_times(pl.Series([10**10, 1_704_153_600, None]), ts_unit="s")
    assert read.reason.tolist() == [Reason.TIME_OUT_OF_RANGE, 0, Reason.MISSING_TIME]


def test_epoch_column_with_odd_values():
    """In a column of epoch numbers a fraction, a word and an empty field are rejected."""
    read = read_times(pl.Series(["1704153600", "1704153601", "1704153602.5", "soon", "", "1704153603.0"]))
    bad = [Reason.UNPARSEABLE_TIME, Reason.UNPARSEABLE_TIME, Reason.MISSING_TIME]
    assert read.reason.tolist() == [0, 0, *bad, 0]


def test_compact_dates_are_no_epoch():
    """Numbers written YYYYMMDD are dates, and a day that does not exist is rejected."""
    read = read_times(pl.Series([20240102, 20240230]))
    assert (read.ns[0], read.reason.tolist()) == (ns("2024-01-02T00:00+00:00"), [0, Reason.UNPARSEABLE_TIME])
    assert read.note == "times read as dates written YYYYMMDD"


def test_types():
    """Dates and datetimes with a zone are read by what they mean; a truth value is no time."""
    assert read_times(pl.Series([dt.date(2024, 1, 2)])).ns.tolist() == [ns("2024-01-02T00:00+00:00")]
    assert read_times(pl.Series([dt.date(2024, 1, 2)]), time_zone=NEW_YORK).ns.tolist() == [
        ns("2024-01-02T00:00-05:00")
    ]
    aware = pl.Series(["2024-01-02 09:30:00"]).str.to_datetime().dt.replace_time_zone(NEW_YORK)
    assert read_times(aware, time_zone="Asia/Tokyo").ns.tolist() == [ns("2024-01-02T09:30-05:00")]
    far = pl.Series([dt.datetime(1200, 1, 1), dt.datetime(2024, 1, 2), dt.datetime(9000, 1, 1)])
    assert read_times(far).reason.tolist() == [Reason.TIME_OUT_OF_RANGE, 0, Reason.TIME_OUT_OF_RANGE]
    with pytest.raises(DataError, match="is of type Boolean"):
        read_times(pl.Series("Date", [True]))


@pytest.mark.parametrize("zone", ["", "Nowhere", "/etc/localtime", None])
def test_unknown_zone(zone):
    """A zone that does not exist is refused with an example."""
    with pytest.raises(InvalidParameterError, match="use an IANA name"):
        read_times(pl.Series(["2024-01-02"]), time_zone=zone)
