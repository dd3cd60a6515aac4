"""Exchange-local time of bars."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from barscope.charts.clock import local_ns, moment_text
from barscope.domain.periods import BarPeriod

ZONES = ["UTC", "America/New_York", "Europe/London", "Asia/Kolkata", "Australia/Sydney", "America/Sao_Paulo"]


def reference(ts: int, zone: str) -> int:
    """Local time of one instant, by the standard library."""
    moment = datetime.fromtimestamp(ts // 10**9, UTC).astimezone(ZoneInfo(zone))
    return ts + int(moment.utcoffset().total_seconds()) * 10**9


@given(st.lists(st.integers(-(10**9), 2 * 10**9), min_size=1, max_size=30, unique=True), st.sampled_from(ZONES))
def test_local_time_is_that_of_the_zone_database(seconds, zone):
    """Every bar from 1938 to 2033 gets the offset that held at its instant."""
    ts = np.sort(np.array(seconds, np.int64)) * 10**9
    assert local_ns(ts, zone, BarPeriod.MINUTE).tolist() == [reference(int(t), zone) for t in ts]


def test_offset_changes_at_the_very_second():
    """The minute before the change to summer time and the minute of it differ by an hour and a minute."""
    change = int(datetime(2024, 3, 10, 7, 0, tzinfo=UTC).timestamp()) * 10**9
    local = local_ns(np.array([change - 60 * 10**9, change]), "America/New_York", BarPeriod.MINUTE)
    assert [moment_text(int(t), BarPeriod.MINUTE) for t in local] == ["Sun 10 Mar 2024 01:59", "Sun 10 Mar 2024 03:00"]


def test_daily_bars_show_their_utc_date():
    """A daily bar at midnight UTC is not moved to the day before in New York."""
    ts = np.array([int(datetime(2013, 3, 1, tzinfo=UTC).timestamp()) * 10**9])
    assert moment_text(int(local_ns(ts, "America/New_York", BarPeriod.DAY)[0]), BarPeriod.DAY) == "Fri 1 Mar 2013"


def test_second_bars_show_seconds():
    """The text of a moment is as fine as the bars."""
    assert moment_text(3_661 * 10**9, BarPeriod.SECOND) == "Thu 1 Jan 1970 01:01:01"
