"""How overlapping claims on a symbol become disjoint ranges."""

from barscope.domain.time import MAX_NS, MIN_NS, TimeRange
from barscope.store.symbology import Claim, resolve

ALWAYS = TimeRange()


def parts(claims, within=ALWAYS):
    """The mappings as (start, end, instrument)."""
    return [(m.range.start_ns, m.range.end_ns, m.instrument_id) for m in resolve("A", claims, within)]


def claim(start, end, instrument, number=None):
    """A claim of an instrument whose vendor's number is its id unless told."""
    return Claim(start, instrument if number is None else number, instrument, end)


def test_disjoint_claims_stay_as_they_are():
    """Claims that do not touch are returned in the order of time."""
    assert parts([claim(20, 30, 2), claim(0, 10, 1)]) == [(0, 10, 1), (20, 30, 2)]


def test_the_later_start_wins_an_overlap():
    """The earlier claim ends where the later one starts, and goes on after it if it lasts longer."""
    assert parts([claim(0, 20, 1), claim(10, 30, 2)]) == [(0, 10, 1), (10, 30, 2)]
    assert parts([claim(0, 30, 1), claim(10, 20, 2)]) == [(0, 10, 1), (10, 20, 2), (20, 30, 1)]


def test_the_higher_number_wins_a_tie():
    """Of two claims with the same start the vendor's higher number counts."""
    assert parts([claim(0, 20, 1, number=5), claim(0, 10, 2, number=6)]) == [(0, 10, 2), (10, 20, 1)]


def test_the_symbol_itself_gives_way_to_dated_symbology():
    """A claim for all time fills only what no dated claim takes."""
    assert parts([claim(MIN_NS, MAX_NS, 1, number=-1), claim(0, 10, 2)]) == [
        (MIN_NS, 0, 1),
        (0, 10, 2),
        (10, MAX_NS, 1),
    ]


def test_neighbours_of_one_instrument_are_one_range():
    """Adjacent claims on the same instrument join; with a gap between them they do not."""
    assert parts([claim(0, 10, 1), claim(10, 20, 1), claim(21, 30, 1)]) == [(0, 20, 1), (21, 30, 1)]


def test_ranges_are_cut_to_what_was_asked():
    """Nothing outside the question is returned; an empty claim counts for nothing."""
    assert parts([claim(0, 20, 1), claim(10, 30, 2)], TimeRange(5, 12)) == [(5, 10, 1), (10, 12, 2)]
    assert parts([claim(0, 20, 1)], TimeRange(20, 30)) == []
    assert parts([claim(5, 5, 1)]) == []
    assert parts([]) == []
