"""Definitions, open interest and remembered files in the security master."""

from contextlib import closing

import apsw
import numpy as np
import pytest

from barscope.domain.bars import FixedPointBars
from barscope.domain.batches import BarBatch
from barscope.domain.reference import IngestedFile, InstrumentDefinition, OpenInterest
from barscope.domain.time import NS_PER_DAY, TimeRange, day_start_ns
from barscope.errors import ConflictingBarsError, InvalidParameterError, UnknownSymbolError
from barscope.store.secmaster import SecurityMaster

JAN = day_start_ns("2024-01-01")


def batch(price=1, days=3):
    """Made-up bars of A, two a day."""
    ts = JAN + np.arange(2 * days) * NS_PER_DAY // 2
    flat = np.full(len(ts), price)
    return BarBatch(34, FixedPointBars(ts, flat, flat, flat, flat, np.arange(len(ts))), "A", "raw_symbol")


@pytest.fixture
def master(tmp_path):
    """A security master with one publisher and the bars of A."""
    with closing(SecurityMaster(tmp_path / "sec.db")) as store:
        store.ensure_publisher("made up", "D")
        store.write(1, [batch()])
        yield store


def test_the_later_word_on_a_definition_counts(master):
    """A definition that was published earlier changes nothing; first notice stays where a later word leaves it out."""
    told = InstrumentDefinition("ESH4", JAN, "ES", first_notice_ns=JAN - 5, tick_size=25, known_ns=5)
    older = InstrumentDefinition("ESH4", JAN, "ES", tick_size=10, known_ns=4)
    newer = InstrumentDefinition("ESH4", JAN, "ES", tick_size=50, known_ns=6)
    for definition in (told, older, newer):
        master.write(1, [], definitions=[definition])
    (found,) = master.reference.definitions(1)
    assert (found.tick_size, found.first_notice_ns, found.known_ns) == (50, JAN - 5, 6)


def test_volume_by_day(master):
    """Days are UTC, their volume is that of their bars, and ranges cut exactly."""
    first = JAN // NS_PER_DAY
    mappings = master.mappings(1, "A", "raw_symbol", TimeRange(JAN, JAN + 2 * NS_PER_DAY))
    assert master.reference.volume_by_day(mappings, 34).tolist() == [[first, 1], [first + 1, 5]]
    assert master.reference.volume_by_day(mappings, 35).tolist() == []


def test_open_interest_is_ordered_by_when_it_was_known(master):
    """Values come in the order of publication, those of other days of the symbol are left out."""
    values = [OpenInterest("2024-01-02", JAN + 3 * NS_PER_DAY, 8, "A"), OpenInterest("2024-01-01", JAN + 5, 7, "A")]
    master.write(1, [], open_interest=values)
    mappings = master.mappings(1, "A", "raw_symbol", TimeRange())
    assert master.reference.open_interest(mappings).tolist() == [[JAN + 5, 7], [JAN + 3 * NS_PER_DAY, 8]]
    early = master.mappings(1, "A", "raw_symbol", TimeRange(JAN, JAN + NS_PER_DAY))
    assert master.reference.open_interest(early).tolist() == [[JAN + 5, 7]]
    with pytest.raises(UnknownSymbolError, match="B"):
        master.write(1, [], open_interest=[OpenInterest("2024-01-02", JAN + 3 * NS_PER_DAY, 8, "B")])


def test_a_file_is_remembered_with_its_bars_or_not_at_all(master):
    """A refused write leaves neither bars nor the memory of the file."""
    file = IngestedFile("sha256:0", "a.dbn", 6)
    with pytest.raises(ConflictingBarsError):
        master.write(1, [batch(price=2)], file=file)
    assert master.reference.ingested(1) == {}
    master.write(1, [batch()], file=file)
    assert master.reference.ingested(1) == {"sha256:0": file}
    assert master.reference.ingested(2) == {}


def test_a_reader_of_an_older_file_does_without(master):
    """Files that were made before there were such tables read as if they were empty."""
    path = master.database.path
    master.close()
    with closing(apsw.Connection(str(path))) as connection:
        connection.execute("DROP TABLE instrument_definitions; DROP TABLE open_interest; DROP TABLE ingested_files")
    with closing(SecurityMaster(path, readonly=True)) as reader:
        mappings = reader.mappings(1, "A", "raw_symbol", TimeRange())
        assert reader.reference.definitions(1) == ()
        assert reader.reference.ingested(1) == {}
        assert not reader.reference.has_open_interest(mappings)


@pytest.mark.parametrize(
    "make",
    [
        lambda: InstrumentDefinition("", JAN, "ES"),
        lambda: InstrumentDefinition("ESH4", -1, "ES"),
        lambda: OpenInterest("2024-01-02", JAN, 5, "A"),
        lambda: OpenInterest("2024-01-02", JAN + 3 * NS_PER_DAY, -5, "A"),
        lambda: OpenInterest("2024-01-02", JAN + 3 * NS_PER_DAY, 5),
    ],
)
def test_what_cannot_be_is_refused(make):
    """Nameless, undated, negative, and known before its day."""
    with pytest.raises(InvalidParameterError):
        make()
