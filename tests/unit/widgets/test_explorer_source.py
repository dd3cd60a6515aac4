"""The choice of bars: each step offers what is stored, dates stay inside it."""

from __future__ import annotations

import datetime as dt

import pytest

from barscope.domain.instruments import Coverage, Publisher
from barscope.domain.time import NS_PER_DAY, day_start_ns
from barscope.errors import InvalidParameterError
from barscope.studies.request import ExplorerRequest
from barscope.widgets.guard import Guard
from barscope.widgets.source_choices import SourceChoices
from barscope.widgets.source_picker import SourcePicker

PUBLISHERS = (
    Publisher(1, "Alpha", "EQUS", "XNAS"),
    Publisher(2, "Beta", "EQUS"),
    Publisher(3, "Gamma", "FUT"),
)


def covered(publisher_id, symbol, rtype=35, first="2020-01-02", last="2020-12-30", symbol_type="raw_symbol"):
    """A coverage of whole days."""
    return Coverage(publisher_id, symbol, symbol_type, rtype, day_start_ns(first), day_start_ns(last) + NS_PER_DAY - 1)


COVERAGE = (
    covered(1, "AAPL"),
    covered(1, "MSFT", first="2010-03-01"),
    covered(1, "AAPL", rtype=33, first="2021-05-03", last="2021-05-07"),
    covered(2, "AAPL", first="2000-01-03"),
    covered(3, "ES.c.0", symbol_type="continuous"),
    covered(3, "ESH1"),
    covered(3, "ESH1", rtype=36),
)


class Stored:
    """A security master that holds just a coverage."""

    def __init__(self, publishers=PUBLISHERS, coverage=COVERAGE):
        self.held = publishers, coverage
        self.reference = self

    def publishers(self):
        """All publishers."""
        return self.held[0]

    def coverage(self, _publisher_id=None, _rtype=None, *, symbol_type=None):
        """The coverage of a type of symbols, or all."""
        return tuple(c for c in self.held[1] if symbol_type in (None, c.symbol_type))

    def definitions(self, _publisher_id):
        """No contract is defined."""
        return ()


@pytest.fixture
def picked():
    """The values a picker told, in order."""
    return []


@pytest.fixture
def picker(picked):
    """A picker over the coverage above."""
    made = SourcePicker(Stored(), Guard(), lambda: picked.append(made.value))
    return made


def test_steps_offer_only_stored_combinations():
    """Each step offers what there are bars of, given the steps before it."""
    choices = SourceChoices(PUBLISHERS, COVERAGE)
    assert choices.rtypes() == (35, 33)
    assert choices.datasets(35) == ("EQUS", "FUT")
    assert choices.datasets(33) == ("EQUS",)
    assert [p.publisher_id for p in choices.publishers_of(35, "EQUS")] == [1, 2]
    assert choices.symbols(35, 1, "raw_symbol") == ("AAPL", "MSFT")
    assert choices.symbol_types(35, 3) == ("raw_symbol", "continuous")


def test_days_span_all_chosen_symbols():
    """The days run from the first bar of any chosen symbol to the last of any."""
    days = SourceChoices(PUBLISHERS, COVERAGE).days(35, 1, "raw_symbol", ["AAPL", "MSFT"])
    assert days == (dt.date(2010, 3, 1), dt.date(2020, 12, 30))


def test_nothing_is_chosen_without_a_symbol(picker):
    """Without a symbol there is no choice of bars, and the dates wait."""
    assert picker.value is None
    assert picker.start.disabled
    assert picker.start.value == ""


def test_full_span_stays_open(picker):
    """Dates that span all stored bars are left open in the request."""
    picker.symbols.value = ["AAPL"]
    assert picker.value == ExplorerRequest(symbols=("AAPL",), rtype=35, publisher_id=1)
    assert (picker.start.value, picker.end.value) == ("2020-01-02", "2020-12-30")


def test_narrower_dates_are_kept(picker):
    """Dates inside the stored bars are part of the request, and stay when a symbol is added."""
    picker.symbols.value = ["AAPL"]
    picker.start.value = "2020-03-02"
    picker.symbols.value = ["AAPL", "MSFT"]
    assert picker.value.start_date == "2020-03-02"
    assert picker.value.end_date is None


@pytest.mark.parametrize(
    ("typed", "became", "said"),
    [
        ("1999-01-01", "2020-01-02", "1999-01-01 is before the first stored bar: 2020-01-02 it is."),
        ("2030-01-01", "2020-12-30", "2030-01-01 is after the last stored bar: 2020-12-30 it is."),
        ("soon", "2020-01-02", "invalid date 'soon': write it as YYYY-MM-DD."),
        ("", "2020-01-02", ""),
    ],
)
def test_dates_outside_are_brought_in_with_a_message(picker, typed, became, said):
    """A date outside the stored bars becomes the nearest one inside, and the picker says so."""
    picker.symbols.value = ["AAPL"]
    picker.start.value = typed
    assert picker.start.value == became
    assert picker.message == said


