"""Splits: bars to train on, to develop on, and to test on at the end; no bar is in two of them.

The days of a choice of bars are divided by percentage, in order of time. Each region has its first day and ends before
the first day of the next.
"""

from __future__ import annotations

import datetime as dt
import secrets
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

from barscope.domain.time import date_of, parse_date
from barscope.errors import InvalidParameterError, MissingBarsError, cut
from barscope.store.loaded import Loaded
from barscope.store.named_table import check_name
from barscope.store.preset_values import DataSplit
from barscope.studies.choice import resolve_choice
from barscope.studies.request import BarChoice, ExplorerRequest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from barscope.store.presets import PresetStore
    from barscope.studies.bar_cache import BarCache
    from barscope.studies.calendar_book import CalendarBook

REGIONS = ("train", "dev", "test")
TRAIN_PCT, DEV_PCT = 60.0, 20.0
_DAY = dt.timedelta(days=1)

Choice = TypeVar("Choice", bound=BarChoice)


@dataclass(frozen=True, slots=True)
class Region:
    """The days of one region.

    Attributes:
        name: `train`, `dev` or `test`.
        start_date: First day, `YYYY-MM-DD`.
        end_date: Last day, inclusive, as a request has it.
        bars: Stored bars of all symbols; None where nobody counted.
    """

    name: str
    start_date: str
    end_date: str
    bars: int | None = None

    @property
    def days(self) -> int:
        """Calendar days."""
        return (parse_date(self.end_date) - parse_date(self.start_date)).days + 1


@dataclass(frozen=True, slots=True)
class Split:
    """A division of bars into train, dev and test.

    Attributes:
        split_id: Its key in presets.db; empty for one that is not saved.
        stored: The values that are saved.
    """

    split_id: str
    stored: DataSplit

    def __repr__(self) -> str:
        shown = ", ".join(f"{r.name} {r.start_date} to {r.end_date}" for r in self.regions)
        return f"Split({self.name!r}: {shown})"

    @property
    def name(self) -> str:
        """What the user calls it."""
        return self.stored.name

    @property
    def regions(self) -> tuple[Region, ...]:
        """The regions that have days, in order of time."""
        s = self.stored
        edges = [parse_date(text) for text in (s.total_start, s.train_end, s.dev_end, s.total_end)]
        bars = (s.train_bars, s.dev_bars, s.test_bars)
        return tuple(
            Region(name, start.isoformat(), (end - _DAY).isoformat(), n)
            for name, start, end, n in zip(REGIONS, edges[:-1], edges[1:], bars, strict=True)
            if start < end
        )

    @property
    def train(self) -> Region:
        """What to fit on."""
        return self.region("train")

    @property
    def dev(self) -> Region:
        """What to choose by."""
        return self.region("dev")

    @property
    def test(self) -> Region:
        """What to look at once, at the end."""
        return self.region("test")

    def region(self, name: str) -> Region:
        """A region by its name.

        Raises:
            InvalidParameterError: If there is none.
        """
        found = next((region for region in self.regions if region.name == name), None)
        if found is None:
            there = ", ".join(region.name for region in self.regions)
            raise InvalidParameterError(f"split {cut(self.name)} has no region {cut(repr(name))}: it has {there}")
        return found

    def request(self, request: Choice, region: str) -> Choice:
        """A request over the days of a region; its record says which.

        Raises:
            InvalidParameterError: If there is no such region.
        """
        days = self.region(region)
        label = f"{region} of {self.name}"
        return request.model_copy(update={"start_date": days.start_date, "end_date": days.end_date, "split": label})

    def source(self, region: str) -> ExplorerRequest:
        """The bars of a region as a request without indicators."""
        s = self.stored
        whole = ExplorerRequest(
            symbols=s.symbols, rtype=s.rtype, publisher_id=s.publisher_id, symbol_type=s.symbol_type
        )
        return self.request(whole, region)


