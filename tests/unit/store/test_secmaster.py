"""Publishers, symbols and bars of the security master."""

from contextlib import closing
from dataclasses import replace

import numpy as np
import pytest

from barscope.domain.bars import FixedPointBars
from barscope.domain.batches import BarBatch, SymbologyEntry
from barscope.domain.instruments import Coverage, SymbolMapping
from barscope.domain.time import MAX_NS, MIN_NS, NS_PER_DAY, TimeRange, day_start_ns
from barscope.errors import (
    BarscopeError,
    ConflictingBarsError,
    InvalidBarsError,
    InvalidParameterError,
    ReadOnlyStoreError,
    StoreFullError,
    UnknownPublisherError,
    UnknownSymbolError,
)
from barscope.store.bar_writer import WriteCounts
from barscope.store.secmaster import SecurityMaster

ALWAYS = TimeRange()
JAN = day_start_ns("2024-01-01")


@pytest.fixture
def master(tmp_path):
    """A security master with publisher 1 and no bars."""
    with closing(SecurityMaster(tmp_path / "sec.db")) as master:
        master.ensure_publisher("vendor", "DATA.SET", "XNAS")
        yield master


def days(n, first=0, price=100):
    """Daily bars, n of them, from 2024-01-01 + first days on, all at one price."""
    flat = np.full(n, price * 10**9, dtype=np.int64)
    return FixedPointBars(JAN + (first + np.arange(n)) * NS_PER_DAY, flat, flat + 5, flat - 5, flat, np.arange(n))


def by_symbol(bars, symbol="AAPL", rtype=35):
    """A batch as CSV files and frames give it."""
    return BarBatch(rtype, bars, symbol=symbol, symbol_type="raw_symbol")


def by_number(bars, number, rtype=35):
    """A batch as vendor files give it."""
    return BarBatch(rtype, bars, source_instrument_id=number)


def read(master, symbol="AAPL", rtype=35, within=ALWAYS, symbol_type="raw_symbol"):
    """The bars a symbol means."""
    return master.read_bars(master.mappings(1, symbol, symbol_type, within), rtype)


def same(left, right):
    """Whether two sets of bars are equal in every value."""
    return all(np.array_equal(a, b) for a, b in zip(left.columns(), right.columns(), strict=True))


def stored(master):
    """Everything in the database, to see that nothing changed."""
    tables = ("publishers", "instruments", "ohlcv", "symbology", "symbol_coverage")
    return [master.database.rows(f"SELECT * FROM {table}") for table in tables]  # noqa: S608 (our tables)


def test_a_publisher_is_added_once(master):
    """ensure_publisher returns the one of that name and dataset and keeps its venue."""
    again = master.ensure_publisher("vendor", "DATA.SET", "elsewhere")
    assert again == master.publisher(1)
    assert again.venue == "XNAS"
    assert master.ensure_publisher("vendor", "OTHER").publisher_id == 2
    assert len(master.publishers()) == 2


def test_an_unknown_publisher_is_refused_with_those_known(master):
    """publisher() and write() name the id that is missing and those there are."""
    with pytest.raises(UnknownPublisherError, match=r"publisher_id 9 not found\. Known publisher ids: 1"):
        master.publisher(9)
    with pytest.raises(UnknownPublisherError):
        master.write(9, [by_symbol(days(1))])
    with pytest.raises(UnknownPublisherError):
        master.mappings(9, "AAPL", "raw_symbol", ALWAYS)


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "\ud800", 7])
def test_a_publisher_needs_a_plain_name(master, name):
    """A blank, multi-line or broken name is an InvalidParameterError."""
    with pytest.raises(InvalidParameterError, match="name it"):
        master.ensure_publisher(name, "d")


def test_bars_come_back_as_they_were_written(master):
    """Every value of every column survives, ordered by time."""
    bars = days(10)
    assert master.write(1, [by_symbol(bars)]) == WriteCounts(10, 0, 0)
    assert same(read(master), bars)


