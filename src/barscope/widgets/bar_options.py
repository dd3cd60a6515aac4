"""What is made of stored bars, and which region of a split is looked at: three small dropdowns of a source."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ipywidgets as widgets

from barscope.charts.text import plain
from barscope.domain.calendars import has_extended_hours
from barscope.domain.periods import BarPeriod
from barscope.domain.timeframes import parse_timeframe
from barscope.widgets.source_choices import PERIOD_NAMES

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from barscope.studies.request import ExplorerRequest
    from barscope.studies.splits import Split

AS_STORED = ""
NO_SPLIT = ""
_HOURS = {"all": "All hours", "regular": "Regular", "extended": "Extended"}
_TIMEFRAMES = ("10s", "30s", "1min", "5min", "15min", "30min", "1h", "2h", "4h", "1d", "1w")
_TIMEFRAME_NAMES = {"1d": "1 session", "1w": "1 week"}


class BarOptions:
    """Hours, timeframe and split; each is shown where there is something to choose.

    Attributes:
        widget: What a source shows.
        hours: Which hours of the exchange.
        timeframe: The longer bars, empty for bars as stored.
        split: The label of a region, such as `train of walk`; empty for none.
    """

    def __init__(self) -> None:
        self.hours = dropdown("Hours")
        self.timeframe = dropdown("Timeframe")
        self.split = dropdown("Split")
        self._regions: dict[str, ExplorerRequest] = {}
        self.widget = widgets.Box([self.hours, self.timeframe, self.split]).add_class("barscope-options")
        self.offer(None, None, "")
        self.offer_splits(())

    def offer(
        self, rtype: int | None, calendar: str | None, stored_name: str, wanted: ExplorerRequest | None = None
    ) -> None:
        """Offer what can be made of bars of a record type; what was chosen stays chosen where it can.

        Args:
            rtype: The record type; None while none is chosen.
            calendar: The calendar of the symbols; None where none is known.
            stored_name: What bars as stored are called.
            wanted: What to choose instead.
        """
        is_daily = rtype in (None, BarPeriod.DAY.rtype)
        kinds = ["all"] if is_daily or calendar is None else ["all", "regular"]
        if len(kinds) > 1 and calendar is not None and has_extended_hours(calendar):
            kinds.append("extended")
        offer(self.hours, [(_HOURS[kind], kind) for kind in kinds], wanted.hours if wanted else None)
        labels = [] if rtype is None else timeframes_over(rtype, calendar)
        asked = None if wanted is None else wanted.timeframe or AS_STORED
        if asked and asked not in labels:
            labels.append(asked)
        named = [(stored_name or "As stored", AS_STORED), *((timeframe_name(label), label) for label in labels)]
        offer(self.timeframe, named, asked)
        _show(self.hours, len(kinds) > 1)
        _show(self.timeframe, bool(labels))

    def offer_splits(self, splits: Iterable[Split]) -> None:
        """Offer every region of every split."""
        sources = [split.source(region.name) for split in splits for region in split.regions]
        self._regions = {source.split or "": source for source in sources}
        labels = [(plain(label), label) for label in self._regions]
        offer(self.split, [("None", NO_SPLIT), *labels])
        _show(self.split, bool(labels))

    @property
    def longer(self) -> tuple[str, ...]:
        """The timeframes that are longer than the chosen one, for indicators."""
        offered = [value for _label, value in self.timeframe.options if value]
        chosen = self.timeframe.value
        least = parse_timeframe(chosen).length_ns if chosen else 0
        lengths = {label: parse_timeframe(label).length_ns for label in offered}
        return tuple(label for label, n in lengths.items() if n > least and (not least or not n % least))

    def region(self, label: str) -> ExplorerRequest | None:
        """The bars of a region by its label; None for none."""
        return self._regions.get(label)


def timeframes_over(rtype: int, calendar: str | None) -> list[str]:
    """The timeframes that are offered over bars of a record type; those of a day need no calendar."""
    period = next(period for period in BarPeriod if period.rtype == rtype)
    if period is BarPeriod.DAY:
        return ["1w"]
    if calendar is None:
        return []
    longer = (label for label in _TIMEFRAMES if parse_timeframe(label).length_ns > period.length_ns)
    return list(longer)


def described(source: ExplorerRequest) -> str:
    """The stored bars and what is made of them, in words: `1 minute · regular hours · as 1h`."""
    parts = [PERIOD_NAMES.get(source.rtype, f"rtype {source.rtype}")]
    if source.hours != "all":
        parts.append(f"{source.hours} hours")
    if source.timeframe is not None:
        parts.append(f"as {timeframe_name(source.timeframe)}")
    return " · ".join(parts)


def timeframe_name(label: str) -> str:
    """What a person calls a timeframe."""
    return _TIMEFRAME_NAMES.get(label, label)


def dropdown(label: str) -> widgets.Dropdown:
    """A dropdown with its name above it."""
    return widgets.Dropdown(description=label).add_class("barscope-field")


def offer(field: widgets.Dropdown, options: Sequence[tuple[str, object]], wanted: object = None) -> None:
    """Other options; the one wanted, else the one chosen so far, else the first is chosen."""
    values = [value for _label, value in options]
    kept = next((value for value in (wanted, field.value) if value in values), values[0] if values else None)
    if tuple(field.options) != tuple(options):
        field.options = tuple(options)
    field.value = kept
    field.disabled = not values


def _show(field: widgets.Dropdown, is_useful: bool) -> None:
    field.layout.display = "" if is_useful else "none"
