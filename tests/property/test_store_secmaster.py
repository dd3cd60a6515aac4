"""Whatever is written in whatever order, the security master reads as a plain dictionary of bars would."""

import tempfile
from contextlib import closing
from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from barscope.domain.bars import FixedPointBars
from barscope.domain.batches import BarBatch, SymbologyEntry
from barscope.domain.time import NS_PER_DAY, TimeRange, date_of, day_start_ns
from barscope.store.secmaster import SecurityMaster
from barscope.store.symbology import Claim, resolve

DAY0 = day_start_ns("2024-01-01")
DAYS = 12

claims = st.builds(
    lambda start, length, number, instrument: Claim(start, number, instrument, start + length),
    st.integers(0, 20),
    st.integers(0, 15),
    st.integers(0, 3),
    st.integers(1, 4),
)


@given(st.lists(claims, max_size=8), st.integers(-2, 20), st.integers(0, 25))
def test_a_symbol_means_what_the_greatest_claim_of_the_moment_says(found, start, length):
    """At every moment the resolved ranges agree with asking each claim in turn, and they are disjoint and ordered."""
    within = TimeRange(start, start + length)
    mappings = resolve("A", found, within)
    meant = {t: m.instrument_id for m in mappings for t in range(m.range.start_ns, m.range.end_ns)}
    for moment in range(-3, 50):
        claiming = [c for c in found if c.start_ns <= moment < c.end_ns]
        expected = max(claiming).instrument_id if claiming and start <= moment < start + length else None
        assert meant.get(moment) == expected
    assert sum(m.range.end_ns - m.range.start_ns for m in mappings) == len(meant)
    assert list(mappings) == sorted(mappings, key=lambda m: m.range.start_ns)


def bars_at(days, price):
    """Daily bars on some days, at one price."""
    ts = np.array(sorted(days), dtype=np.int64) * NS_PER_DAY + DAY0
    flat = np.full(len(ts), price, dtype=np.int64)
    return FixedPointBars(ts, flat, flat, flat, flat, flat)


def date(day):
    """The day as text."""
    return str(date_of(DAY0 + day * NS_PER_DAY))


days = st.sets(st.integers(0, DAYS - 1))
writes = st.lists(st.tuples(st.integers(1, 3), days), min_size=1, max_size=5)
entries = st.lists(st.tuples(st.integers(1, 3), st.integers(0, DAYS), st.integers(0, DAYS)), max_size=4)


@settings(max_examples=40, deadline=None)
@given(writes, entries, st.integers(0, 4))
def test_bars_and_coverage_are_those_of_a_dictionary(writes, entries, when):
    """Reads, counts and coverage of a symbol equal those of a model, whenever its symbology arrives."""
    dated = {
        (n, min(a, b)): SymbologyEntry("S", "raw_symbol", n, date(min(a, b)), date(max(a, b))) for n, a, b in entries
    }
    with tempfile.TemporaryDirectory() as folder, closing(SecurityMaster(Path(folder) / "sec.db")) as master:
        master.ensure_publisher("p", "d")
        model = {}
        for turn, (number, on) in enumerate(writes):
            batch = BarBatch(35, bars_at(on, number), source_instrument_id=number)
            new = {(number, day) for day in on} - model.keys()
            counts = master.write(1, [batch], list(dated.values()) if turn == min(when, len(writes) - 1) else ())
            assert (counts.inserted, counts.unchanged) == (len(new), len(on) - len(new))
            model |= dict.fromkeys(new)
        owner = {}
        for number, start in sorted(dated, key=lambda key: (key[1], key[0])):
            for day in range(DAYS):
                entry = dated[number, start]
                if entry.start_date <= date(day) < entry.end_date:
                    owner[day] = number
        expected = [day for day in range(DAYS) if (owner.get(day), day) in model]
        if dated:
            mappings = master.mappings(1, "S", "raw_symbol", TimeRange())
            bars = master.read_bars(mappings, 35)
            assert ((bars.ts - DAY0) // NS_PER_DAY).tolist() == expected
            assert bars.close.tolist() == [owner[day] for day in expected]
            assert master.count_bars(mappings, 35) == len(expected)
        covered = [((c.min_ts - DAY0) // NS_PER_DAY, (c.max_ts - DAY0) // NS_PER_DAY) for c in master.coverage()]
        assert covered == ([(expected[0], expected[-1])] if expected else [])
