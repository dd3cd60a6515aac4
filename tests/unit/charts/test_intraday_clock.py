"""Intraday charts read the clock on the exchange's wall on both sides of a change of it."""

import numpy as np
import pytest

from barscope.charts.clock import local_ns, moment_text
from barscope.domain.calendars import regular_hours, sessions
from barscope.domain.periods import BarPeriod
from barscope.domain.time import date_range


@pytest.mark.parametrize(("code", "zone", "first", "last", "clock"), [
    ("XNYS", "America/New_York", "2024-03-08", "2024-03-12", ("09:30", "16:00")),
    ("XNYS", "America/New_York", "2024-10-31", "2024-11-05", ("09:30", "16:00")),
    ("XLON", "Europe/London", "2024-03-27", "2024-04-03", ("08:00", "16:30")),
])  # fmt: skip
def test_opens_and_closes_read_the_same_before_and_after(code, zone, first, last, clock):
    """09:30 is 09:30 on Friday and on Monday, though an hour apart in UTC."""
    hours = regular_hours(sessions(code, date_range(first, last))).ravel()
    local = local_ns(np.sort(hours), zone, BarPeriod.MINUTE)
    texts = [moment_text(int(t), BarPeriod.MINUTE)[-5:] for t in local]
    assert set(zip(texts[::2], texts[1::2], strict=True)) == {clock}
    assert len({int(t) % (86_400 * 10**9) for t in hours[::2]}) == 2