def test_extreme_values_survive(master):
    """The whole range of 64-bit integers can be stored and read; the range's end is exclusive."""
    low, high = np.array([MIN_NS, -1, MAX_NS - 1]), np.array([MAX_NS] * 3)
    bars = FixedPointBars(low, low, high, np.array([MIN_NS] * 3), high, high)
    master.write(1, [by_symbol(bars)])
    assert same(read(master), bars)


def test_a_range_is_half_open(master):
    """The bar at the start is read, the bar at the end is not."""
    master.write(1, [by_symbol(days(10))])
    within = TimeRange(JAN + 2 * NS_PER_DAY, JAN + 5 * NS_PER_DAY)
    assert read(master, within=within).ts.tolist() == [JAN + d * NS_PER_DAY for d in (2, 3, 4)]


def test_the_count_is_what_is_read(master):
    """count_bars counts the bars of the mappings and of the record type only."""
    master.write(1, [by_symbol(days(10)), by_symbol(days(4), rtype=33), by_symbol(days(7), "MSFT")])
    mappings = master.mappings(1, "AAPL", "raw_symbol", TimeRange(JAN, JAN + 3 * NS_PER_DAY))
    assert master.count_bars(mappings, 35) == len(master.read_bars(mappings, 35)) == 3
    assert master.count_bars(mappings, 34) == len(master.read_bars(mappings, 34)) == 0


def test_writing_twice_changes_nothing(master):
    """A second write of the same bars counts them as unchanged."""
    master.write(1, [by_symbol(days(10))])
    before = stored(master)
    assert master.write(1, [by_symbol(days(10))]) == WriteCounts(0, 10, 0)
    assert stored(master) == before


def test_new_bars_join_old_ones(master):
    """A write that overlaps stored bars adds only the new ones, in front, between and behind."""
    whole = days(10)
    keep = np.array([2, 3, 6])
    master.write(1, [by_symbol(FixedPointBars(*(column[keep] for column in whole.columns())))])
    assert master.write(1, [by_symbol(whole)]) == WriteCounts(7, 3, 0)
    assert same(read(master), whole)


@pytest.mark.parametrize("column", range(1, 6))
def test_a_bar_that_differs_is_refused_and_nothing_is_written(master, column):
    """One other value in one column raises ConflictingBarsError with symbol and time, and undoes the whole call."""
    master.write(1, [by_symbol(days(10))])
    before = stored(master)
    columns = [values.copy() for values in days(12).columns()]
    columns[column][4] += 1
    with pytest.raises(
        ConflictingBarsError, match=r"AAPL .* 1 bar differs .* first at 2024-01-05T00:00:00Z.*replace"
    ) as told:
        master.write(1, [by_symbol(days(3), "MSFT"), by_symbol(FixedPointBars(*columns))])
    assert told.value.conflicts == 1
    assert stored(master) == before


def test_replacing_is_asked_for(master):
    """replace=True overwrites what differs and counts it."""
    master.write(1, [by_symbol(days(10))])
    changed = days(12, price=101)
    assert master.write(1, [by_symbol(changed)], replace=True) == WriteCounts(2, 0, 10)
    assert same(read(master), changed)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"ts": [JAN, JAN]}, "not increasing"),
        ({"ts": [JAN + 1, JAN]}, "not increasing"),
        ({"low": [9, 1]}, "high below low"),
        ({"open": [9, 2]}, "open outside"),
        ({"close": [0, 2]}, "close outside"),
        ({"volume": [0, -1]}, "negative volume"),
        ({"open": [2.5, 2.5]}, "int64"),
        ({"volume": [1]}, "int64"),
    ],
)
def test_bars_that_break_a_rule_are_refused_with_the_reason(master, change, reason):
    """InvalidBarsError says which rule and how many rows, and nothing is written."""
    good = {"ts": [JAN, JAN + 1], "open": [2, 2], "high": [3, 3], "low": [1, 1], "close": [2, 2], "volume": [0, 0]}
    bars = FixedPointBars(**{name: np.array(values) for name, values in (good | change).items()})
    before = stored(master)
    with pytest.raises(InvalidBarsError, match=reason) as told:
        master.write(1, [by_symbol(days(3), "MSFT"), by_symbol(bars)])
    assert sum(told.value.reasons.values()) >= 1
    assert stored(master) == before


