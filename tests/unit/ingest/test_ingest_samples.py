"""The prices that ship with the package, and the made-up ones."""

import datetime as dt
import hashlib
import re
from itertools import islice
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

import barscope.ingest
from barscope.domain.periods import BarPeriod
from barscope.domain.time import day_start_ns
from barscope.errors import InvalidParameterError, cut
from barscope.ingest import sample_stocks, synthetic_bars
from barscope.ingest.us_sessions import us_early_closes, us_holidays, us_sessions

NEW_YORK = ZoneInfo("America/New_York")
SAMPLES = Path(barscope.ingest.__file__).parent / "samples"


def clock(ts_ns):
    """New York date and time of a timestamp."""
    return dt.datetime.fromtimestamp(int(ts_ns) // 10**9, NEW_YORK)


def test_sample_file_is_the_one_described():
    """The sample file is the one whose origin and hash its README states."""
    digest = hashlib.sha256((SAMPLES / "stocks.csv.gz").read_bytes()).hexdigest()
    assert f"sha256: `{digest}`" in (SAMPLES / "README.md").read_text()


def test_sample_stocks():
    """Five stocks with every bar of the file; the first of AAPL is that of 2000-03-01."""
    batches = {batch.symbol: batch for batch in sample_stocks()}
    counts = {symbol: len(batch.bars) for symbol, batch in batches.items()}
    assert counts == {"AAPL": 3270, "FB": 196, "GOOG": 2148, "IBM": 3270, "MSFT": 3270}
    first = [column[0] for column in batches["AAPL"].bars.columns()]
    assert first == [day_start_ns("2000-03-01"), *(round(p * 1e9) for p in (118.56, 132.06, 118.5, 130.31)), 9_616_100]
    assert {batch.rtype for batch in batches.values()} == {35}


@pytest.mark.parametrize("period", list(BarPeriod))
def test_synthetic_bars_repeat(period):
    """The same seed gives the same bars; another seed or symbol gives others."""
    bars, again = (synthetic_bars("SYN-A", period, sessions=3, seed=7).bars for _ in range(2))
    assert all(np.array_equal(a, b) for a, b in zip(bars.columns(), again.columns(), strict=True))
    for other in (
        synthetic_bars("SYN-A", period, sessions=3, seed=8),
        synthetic_bars("SYN-B", period, sessions=3, seed=7),
    ):
        assert bars.close[-1] != other.bars.close[-1]


def test_sessions_follow_the_clock_of_new_york():
    """Minutes run from 09:30 to 16:00 New York on both sides of the change to summer time."""
    bars = synthetic_bars(start_date="2024-03-07", sessions=4, seed=1).bars
    moments = [clock(ts) for ts in bars.ts]
    days = sorted({moment.date() for moment in moments})
    assert days == [dt.date(2024, 3, day) for day in (7, 8, 11, 12)]
    for day in days:
        times = [moment.time() for moment in moments if moment.date() == day]
        assert (times[0], times[-1]) == (dt.time(9, 30), dt.time(15, 59))


def test_early_close():
    """On the day after Thanksgiving the last minute is 12:59."""
    bars = synthetic_bars(start_date="2024-11-27", sessions=2).bars
    assert [clock(ts).date().day for ts in (bars.ts[0], bars.ts[-1])] == [27, 29]
    assert clock(bars.ts[-1]).time() == dt.time(12, 59)


def test_volume_is_u_shaped():
    """The first and last half hour of minutes trade more than twice the volume of the middle one."""
    bars = synthetic_bars(sessions=60).bars
    minute = np.array([moment.hour * 60 + moment.minute - 570 for moment in map(clock, bars.ts)])
    opening, middle, closing = (bars.volume[(minute >= at) & (minute < at + 30)].mean() for at in (0, 180, 360))
    assert min(opening, closing) > 2 * middle


@pytest.mark.parametrize(("period", "share"), [(BarPeriod.SECOND, 0.3), (BarPeriod.MINUTE, 0.01)])
def test_quiet_slots_have_no_bar(period, share):
    """Some seconds and minutes are missing, more of them around noon."""
    bars = synthetic_bars(period=period, sessions=10).bars
    slots = 10 * 390 * 60 * 10**9 // period.length_ns
    assert slots * (1 - 2 * share) < len(bars) < slots * (1 - share / 2)
    hours = np.array([clock(ts).hour for ts in bars.ts])
    assert np.count_nonzero(hours == 12) < np.count_nonzero(hours == 15)


def test_prices_jump_overnight():
    """The open of a session is not the close of the one before, and the jump is larger than that of a usual minute."""
    bars = synthetic_bars(sessions=60).bars
    first = np.flatnonzero(np.diff(bars.ts) > BarPeriod.HOUR.length_ns) + 1
    jumps = np.abs(bars.open[first] - bars.close[first - 1])
    moves = np.abs(bars.close[1:] - bars.open[1:])
    assert len(first) == 59
    assert np.median(jumps) > 3 * np.median(moves)


def test_days_and_hours():
    """Days carry midnight UTC of their date, hours begin at 09:30."""
    days = synthetic_bars(period=BarPeriod.DAY, start_date="2024-07-03", sessions=3)
    assert days.bars.ts.tolist() == [day_start_ns(f"2024-07-0{day}") for day in (3, 5, 8)]
    hours = synthetic_bars(period=BarPeriod.HOUR, sessions=1).bars
    assert [clock(ts).strftime("%H:%M") for ts in hours.ts] == [f"{hour:02}:30" for hour in range(9, 16)]


@pytest.mark.parametrize(
    "options",
    [
        {"sessions": 0},
        {"seed": -1},
        {"start_price": 0},
        {"start_price": float("nan")},
        {"annual_volatility": -0.1},
        {"start_date": "2024"},
        {"symbol": "two\nlines"},
    ],
)
def test_synthetic_arguments_out_of_range(options):
    """An argument out of range is refused with its value."""
    with pytest.raises(InvalidParameterError, match=re.escape(cut(next(iter(options.values()))))):
        synthetic_bars(**options)


def test_holidays_of_known_years():
    """The rules give the holidays and early closes the exchanges published for 2021 to 2024."""
    days = {
        2021: "0101 0118 0215 0402 0531 0705 0906 1125 1224",
        2022: "0117 0221 0415 0530 0620 0704 0905 1124 1226",
        2023: "0102 0116 0220 0407 0529 0619 0704 0904 1123 1225",
        2024: "0101 0115 0219 0329 0527 0619 0704 0902 1128 1225",
    }
    for year, expected in days.items():
        closed = sorted(day for day in us_holidays(year) if day.weekday() < 5)
        assert " ".join(day.strftime("%m%d") for day in closed) == expected
    early = {2021: "1126", 2022: "1125", 2023: "0703 1124", 2024: "0703 1129 1224"}
    for year, expected in early.items():
        assert " ".join(day.strftime("%m%d") for day in sorted(us_early_closes(year))) == expected


def test_number_of_sessions_in_a_year():
    """2024 had 252 sessions."""
    sessions = islice(us_sessions(dt.date(2024, 1, 1)), 253)
    assert sum(session.date.year == 2024 for session in sessions) == 252
