"""Which bars to look at: period, dataset, publisher, symbols, dates; each step offers what is stored."""

from __future__ import annotations

import datetime as dt
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from barscope.charts.text import block
from barscope.domain.time import parse_date
from barscope.errors import CalendarError, InvalidParameterError, cut
from barscope.studies.continuous import products
from barscope.studies.request import ExplorerRequest
from barscope.widgets.bar_options import NO_SPLIT, BarOptions, dropdown, offer
from barscope.widgets.date_field import DateField
from barscope.widgets.fields import labelled
from barscope.widgets.source_choices import PERIOD_NAMES, SYMBOL_TYPE_NAMES, SourceChoices
from barscope.widgets.symbol_box import SymbolBox
from barscope.widgets.watchlist_menu import WatchlistMenu

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from barscope.domain.instruments import Publisher
    from barscope.store.secmaster import SecurityMaster
    from barscope.studies.calendar_book import CalendarBook
    from barscope.studies.splits import Splits
    from barscope.widgets.guard import Guard
    from barscope.workspace.saved import Watchlists

ALL_DAYS_NOTE = "Dates that span all stored bars stay open: bars stored later belong to the same session."


class SourcePicker:
    """The choice of bars; `value` is a request without indicators, or None while no symbol is chosen.

    A first or last date that is the first or last stored one stays open in `value`, so that bars stored tomorrow
    belong to the same session.

    Attributes:
        widget: What a panel shows.
        period: Record type.
        dataset: Dataset.
        publisher: Publisher id.
        symbol_type: What kind of names the symbols are; shown only where there is a choice.
        symbols: The chosen symbols.
        start: First day.
        end: Last day.
        options: Hours, timeframe and split.
        watchlists: Symbols kept by name; None where there are none to keep.
        message: What was changed about the dates and why, for a person; empty most of the time.
    """

    def __init__(
        self,
        secmaster: SecurityMaster,
        guard: Guard,
        on_change: Callable[[], None],
        calendars: CalendarBook | None = None,
        splits: Splits | None = None,
        watchlists: Watchlists | None = None,
    ) -> None:
        self._secmaster = secmaster
        self._calendars = calendars
        self._splits = splits
        self._on_change = on_change
        self._filling = False
        self._told: ExplorerRequest | None = None
        self._choices = SourceChoices((), ())
        self._days: tuple[dt.date, dt.date] | None = None
        self.message = ""
        self.watchlists = None if watchlists is None else WatchlistMenu(watchlists, self, secmaster, guard)
        self._make_widgets()
        self._listen(guard)
        self.reload()

    # ---- what is chosen

    @property
    def value(self) -> ExplorerRequest | None:
        """The choice of bars."""
        if not self.symbols.value or self._days is None:
            return None
        first, last = (day.isoformat() for day in self._days)
        is_region = bool(self.options.split.value)  # its days stay what they are, whatever is stored later
        return ExplorerRequest(
            symbols=tuple(self.symbols.value),
            rtype=self.period.value,
            publisher_id=self.publisher.value,
            start_date=self.start.value if self.start.value and (is_region or self.start.value != first) else None,
            end_date=self.end.value if self.end.value and (is_region or self.end.value != last) else None,
            symbol_type=self.symbol_type.value,
            hours=self.options.hours.value,
            timeframe=self.options.timeframe.value or None,
            split=self.options.split.value or None,
        )

    def set(self, source: ExplorerRequest) -> None:
        """Choose what a request or a session chose.

        Raises:
            InvalidParameterError: If its bars are not stored any more; the choice stays as it is.
        """
        self._choose(source)
        self._tell()

    def _choose(self, source: ExplorerRequest) -> None:
        self._check_stored(source)
        dataset = next(p.dataset for p in self._choices.publishers if p.publisher_id == source.publisher_id)
        with self._quietly():
            self.period.value = source.rtype
            self._fill_datasets(dataset, source.publisher_id, source.symbol_type)
            self.symbols.value = list(source.symbols)
            self._fill_dates()
            first, last = (day.isoformat() for day in self._days) if self._days else ("", "")
            self.start.value, self.end.value = source.start_date or first, source.end_date or last
            self._clamp()
            self._fill_options(source)
            if self.options.region(source.split or NO_SPLIT) is not None:
                self.options.split.value = source.split
            self._leave_split()

    def reload(self) -> None:
        """Read again what is stored; what was chosen stays chosen as far as it is there."""
        stored = self._secmaster.publishers(), self._secmaster.coverage()
        self._choices = SourceChoices(*stored, tuple(products(self._secmaster)))
        with self._quietly():
            offer(self.period, [(PERIOD_NAMES[rtype], rtype) for rtype in self._choices.rtypes()])
            self.options.offer_splits(self._splits.list() if self._splits else ())
            self._fill_datasets()
            self._leave_split()
        self._tell()

    def refresh_watchlists(self) -> None:
        """Read the names of the watchlists anew."""
        if self.watchlists is not None:
            self.watchlists.presets.refresh(self.watchlists.presets.chosen)

    def _check_stored(self, source: ExplorerRequest) -> None:
        kind = source.rtype, source.publisher_id, source.symbol_type
        missing = [symbol for symbol in source.symbols if not self._choices.has(*kind, symbol)]
        if missing:
            period = PERIOD_NAMES.get(source.rtype, f"rtype {source.rtype}")
            raise InvalidParameterError(
                f"no {period} bars of {cut(', '.join(missing))} from publisher {source.publisher_id} are stored "
                "any more: ingest them again or choose other symbols"
            )

    # ---- from one step to the next

    def _fill_datasets(
        self, dataset: str | None = None, publisher_id: int | None = None, symbol_type: str | None = None
    ) -> None:
        datasets = self._choices.datasets(self.period.value) if self.period.value is not None else ()
        offer(self.dataset, [(cut(name, 40), name) for name in datasets], dataset)
        self._fill_publishers(publisher_id, symbol_type)

    def _fill_publishers(self, publisher_id: int | None = None, symbol_type: str | None = None) -> None:
        publishers: Sequence[Publisher] = ()
        if self.dataset.value is not None:
            publishers = self._choices.publishers_of(self.period.value, self.dataset.value)
        offer(self.publisher, [(_publisher_name(p), p.publisher_id) for p in publishers], publisher_id)
        self._fill_symbol_types(symbol_type)

    def _fill_symbol_types(self, symbol_type: str | None = None) -> None:
        kinds: tuple[str, ...] = ()
        if self.publisher.value is not None:
            kinds = self._choices.symbol_types(self.period.value, self.publisher.value)
        offer(self.symbol_type, [(SYMBOL_TYPE_NAMES[kind], kind) for kind in kinds], symbol_type)
        self.symbol_type.layout.display = "" if len(kinds) > 1 else "none"
        self._fill_symbols()

    def _fill_symbols(self) -> None:
        symbols: tuple[str, ...] = ()
        if self.symbol_type.value is not None:
            symbols = self._choices.symbols(self.period.value, self.publisher.value, self.symbol_type.value)
        kept = [symbol for symbol in self.symbols.value if self._is_there(symbol)]
        if self.symbols.value and not kept and len(symbols) == 1:  # nothing to choose between
            kept = list(symbols)
        self.symbols.choices = list(symbols)
        self.symbols.value = kept
        self.symbols.disabled = not symbols
        self.symbols.placeholder = f"Type to find one of {len(symbols):,}" if symbols else "No bars are stored yet"
        self._fill_dates()

    def _take_symbols(self) -> None:
        known = {symbol: self._is_there(symbol) for symbol in self.symbols.value}
        unknown = [symbol for symbol, is_there in known.items() if not is_there]
        self.symbols.value = [symbol for symbol, is_there in known.items() if is_there]
        self._fill_dates()
        if unknown:
            self._say(f"Not stored here: {', '.join(cut(symbol) for symbol in unknown[:5])}.")

    def _is_there(self, symbol: str) -> bool:
        kind = self.symbol_type.value
        return kind is not None and self._choices.has(self.period.value, self.publisher.value, kind, symbol)

    def _fill_dates(self) -> None:
        """Span what is stored of the chosen symbols; dates the user narrowed stay where they still fit."""
        before = self._days
        self._days = None
        if self.symbols.value:
            self._days = self._choices.days(
                self.period.value, self.publisher.value, self.symbol_type.value, self.symbols.value
            )
        first, last = (day.isoformat() for day in self._days) if self._days else ("", "")
        was_first, was_last = (day.isoformat() for day in before) if before else ("", "")
        for field in (self.start, self.end):
            field.min, field.max, field.disabled = first, last, self._days is None
        self.start.value = first if self.start.value in ("", was_first) else self.start.value
        self.end.value = last if self.end.value in ("", was_last) else self.end.value
        self._clamp()
        self._fill_options()

    def _fill_options(self, wanted: ExplorerRequest | None = None) -> None:
        calendar = None
        if self.symbols.value and self._calendars:
            with suppress(CalendarError):
                calendar = self._calendars.code(self.publisher.value, self.symbols.value[0])
        name = PERIOD_NAMES.get(self.period.value, "")
        self.options.offer(self.period.value if self.symbols.value else None, calendar, name, wanted)

    def _take_split(self) -> None:
        """Turn to the bars of a region, made into what they are made into now."""
        region = self.options.region(self.options.split.value)
        if region is not None:
            made = {"hours": self.options.hours.value, "timeframe": self.options.timeframe.value or None}
            self._choose(region.model_copy(update=made if region.rtype == self.period.value else {}))

    def _leave_split(self) -> None:
        """Say no longer that a region is chosen where other bars are."""
        region = self.options.region(self.options.split.value)
        if region is None:
            return
        chosen = (self.period.value, self.publisher.value, self.symbol_type.value, tuple(self.symbols.value))
        of_region = (region.rtype, region.publisher_id, region.symbol_type, region.symbols)
        if (*chosen, self.start.value, self.end.value) != (*of_region, region.start_date, region.end_date):
            self.options.split.value = NO_SPLIT

    def _clamp(self) -> None:
        """Bring the dates into what is stored, and into order, and say so."""
        if self._days is None:
            self.start.value = self.end.value = ""
            self._say("")
            return
        first, last = self._days
        start, start_note = _within(self.start.value, first, last, first)
        end, end_note = _within(self.end.value, first, last, last)
        order_note = ""
        if start > end:
            start, end = end, start
            order_note = "The first day was after the last: swapped."
        self.start.value, self.end.value = start.isoformat(), end.isoformat()
        self._say(" ".join(note for note in (start_note, end_note, order_note) if note))

    def _say(self, message: str) -> None:
        self.message = message
        self._note.value = block(message)

    def _tell(self) -> None:
        value = self.value
        if value != self._told:
            self._told = value
            if self.watchlists is not None:
                self.watchlists.presets.judge()
            self._on_change()

    # ---- widgets

    def _make_widgets(self) -> None:
        self.period = dropdown("Period")
        self.dataset = dropdown("Dataset")
        self.publisher = dropdown("Publisher")
        self.symbol_type = dropdown("Symbol type")
        self.symbols = SymbolBox()
        self.start = DateField(label="First day")
        self.end = DateField(label="Last day")
        self.refresh = widgets.Button(icon="refresh", tooltip="Read again what is stored").add_class("barscope-icon")
        self.options = BarOptions()
        self._note = widgets.HTML().add_class("barscope-hint")
        self.widget = widgets.Box(
            [
                self.period,
                self.dataset,
                self.publisher,
                self.symbol_type,
                labelled("Symbols", self._symbol_line()).add_class("barscope-symbols-field"),
                labelled("From", self.start, tooltip=ALL_DAYS_NOTE).add_class("barscope-date"),
                labelled("To", self.end, tooltip=ALL_DAYS_NOTE).add_class("barscope-date"),
                self.options.widget,
                self.refresh,
                self._note,
                *([] if self.watchlists is None else [self.watchlists.widget]),
            ]
        ).add_class("barscope-source")

    def _symbol_line(self) -> widgets.Widget:
        if self.watchlists is None:
            return self.symbols
        return widgets.Box([self.symbols, self.watchlists.button]).add_class("barscope-symbol-line")

    def _listen(self, guard: Guard) -> None:
        steps: Iterable[tuple[Any, Callable[[], None]]] = (
            (self.period, self._fill_datasets),
            (self.dataset, self._fill_publishers),
            (self.publisher, self._fill_symbol_types),
            (self.symbol_type, self._fill_symbols),
            (self.symbols, self._take_symbols),
            (self.start, self._clamp),
            (self.end, self._clamp),
            (self.options.hours, lambda: None),
            (self.options.timeframe, lambda: None),
            (self.options.split, self._take_split),
        )
        for widget, fill in steps:
            widget.observe(guard(lambda _change, fill=fill: self._step(fill)), "value")
        self.refresh.on_click(guard(lambda _button: self.reload()))

    def _step(self, fill: Callable[[], None]) -> None:
        if not self._filling:
            with self._quietly():
                fill()
                self._leave_split()
            self._tell()

    @contextmanager
    def _quietly(self) -> Iterator[None]:
        """Change fields without each change starting the steps after it anew."""
        before, self._filling = self._filling, True
        try:
            yield
        finally:
            self._filling = before


def _publisher_name(publisher: Publisher) -> str:
    venue = f" · {publisher.venue}" if publisher.venue else ""
    return cut(f"{publisher.name}{venue}", 40)


def _within(text: str, first: dt.date, last: dt.date, fallback: dt.date) -> tuple[dt.date, str]:
    """A date brought into what is stored, and a note where it was not there."""
    if not text:
        return fallback, ""
    try:
        day = parse_date(text)
    except InvalidParameterError as error:
        return fallback, f"{error}."
    if day < first:
        return first, f"{day} is before the first stored bar: {first} it is."
    if day > last:
        return last, f"{day} is after the last stored bar: {last} it is."
    return day, ""