@pytest.mark.parametrize(
    "batch",
    [
        BarBatch(31, days(1), symbol="A", symbol_type="raw_symbol"),
        BarBatch(99, days(1), symbol="A", symbol_type="raw_symbol"),
        BarBatch(35, days(1)),
        BarBatch(35, days(1), symbol="A"),
        BarBatch(35, days(1), symbol="A", symbol_type="stock"),
        BarBatch(35, days(1), symbol="x" * 10_000, symbol_type="raw_symbol"),
        BarBatch(35, days(1), symbol="", symbol_type="raw_symbol"),
        BarBatch(35, days(1), symbol="\ud800", symbol_type="raw_symbol"),
        BarBatch(35, days(1), source_instrument_id=2**70),
    ],
)
def test_a_batch_nobody_could_find_again_is_refused(master, batch):
    """A wrong rtype, symbol, symbol type or number is an InvalidParameterError and leaves no instrument."""
    before = stored(master)
    with pytest.raises(InvalidParameterError):
        master.write(1, [batch])
    assert stored(master) == before


@pytest.mark.parametrize(
    "symbol", ["NA", "0001", "TRUE", "'; DROP TABLE ohlcv; --", "<b>", "../x", "a%", "ÄÖ", "x" * 255]
)
def test_symbols_are_exact_text(master, symbol):
    """A symbol is never read as a number, a missing value, SQL or a path."""
    master.write(1, [by_symbol(days(2), symbol)])
    assert master.symbols(1, 35) == (symbol,)
    assert len(read(master, symbol)) == 2


def test_record_types_and_publishers_do_not_mix(master):
    """The same symbol of another period or publisher is something else."""
    other = master.ensure_publisher("other", "D").publisher_id
    master.write(1, [by_symbol(days(3)), by_symbol(days(4), rtype=34)])
    master.write(other, [by_symbol(days(5))])
    assert [len(read(master)), len(read(master, rtype=34))] == [3, 4]
    assert [(c.publisher_id, c.rtype) for c in master.coverage()] == [(1, 34), (1, 35), (other, 35)]


def test_an_unknown_symbol_is_refused_with_close_ones_of_that_publisher(master):
    """UnknownSymbolError suggests what this publisher has, not what others have."""
    other = master.ensure_publisher("other", "D").publisher_id
    master.write(1, [by_symbol(days(1), "AAPL")])
    master.write(other, [by_symbol(days(1), "AAPX")])
    with pytest.raises(UnknownSymbolError) as told:
        master.mappings(1, "aapx", "raw_symbol", ALWAYS)
    assert told.value.matches == ("AAPL",)


def test_a_symbol_without_number_maps_for_all_time(master):
    """An instrument known by symbol alone means that symbol always."""
    master.write(1, [by_symbol(days(1))])
    assert master.mappings(1, "AAPL", "raw_symbol", ALWAYS) == (SymbolMapping("AAPL", 1, ALWAYS),)


def test_an_instrument_with_symbol_and_number_maps(master):
    """A batch that gives both is found by its symbol, and later batches by either name are the same instrument."""
    both = replace(by_symbol(days(2)), source_instrument_id=77)
    master.write(1, [both, by_number(days(1, 2), 77), by_symbol(days(1, 3))])
    assert read(master).ts.tolist() == [JAN + d * NS_PER_DAY for d in range(4)]


def test_a_symbol_learns_its_number_later(master):
    """A batch with both names completes an instrument that was known by one of them."""
    master.write(1, [by_symbol(days(1)), by_number(days(1), 9)])
    master.write(1, [replace(by_symbol(days(1)), source_instrument_id=77)])
    master.write(1, [replace(by_symbol(days(1), "MSFT"), source_instrument_id=9)])
    assert master.database.rows("SELECT source_instrument_id, symbol FROM instruments ORDER BY 1") == [
        (9, "MSFT"),
        (77, "AAPL"),
    ]