class Splits:
    """The splits of a workspace.

    Args:
        presets: Where they are kept.
        bars: Where bars are counted.
        calendars: The calendars of symbols.
        now: Gives the time, aware UTC.
        new_id: Gives a new key each time.
    """

    def __init__(
        self,
        presets: PresetStore,
        bars: BarCache,
        calendars: CalendarBook,
        *,
        now: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC),
        new_id: Callable[[], str] = lambda: secrets.token_hex(8),
    ) -> None:
        self._presets = presets
        self._bars = bars
        self._calendars = calendars
        self._now = now
        self._new_id = new_id

    def plan(self, choice: BarChoice, train_pct: float = TRAIN_PCT, dev_pct: float = DEV_PCT) -> Split:
        """A split that is not saved.

        Args:
            choice: Which bars; open dates end at the first and the last stored bar.
            train_pct: Percentage of the days to train on, at least 1.
            dev_pct: Percentage of the days to develop on, at least 1; what is left is to test.

        Raises:
            InvalidParameterError: If the percentages or the dates do not hold, or a region would have no day.
            DataError: If the bars are not there.
        """
        _check_percentages(train_pct, dev_pct)
        resolve_choice(choice, self._bars.secmaster, self._calendars)
        start, end = self._days(choice)
        days = (end - start).days
        train_days = round(days * train_pct / 100)
        dev_days = days - train_days if train_pct + dev_pct == 100 else round(days * dev_pct / 100)
        if not train_days or dev_days <= 0 or train_days + dev_days > days:
            raise InvalidParameterError(
                f"{days} days cannot be split into {train_pct:g} % train and {dev_pct:g} % dev, a day or more each: "
                "choose more days"
            )
        publisher = self._bars.secmaster.publisher(choice.publisher_id)
        stored = DataSplit(
            name="",
            created_at=self._now().isoformat(),
            publisher_id=choice.publisher_id,
            publisher_name=publisher.name,
            rtype=choice.rtype,
            symbols=choice.symbols,
            symbol_type=choice.symbol_type,
            total_start=start.isoformat(),
            total_end=end.isoformat(),
            train_pct=float(train_pct),
            dev_pct=float(dev_pct),
            train_end=(start + train_days * _DAY).isoformat(),
            dev_end=(start + (train_days + dev_days) * _DAY).isoformat(),
        )
        return Split("", stored)

    def counts(self, split: Split) -> dict[str, dict[str, int]]:
        """Symbol → region → how many stored bars it has there."""
        counted = {region.name: self._counted(split.source(region.name)) for region in split.regions}
        return {symbol: {name: of[symbol] for name, of in counted.items()} for symbol in split.stored.symbols}

    def save(self, split: Split, name: str | None = None) -> Split:
        """Count the bars of a split and keep it.

        Args:
            split: As `plan` gives it.
            name: What to call it; None calls it by its first symbols and percentages.

        Raises:
            InvalidParameterError: If the name is taken or is not plain text.
        """
        chosen = self._free_name(name or _usual_name(split.stored))
        counts = self.counts(split).values()
        train, dev, test = (sum(of.get(region, 0) for of in counts) for region in REGIONS)
        saved = Split(
            self._new_id(), replace(split.stored, name=chosen, train_bars=train, dev_bars=dev, test_bars=test)
        )
        self._presets.data_splits.set(saved.split_id, saved.stored)
        return saved

    def list(self) -> Loaded[Split]:
        """All splits that can be read, the oldest first, and the problems of those that cannot."""
        found = self._presets.data_splits.list()
        splits = sorted((Split(*row) for row in found), key=lambda split: split.stored.created_at)
        return Loaded(tuple(splits), found.problems)

    def get(self, name: str) -> Split:
        """A split by its name.

        Raises:
            InvalidParameterError: If there is none.
        """
        found = next((split for split in self.list() if split.name == name), None)
        if found is None:
            raise InvalidParameterError(f"no split is called {cut(repr(name))}: choose one of ws.splits()")
        return found

    def rename(self, name: str, new_name: str) -> Split:
        """Give a split another name.

        Raises:
            InvalidParameterError: If there is no such split, or the new name is taken or not plain text.
        """
        split = self.get(name)
        if new_name != name:
            split = replace(split, stored=replace(split.stored, name=self._free_name(new_name)))
            self._presets.data_splits.set(split.split_id, split.stored)
        return split

    def delete(self, name: str) -> None:
        """Forget a split; runs that were made in it stay.

        Raises:
            InvalidParameterError: If there is no such split.
        """
        self._presets.data_splits.delete(self.get(name).split_id)

    def _days(self, choice: BarChoice) -> tuple[dt.date, dt.date]:
        """The first day of a choice of bars and the day after its last."""
        if choice.start_date and choice.end_date:
            return parse_date(choice.start_date), parse_date(choice.end_date) + _DAY
        stored = self._bars.secmaster.coverage(choice.publisher_id, choice.rtype, symbol_type=choice.symbol_type)
        chosen = [c for c in stored if c.symbol in set(choice.symbols)]
        if not chosen:
            raise InvalidParameterError("the first and last day are not stored: give start_date and end_date")
        first, last = date_of(min(c.min_ts for c in chosen)), date_of(max(c.max_ts for c in chosen))
        start = parse_date(choice.start_date) if choice.start_date else first
        return start, (parse_date(choice.end_date) if choice.end_date else last) + _DAY

    def _counted(self, choice: BarChoice) -> Mapping[str, int]:
        counts = {}
        for symbol in choice.symbols:
            one = choice.model_copy(update={"symbols": (symbol,)})
            try:
                source = resolve_choice(one, self._bars.secmaster, self._calendars).sources[symbol]
                counts[symbol] = source.count(self._bars)
            except MissingBarsError:
                counts[symbol] = 0
        return counts

    def _free_name(self, name: str) -> str:
        if check_name(name) in {split.name for split in self.list()}:
            raise InvalidParameterError(f"a split is called {cut(repr(name))} already: choose another name")
        return name


def _check_percentages(train_pct: float, dev_pct: float) -> None:
    for name, value in (("train_pct", train_pct), ("dev_pct", dev_pct)):
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if not is_number or not 1 <= value <= 100:
            raise InvalidParameterError(f"{name} is {cut(repr(value))}: it has to be 1 to 100")
    if train_pct + dev_pct > 100:
        raise InvalidParameterError(
            f"train_pct + dev_pct cannot exceed 100: {train_pct:g} + {dev_pct:g} is {train_pct + dev_pct:g}"
        )


def _usual_name(split: DataSplit) -> str:
    more = f" +{len(split.symbols) - 2}" if len(split.symbols) > 2 else ""
    shares = f"{split.train_pct:g}/{split.dev_pct:g}/{100 - split.train_pct - split.dev_pct:g}"
    return f"{', '.join(split.symbols[:2])}{more} {split.total_start} {shares}"
