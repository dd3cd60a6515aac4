"""The hours between regular sessions, for a chart to shade."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from barscope.charts.data import Highlight
from barscope.domain.calendars import closed_hours
from barscope.domain.periods import BarPeriod, period_of_rtype
from barscope.errors import CalendarError, InvalidParameterError, UnknownPublisherError
from barscope.studies.recorded_request import request_of
from barscope.studies.request import BarChoice

if TYPE_CHECKING:
    from collections.abc import Mapping

    from barscope.domain.bars import Bars
    from barscope.studies.calendar_book import CalendarBook


def session_shades(calendars: CalendarBook, choice: BarChoice, symbol: str, bars: Bars) -> tuple[Highlight, ...]:
    """The stretches outside regular hours in which there are bars; none for days and longer, or without a calendar."""
    is_intraday = choice.longer_bars is None or choice.longer_bars.is_intraday
    if period_of_rtype(choice.rtype) is BarPeriod.DAY or not is_intraday or choice.hours == "regular":
        return ()
    try:
        stretches = closed_hours(bars.ts, calendars.code(choice.publisher_id, symbol))
    except (CalendarError, UnknownPublisherError):
        return ()
    return tuple(Highlight(start, end - 1, kind="session") for start, end in stretches)


def shades_of_run(calendars: CalendarBook, config: Mapping[str, Any], symbol: str, bars: Bars) -> tuple[Highlight, ...]:
    """The same for the bars of a run; none where its record does not tell which bars they are."""
    with suppress(InvalidParameterError, KeyError):
        request = request_of(config)
        if isinstance(request, BarChoice):
            return session_shades(calendars, request, symbol, bars)
    return ()