@pytest.mark.parametrize(("symbol", "number"), [("AAPL", 8), ("MSFT", 77), ("AAPL", 9)])
def test_an_instrument_that_contradicts_a_stored_one_is_refused(master, symbol, number):
    """A number with another symbol, or a symbol with another number, is an error that names both."""
    master.write(1, [replace(by_symbol(days(1)), source_instrument_id=77), by_number(days(1), 9)])
    before = stored(master)
    with pytest.raises(InvalidParameterError, match=r"contradicts the stored .*instrument 77 as raw_symbol AAPL"):
        master.write(1, [replace(by_symbol(days(1), symbol), source_instrument_id=number)])
    assert stored(master) == before


def test_vendor_symbology_maps_by_date(master):
    """A continuous symbol rolls from one instrument to the next at midnight UTC."""
    entries = [
        SymbologyEntry("ES.c.0", "continuous", 1, "2024-01-01", "2024-01-03"),
        SymbologyEntry("ES.c.0", "continuous", 2, "2024-01-03", "2024-01-06"),
    ]
    counts = master.write(1, [by_number(days(5, price=10), 1), by_number(days(5, price=20), 2)], entries)
    assert counts.inserted == 10
    bars = read(master, "ES.c.0", symbol_type="continuous")
    assert (bars.close // 10**9).tolist() == [10, 10, 20, 20, 20]
    assert master.coverage(symbol="ES.c.0") == (Coverage(1, "ES.c.0", "continuous", 35, JAN, JAN + 4 * NS_PER_DAY),)


def test_a_symbol_known_then_is_no_error_now(master):
    """A range in which a known symbol means nothing has no mappings."""
    master.write(1, [by_number(days(5), 1)], [SymbologyEntry("A", "raw_symbol", 1, "2024-01-01", "2024-01-03")])
    assert master.mappings(1, "A", "raw_symbol", TimeRange(JAN + 2 * NS_PER_DAY, MAX_NS)) == ()


def test_coverage_is_cut_to_the_dates_a_symbol_is_valid(master):
    """Bars of the instrument outside the symbol's dates are not its coverage; extending the dates extends it."""
    first = SymbologyEntry("A", "raw_symbol", 1, "2024-01-02", "2024-01-04")
    master.write(1, [by_number(days(9), 1)], [first])
    assert [(c.min_ts, c.max_ts) for c in master.coverage()] == [(JAN + NS_PER_DAY, JAN + 2 * NS_PER_DAY)]
    master.write(1, [], [replace(first, end_date="2024-01-06")])
    assert [(c.min_ts, c.max_ts) for c in master.coverage()] == [(JAN + NS_PER_DAY, JAN + 4 * NS_PER_DAY)]


def test_a_file_of_fewer_days_takes_no_bars_out_of_sight(master):
    """Its symbology ends sooner because the file does; only `replace` takes its word for it."""
    whole = SymbologyEntry("A", "raw_symbol", 1, "2024-01-01", "2024-01-06")
    shorter = replace(whole, end_date="2024-01-03")
    master.write(1, [by_number(days(5), 1)], [whole])
    assert master.write(1, [by_number(days(2), 1)], [shorter]).unchanged == 2
    assert len(read(master, "A")) == 5
    master.write(1, [], [shorter], replace=True)
    assert len(read(master, "A")) == 2


def test_coverage_grows_at_both_ends(master):
    """Bars before and after the stored ones move both ends; a symbol without bars has none."""
    master.write(1, [by_symbol(days(3, first=5))])
    master.write(1, [by_symbol(days(2, first=1)), by_symbol(days(0), "NONE")])
    master.write(1, [by_symbol(days(1, first=20))])
    assert [(c.symbol, c.min_ts, c.max_ts) for c in master.coverage()] == [
        ("AAPL", JAN + NS_PER_DAY, JAN + 20 * NS_PER_DAY)
    ]


@pytest.mark.parametrize(
    "entry",
    [
        SymbologyEntry("A", "raw_symbol", 1, "2024-01-03", "2024-01-02"),
        SymbologyEntry("A", "raw_symbol", 1, "2024-1-3", "2024-01-04"),
        SymbologyEntry("A", "nonsense", 1, "2024-01-01", "2024-01-02"),
        SymbologyEntry(" A", "raw_symbol", 1, "2024-01-01", "2024-01-02"),
    ],
)
def test_symbology_that_cannot_be_is_refused(master, entry):
    """Reversed or malformed dates, unknown types and unclean symbols leave everything as it was."""
    before = stored(master)
    with pytest.raises(InvalidParameterError):
        master.write(1, [by_number(days(2), 1)], [entry])
    assert stored(master) == before


def test_progress_is_told_and_can_stop_a_read(master, monkeypatch):
    """on_rows counts up to the number of bars; raising from it ends the read and leaves the store usable."""
    monkeypatch.setattr("barscope.store.secmaster._SLICE_ROWS", 4)
    master.write(1, [by_symbol(days(10))])
    mappings = master.mappings(1, "AAPL", "raw_symbol", ALWAYS)
    told = []
    master.read_bars(mappings, 35, on_rows=told.append)
    assert told == [4, 8, 10]
    with pytest.raises(KeyboardInterrupt):
        master.read_bars(mappings, 35, on_rows=interrupt)
    assert len(master.read_bars(mappings, 35)) == 10


def test_progress_is_told_and_can_stop_a_write(master, monkeypatch):
    """on_rows counts the bars handled over all batches; raising from it leaves the database as it was."""
    monkeypatch.setattr("barscope.store.bar_writer._SLICE_ROWS", 4)
    before = stored(master)
    with pytest.raises(KeyboardInterrupt):
        master.write(1, [by_symbol(days(10))], on_rows=interrupt)
    assert stored(master) == before
    told = []
    master.write(1, [by_symbol(days(5)), by_symbol(days(3), "MSFT")], on_rows=told.append)
    assert told == [4, 5, 8]


def interrupt(_rows):
    """A listener that wants to stop."""
    raise KeyboardInterrupt


def test_a_full_disk_leaves_the_master_as_it_was(master):
    """StoreFullError during a write undoes bars, instruments and coverage."""
    master.write(1, [by_symbol(days(3))])
    before = stored(master)
    connection = master.database.connection()
    connection.pragma("max_page_count", connection.pragma("page_count") + 1)
    with pytest.raises(StoreFullError):
        master.write(1, [by_symbol(days(5_000), "MSFT")])
    assert stored(master) == before


def test_a_reader_refuses_to_write(master):
    """A read-only security master reads and refuses write and ensure_publisher."""
    master.write(1, [by_symbol(days(3))])
    with closing(SecurityMaster(master.database.path, readonly=True)) as reader:
        assert len(read(reader)) == 3
        with pytest.raises(ReadOnlyStoreError):
            reader.write(1, [by_symbol(days(4))])
        with pytest.raises(ReadOnlyStoreError):
            reader.ensure_publisher("new", "D")


def test_the_change_token_differs_after_a_commit(master):
    """The token stays while nobody writes and changes with every commit, also of another store."""
    master.write(1, [by_symbol(days(3))])
    token = master.change_token()
    assert master.change_token() == token
    with closing(SecurityMaster(master.database.path)) as other:
        other.write(1, [by_symbol(days(4))])
        assert master.change_token() != token


def test_numbers_of_numpy_are_as_good_as_python_ints(master):
    """Ids and times that come out of frames and arrays find and store the same rows."""
    batch = BarBatch(np.int64(35), days(3), source_instrument_id=np.int64(7))
    master.write(np.int64(1), [batch], [SymbologyEntry("A", "raw_symbol", np.uint32(7), "2024-01-01", "2024-02-01")])
    within = TimeRange(np.int64(JAN), np.int64(JAN + 2 * NS_PER_DAY))
    assert len(master.read_bars(master.mappings(np.int64(1), "A", "raw_symbol", within), np.int64(35))) == 2
    assert len(master.coverage(publisher_id=np.int64(1), rtype=np.int64(35))) == 1


def test_errors_are_of_one_tree(master):
    """Whatever goes wrong with hostile input is a BarscopeError."""
    with pytest.raises(BarscopeError):
        master.mappings(1, "\ud800", "raw_symbol", ALWAYS)
    with pytest.raises(BarscopeError):
        master.coverage(publisher_id=2**80)
