"""Made-up bars with what matters to a chart of a US stock: sessions, gaps, busy opens and closes."""

from __future__ import annotations

import datetime as dt
from itertools import islice
from typing import NamedTuple
from zlib import crc32

import numpy as np

from barscope.domain.bars import PRICE_SCALE, FixedPointBars, FloatArray, IntArray
from barscope.domain.batches import BarBatch
from barscope.domain.instruments import PublisherName, check_symbol
from barscope.domain.periods import BarPeriod
from barscope.domain.time import day_start_ns, parse_date
from barscope.errors import InvalidParameterError, cut
from barscope.ingest.rows import BoolArray
from barscope.ingest.us_sessions import Session, us_sessions

SYNTHETIC_PUBLISHER = PublisherName("barscope synthetic", "SYNTHETIC.RANDOM-WALK", "XNYS")

_CENT = PRICE_SCALE // 100
_LARGEST_LOG_PRICE = 20.0  # 485 million, a twentieth of what the store holds
_SESSIONS_A_YEAR = 252
_SESSION_NS = int(6.5 * BarPeriod.HOUR.length_ns)
_QUIET_SHARE = {BarPeriod.SECOND: 0.6, BarPeriod.MINUTE: 0.03}  # of bars at noon in which nothing trades
_SHARES_A_SESSION = 2_000_000


class _Slots(NamedTuple):
    """Every bar that could be, of shape (bars,)."""

    ts: IntArray
    busy: FloatArray  # 1 at noon, 4 at the open and the close, 2 on average
    opening: BoolArray
    closing: BoolArray


def synthetic_bars(
    symbol: str = "SYN-A",
    period: BarPeriod = BarPeriod.MINUTE,
    *,
    start_date: str | dt.date = "2024-01-02",
    sessions: int = 20,
    seed: int = 0,
    start_price: float = 100.0,
    annual_volatility: float = 0.25,
) -> BarBatch:
    """A random walk in cents through US sessions: synthetic, no price of anything that trades.

    Bars run from 09:30 to 16:00 New York, to 13:00 on early closes. Volume and range are largest at the open and the
    close. Minutes and seconds in which nothing trades have no bar; prices jump from one session to the next. A bar of
    a day has the time 00:00 UTC of its date. The same arguments give the same bars.

    Args:
        symbol: Its name, which also chooses the walk.
        period: Length of a bar.
        start_date: The first day that may have a session.
        sessions: Number of sessions, at least 1.
        seed: Chooses the walk, at least 0.
        start_price: Price at the first open, between 0.01 and 1,000,000.
        annual_volatility: Standard deviation of the yearly log return, 0 to 5.

    Raises:
        InvalidParameterError: If an argument is out of its range.
    """
    check_symbol(symbol)
    _check_range("sessions", sessions, 1, 20_000)
    _check_range("seed", seed, 0, 2**63)
    _check_range("start_price", start_price, 0.01, 1e6)
    _check_range("annual_volatility", annual_volatility, 0, 5)
    days = list(islice(us_sessions(parse_date(start_date)), sessions))
    generator = np.random.default_rng([seed, crc32(symbol.encode()), period.rtype])
    slots = _slots(days, period)
    n_per_session = max(1, _SESSION_NS // period.length_ns)
    volatility = annual_volatility / np.sqrt(_SESSIONS_A_YEAR * n_per_session)
    bars = _walk(slots, start_price, volatility, n_per_session, generator)
    kept = _trading(slots, period, generator)
    return BarBatch(period.rtype, FixedPointBars(*(column[kept] for column in bars.columns())), symbol, "raw_symbol")


def _check_range(name: str, value: float, least: float, most: float) -> None:
    if not least <= value <= most:
        raise InvalidParameterError(f"{name} is {cut(value)}: it has to be {least:g} to {most:g}")


def _slots(days: list[Session], period: BarPeriod) -> _Slots:
    if period is BarPeriod.DAY:
        ts = np.array([day_start_ns(day.date) for day in days], dtype=np.int64)
        every = np.ones(len(days), dtype=np.bool_)
        return _Slots(ts, np.full(len(days), 2.0), every, every)
    opens = np.array([day.open_ns for day in days], dtype=np.int64)
    lengths = np.array([day.close_ns for day in days], dtype=np.int64) - opens
    counts = -(-lengths // period.length_ns)
    session = np.repeat(np.arange(len(days)), counts)
    place = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    last = np.repeat(counts, counts) - 1
    busy = 1 + 3 * (2 * place / np.maximum(last, 1) - 1) ** 2
    return _Slots(opens[session] + place * period.length_ns, busy, place == 0, place == last)


def _walk(
    slots: _Slots, start_price: float, volatility: float, n_per_session: int, generator: np.random.Generator
) -> FixedPointBars:
    """Bars of every slot; each opens where the one before closed, but for the jump between sessions."""
    n = len(slots.ts)
    spread = volatility * np.sqrt(slots.busy / 2)
    moves = generator.standard_normal(n) * spread
    jumps = np.zeros(n)
    starts = np.flatnonzero(slots.opening)[1:]
    jumps[starts] = generator.standard_normal(len(starts)) * volatility * np.sqrt(n_per_session) / 2
    close_log = np.log(start_price) + np.cumsum(moves + jumps)
    close = _cents(close_log)
    open_ = _cents(close_log - moves)
    open_[1:] = np.where(slots.opening[1:], open_[1:], close[:-1])
    reach = np.abs(generator.standard_normal((2, n))) * spread / 2
    high = np.maximum(np.maximum(open_, close), _cents(close_log + reach[0]))
    low = np.minimum(np.minimum(open_, close), _cents(close_log - reach[1]))
    volume = _SHARES_A_SESSION / n_per_session * slots.busy / 2 * np.exp(generator.standard_normal(n) * 0.5)
    return FixedPointBars(
        slots.ts, open_ * _CENT, high * _CENT, low * _CENT, close * _CENT, np.maximum(volume, 1).astype(np.int64)
    )


def _cents(log_price: FloatArray) -> IntArray:
    """Prices on the grid of cents, never below one."""
    cents: IntArray = np.rint(np.exp(np.minimum(log_price, _LARGEST_LOG_PRICE)) * 100).astype(np.int64)
    return np.maximum(cents, 1)


def _trading(slots: _Slots, period: BarPeriod, generator: np.random.Generator) -> BoolArray:
    """Mask of the slots in which something trades: always the first and the last of a session."""
    quiet = generator.random(len(slots.ts)) < _QUIET_SHARE.get(period, 0.0) / slots.busy
    return ~quiet | slots.opening | slots.closing