def test_reversed_dates_are_swapped(picker):
    """A first day after the last one changes places with it, and the picker says so."""
    picker.symbols.value = ["AAPL"]
    picker.end.value = "2020-02-03"
    picker.start.value = "2020-05-04"
    assert (picker.value.start_date, picker.value.end_date) == ("2020-02-03", "2020-05-04")
    assert "swapped" in picker.message


def test_another_publisher_keeps_the_symbols_it_has(picker):
    """Symbols the next publisher has stay chosen, the others go."""
    picker.symbols.value = ["AAPL", "MSFT"]
    picker.publisher.value = 2
    assert picker.value == ExplorerRequest(symbols=("AAPL",), rtype=35, publisher_id=2)
    assert picker.start.value == "2000-01-03"


def test_the_only_symbol_takes_the_place_of_those_that_went(picker):
    """Where one symbol is all there is, it is chosen in place of others; a choice of none stays none."""
    picker.symbols.value = ["MSFT"]
    picker.publisher.value = 2
    assert picker.symbols.value == ["AAPL"]
    picker.symbols.value = []
    picker.period.value = 33
    assert picker.symbols.value == []


def test_a_change_is_told_once(picker, picked):
    """One step of a person is one change, however many fields follow from it."""
    picker.symbols.value = ["AAPL"]
    picker.publisher.value = 2
    picker.period.value = 33
    assert [None if v is None else (v.rtype, v.publisher_id, v.symbols) for v in picked] == [
        (35, 1, ("AAPL",)),
        (35, 2, ("AAPL",)),
        (33, 1, ("AAPL",)),
    ]


def test_symbol_type_is_shown_where_there_is_a_choice(picker):
    """The kind of names is asked only of a publisher that has several."""
    assert picker.symbol_type.layout.display == "none"
    picker.dataset.value = "FUT"
    assert picker.symbol_type.layout.display == ""
    picker.symbol_type.value = "continuous"
    assert picker.symbols.choices == ["ES.c.0"]


def test_unknown_symbols_are_named_and_left_out(picker):
    """A symbol that is not stored is not chosen, and the picker names it."""
    picker.symbols.value = ["AAPL", "NOPE"]
    assert picker.value.symbols == ("AAPL",)
    assert picker.message == "Not stored here: NOPE."


def test_set_takes_a_whole_choice(picker):
    """An earlier choice is set at once, with its publisher and dates."""
    source = ExplorerRequest(
        symbols=("AAPL",), rtype=35, publisher_id=2, start_date="2001-01-02", end_date="2019-12-31"
    )
    picker.set(source)
    assert picker.value == source


def test_set_refuses_bars_that_are_gone(picker):
    """A choice whose bars are gone is refused by name and leaves the picker as it was."""
    picker.symbols.value = ["AAPL"]
    with pytest.raises(InvalidParameterError, match="no 1 day bars of GONE from publisher 1"):
        picker.set(ExplorerRequest(symbols=("AAPL", "GONE"), rtype=35, publisher_id=1))
    assert picker.value.symbols == ("AAPL",)


def test_reload_offers_what_was_stored_since():
    """Bars stored after the picker was made can be chosen after a reload, and the choice stays."""
    stored = Stored((), ())
    picker = SourcePicker(stored, Guard(), lambda: None)
    assert picker.symbols.placeholder == "No bars are stored yet"
    stored.held = PUBLISHERS, COVERAGE
    picker.refresh.click()
    picker.symbols.value = ["AAPL"]
    stored.held = PUBLISHERS, (*COVERAGE, covered(1, "IBM"))
    picker.refresh.click()
    assert picker.symbols.choices == ["AAPL", "IBM", "MSFT"]
    assert picker.value.symbols == ("AAPL",)


def test_ten_thousand_symbols_are_offered():
    """A publisher of ten thousand symbols is offered whole, and one of the last can be chosen."""
    symbols = [f"S{n:05}" for n in range(10_000)]
    picker = SourcePicker(Stored(PUBLISHERS, tuple(covered(1, s) for s in symbols)), Guard(), lambda: None)
    picker.symbols.value = ["S09999"]
    assert len(picker.symbols.choices) == 10_000
    assert picker.value.symbols == ("S09999",)


def test_continuous_futures_are_offered_where_there_are_contracts():
    """Two contracts of a product offer its series, from the first bar of the one to the last of the other."""
    contracts = (covered(3, "NQH1", last="2020-06-30"), covered(3, "NQM1", first="2020-06-01"))
    made = SourcePicker(Stored(coverage=COVERAGE + contracts), Guard(), lambda: None)
    made.dataset.value = "FUT"
    assert [value for _label, value in made.symbol_type.options] == ["raw_symbol", "continuous"]
    made.symbol_type.value = "continuous"
    assert made.symbols.choices[:3] == ["ES.c.0", "NQ.c.0", "NQ.c.0+diff"]
    made.symbols.value = ["NQ.v.0"]
    assert (made.value.symbols, made.start.value, made.end.value) == (("NQ.v.0",), "2020-01-02", "2020-12-30")
    made.symbols.value = ["NQ.v.1+5d", "ES.v.0"]
    assert made.symbols.value == ["NQ.v.1+5d"]  # there is one contract of ES alone
