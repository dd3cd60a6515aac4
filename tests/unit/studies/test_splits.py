"""Splits: which day belongs where, and what is refused."""

import datetime as dt
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from barscope.domain.periods import BarPeriod
from barscope.domain.time import parse_date
from barscope.errors import InvalidParameterError
from barscope.ingest.synthetic import synthetic_bars
from barscope.store.presets import PresetStore
from barscope.store.secmaster import SecurityMaster
from barscope.studies.bar_cache import BarCache
from barscope.studies.calendar_book import CalendarBook
from barscope.studies.request import ExplorerRequest
from barscope.studies.splits import Splits

NOON = dt.datetime(2024, 3, 1, 12, tzinfo=dt.UTC)


@pytest.fixture(scope="module")
def splits(tmp_path_factory):
    """Splits over 100 days of A and B by day, from 2024-01-02, with numbered keys."""
    folder = tmp_path_factory.mktemp("splits")
    master, presets = SecurityMaster(folder / "secmaster.db"), PresetStore(folder / "presets.db")
    publisher = master.ensure_publisher("us", "TEST", "XNYS")
    master.write(publisher.publisher_id, [synthetic_bars(s, BarPeriod.DAY, sessions=100) for s in ("A", "B")])
    numbers = (str(n) for n in itertools.count())
    clock = (NOON + dt.timedelta(seconds=n) for n in itertools.count())
    made = Splits(presets, BarCache(master), CalendarBook(master), now=clock.__next__, new_id=numbers.__next__)
    yield made
    master.close()
    presets.close()


def choice(**changes):
    """A and B by day."""
    return ExplorerRequest(**{"symbols": ["A", "B"], "rtype": 35, "publisher_id": 1, **changes})


def test_days_are_divided_by_percentage(splits):
    """100 days at 60/20/20 are 60, 20 and 20; each region ends the day before the next begins."""
    split = splits.plan(choice(start_date="2024-01-02", end_date="2024-04-10"))
    assert [(r.name, r.days, r.start_date, r.end_date) for r in split.regions] == [
        ("train", 60, "2024-01-02", "2024-03-01"),
        ("dev", 20, "2024-03-02", "2024-03-21"),
        ("test", 20, "2024-03-22", "2024-04-10"),
    ]


@given(st.integers(200, 4000), st.floats(1, 60), st.floats(1, 40), st.dates(dt.date(2023, 8, 1), dt.date(2024, 3, 1)))
def test_every_day_is_in_one_region(splits, days, train_pct, dev_pct, start):
    """The regions follow each other without a gap; the first has the share that was asked for."""
    end = start + dt.timedelta(days=days - 1)
    asked = choice(start_date=start.isoformat(), end_date=end.isoformat())
    split = splits.plan(asked, train_pct, dev_pct)
    edges = [(parse_date(r.start_date), parse_date(r.end_date)) for r in split.regions]
    assert (edges[0][0], edges[-1][1]) == (start, end)
    assert all(after[0] - before[1] == dt.timedelta(days=1) for before, after in itertools.pairwise(edges))
    assert split.train.days == round(days * train_pct / 100)


@pytest.mark.parametrize(("shares", "words"), [
    ((70, 40), r"train_pct \+ dev_pct cannot exceed 100: 70 \+ 40 is 110"),
    ((0, 20), "train_pct is 0: it has to be 1 to 100"),
    ((60, 0.5), "dev_pct is 0.5: it has to be 1 to 100"),
    ((float("nan"), 20), "train_pct is nan"),
    ((True, 20), "train_pct is True"),
])  # fmt: skip
def test_percentages_that_do_not_add_up_are_refused(splits, shares, words):
    """Each has its own message."""
    with pytest.raises(InvalidParameterError, match=words):
        splits.plan(choice(), *shares)


@pytest.mark.parametrize(("changes", "words"), [
    ({"symbols": []}, "No symbols selected"),
    ({"start_date": "2024-03-01", "end_date": "2024-02-01"}, "swap the two dates"),
    ({"start_date": "2024-01-02", "end_date": "2024-01-03"}, "2 days cannot be split"),
])  # fmt: skip
def test_choices_that_cannot_be_divided_are_refused(splits, changes, words):
    """Empty symbols, reversed dates and too few days are named."""
    with pytest.raises(InvalidParameterError, match=words):
        splits.plan(choice(**changes))


def test_a_split_without_test_is_possible(splits):
    """At 60 and 40 nothing is left to test, and asking for it says so."""
    split = splits.plan(choice(), 60, 40)
    assert [region.name for region in split.regions] == ["train", "dev"]
    with pytest.raises(InvalidParameterError, match="has no region 'test': it has train, dev"):
        assert split.test


def test_a_saved_split_is_found_renamed_and_deleted(splits):
    """Its values and counts come back; a name is there once."""
    saved = splits.save(splits.plan(choice()), "walk 1")
    assert splits.get("walk 1") == saved
    assert sum(region.bars for region in saved.regions) == 200
    assert splits.counts(saved)["A"] == {"train": 60, "dev": 20, "test": 20}
    with pytest.raises(InvalidParameterError, match="'walk 1' already: choose another name"):
        splits.save(splits.plan(choice()), "walk 1")
    other = splits.save(splits.plan(choice()))
    assert other.name == "A, B 2024-01-02 60/20/20"
    with pytest.raises(InvalidParameterError, match="already"):
        splits.rename("walk 1", other.name)
    assert splits.rename("walk 1", "walk 2").split_id == saved.split_id
    assert [split.name for split in splits.list()] == ["walk 2", other.name]
    splits.delete("walk 2")
    with pytest.raises(InvalidParameterError, match="no split is called 'walk 2'"):
        splits.delete("walk 2")


def test_a_request_takes_the_days_of_a_region(splits):
    """All else of it stays; its record will name the region."""
    split = splits.save(splits.plan(choice()), "walk 3")
    asked = split.request(choice(symbols=["A"]), "dev")
    assert (asked.start_date, asked.end_date) == (split.dev.start_date, split.dev.end_date)
    assert (asked.symbols, asked.split) == (("A",), "dev of walk 3")
