"""Whatever comes later, a roll that was decided stays decided."""

import tempfile
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from barscope.domain.bars import PRICE_SCALE, FixedPointBars
from barscope.domain.batches import BarBatch
from barscope.domain.futures import ContinuousName
from barscope.domain.rolls import Chain, Contract, steps
from barscope.domain.time import NS_PER_DAY, TimeRange, day_start_ns
from barscope.errors import MissingBarsError, UnknownSymbolError
from barscope.store.secmaster import SecurityMaster
from barscope.studies.bar_cache import BarCache
from barscope.studies.continuous import continuous_bars

DAY0 = day_start_ns("2024-01-01") // NS_PER_DAY


@st.composite
def chains(draw):
    """Up to four contracts with gaps, late listings and early ends over up to 20 days."""
    n, m = draw(st.integers(1, 4)), draw(st.integers(2, 20))
    steps_ahead = draw(st.lists(st.integers(1, 4), min_size=m, max_size=m))
    days = DAY0 + np.cumsum(steps_ahead)
    has_bars = np.array(draw(st.lists(st.lists(st.booleans(), min_size=m, max_size=m), min_size=n, max_size=n)))
    has_bars[draw(st.integers(0, n - 1)), ~has_bars.any(axis=0)] = True
    has_bars = has_bars[has_bars.any(axis=1)]
    ends = sorted(draw(st.lists(st.integers(-5, 60), min_size=len(has_bars), max_size=len(has_bars))))
    reasons = draw(st.lists(st.sampled_from(["expiration", "delivery month"]), min_size=len(ends), max_size=len(ends)))
    contracts = tuple(
        Contract(chr(65 + i), TimeRange(), int(DAY0) + end, why)
        for i, (end, why) in enumerate(zip(ends, reasons, strict=True))
    )
    known = np.array(draw(st.lists(st.lists(st.integers(0, 5), min_size=m, max_size=m), min_size=4, max_size=4)))
    return Chain(contracts, days, has_bars, known[: len(ends)] if draw(st.booleans()) else None)


def by_day(chain, name):
    """Day → what the series takes."""
    found = dict.fromkeys(chain.days.tolist())
    for step in steps(chain, name):
        symbol = None if step.contract is None else chain.contracts[step.contract].symbol
        found.update({day: symbol for day in found if day >= step.day})
    return found


def until(chain, n):
    """The chain as it was after n days: contracts without a bar by then are not there."""
    there = chain.has_bars[:, :n].any(axis=1)
    contracts = tuple(c for c, is_there in zip(chain.contracts, there, strict=True) if is_there)
    known = None if chain.known is None else chain.known[there, :n]
    return Chain(contracts, chain.days[:n], chain.has_bars[there, :n], known)


names = st.builds(ContinuousName, st.just("X"), st.just("volume"), st.integers(0, 2), st.integers(0, 3))


@settings(max_examples=60)
@given(chains(), names, st.data())
def test_truncating_the_future_changes_no_earlier_decision(chain, name, data):
    """Days that are cut off at the end leave every day before as it was, for every rule, rank and lead."""
    n = data.draw(st.integers(1, len(chain.days)))
    whole, part = by_day(chain, name), by_day(until(chain, n), name)
    assert part == {day: whole[day] for day in part}


@settings(max_examples=60)
@given(chains(), names, st.data())
def test_a_decision_does_not_look_at_its_own_day(chain, name, data):
    """Other bars on a day and after it change nothing about what is taken on that day."""
    n = data.draw(st.integers(1, len(chain.days)))
    other = chain.has_bars.copy()
    other[:, n:] = np.roll(chain.has_bars[:, n:], data.draw(st.integers(0, 3)), axis=0)
    changed = Chain(chain.contracts, chain.days, other, chain.known)
    there = chain.has_bars[:, :n].any(axis=1) & other.any(axis=1)
    if there.all():
        first_days = chain.days[: n + 1].tolist()
        now, then = by_day(chain, name), by_day(changed, name)
        assert [now[day] for day in first_days] == [then[day] for day in first_days]


@settings(max_examples=60)
@given(chains(), names)
def test_a_series_only_goes_forward(chain, name):
    """No contract comes back once a later one was taken, and none is held after its last day."""
    taken = [step for step in steps(chain, name) if step.contract is not None]
    assert [step.contract for step in taken] == sorted(step.contract for step in taken)
    for day, symbol in by_day(chain, name).items():
        assert symbol is None or day <= chain.contracts[ord(symbol) - 65].last_day


def month(symbol, number, first, n, seed):
    """Made-up daily bars of a contract that close between 1000 and 1009 times its number."""
    rng = np.random.default_rng(seed + number)
    ts = (DAY0 + first + np.arange(n)) * NS_PER_DAY
    close = (1000 * number + rng.integers(0, 10, n)) * PRICE_SCALE
    volume = rng.integers(0, 10, n) + 10 * np.maximum(0, 9 - np.abs(np.arange(n) - 10 - 15 * number) // 3)
    return BarBatch(35, FixedPointBars(ts, close, close, close, close, volume), symbol, "raw_symbol")


def taken(batches, symbol):
    """Day → which contract a series out of a store of these bars takes; empty where there is none."""
    with tempfile.TemporaryDirectory() as folder, closing(SecurityMaster(Path(folder) / "sec.db")) as master:
        master.ensure_publisher("made up", "FUT")
        master.write(1, [batch for batch in batches if len(batch.bars)])
        try:
            source = continuous_bars(master, 1, symbol, 35, TimeRange())
            bars = source.load(BarCache(master)).bars
        except (MissingBarsError, UnknownSymbolError):  # nothing to take on any day
            return {}
    return dict(zip((bars.ts // NS_PER_DAY - DAY0).tolist(), (bars.close // 1000).tolist(), strict=True))


def changed(batch, day):
    """The batch as it was before a day, with the volumes turned round from it on."""
    late = batch.bars.ts >= (DAY0 + day) * NS_PER_DAY
    return replace(batch, bars=replace(batch.bars, volume=np.where(late, 100 - batch.bars.volume, batch.bars.volume)))


def cut(batch, day):
    """The batch as it was when a day began."""
    there = batch.bars.ts < (DAY0 + day) * NS_PER_DAY
    return replace(batch, bars=FixedPointBars(*(column[there] for column in batch.bars.columns())))


@settings(max_examples=8, deadline=None)
@given(
    st.integers(0, 2**16),
    st.sampled_from(["X.v.0", "X.v.1", "X.c.1+2d"]),
    st.lists(st.tuples(st.integers(0, 9), st.integers(60, 90)), min_size=4, max_size=4),
    st.data(),
)
def test_bars_of_a_series_do_not_depend_on_what_comes_later(seed, symbol, spans, data):
    """Bars that are missing from a day on, or have other volumes, change no bar before; volumes not that day either."""
    batches = [month(f"X{c}4", i, *span, seed) for i, (c, span) in enumerate(zip("GHJK", spans, strict=True))]
    whole = taken(batches, symbol)
    rolls = [day for day in whole if whole.get(day - 1, whole[day]) != whole[day]]
    day = data.draw(st.sampled_from(rolls or [5])) - data.draw(st.integers(0, 1))
    assert taken([cut(b, day) for b in batches], symbol) == {d: c for d, c in whole.items() if d < day}
    other = taken([changed(b, day) for b in batches], symbol)
    assert {d: c for d, c in other.items() if d <= day} == {d: c for d, c in whole.items() if d <= day}
