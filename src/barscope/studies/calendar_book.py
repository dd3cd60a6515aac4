"""Which calendar the bars of a symbol follow: that of the publisher's venue, unless the user chose another."""

from __future__ import annotations

from typing import TYPE_CHECKING

from barscope.domain.calendars import calendar_of_venue, check_calendar
from barscope.domain.instruments import check_symbol

if TYPE_CHECKING:
    from barscope.store.presets import PresetStore
    from barscope.store.secmaster import SecurityMaster


class CalendarBook:
    """The calendars of publishers and symbols.

    Args:
        secmaster: Where the publishers are.
        presets: Where the user's choices are kept; None goes by the venues alone.
    """

    def __init__(self, secmaster: SecurityMaster, presets: PresetStore | None = None) -> None:
        self._secmaster = secmaster
        self._presets = presets

    def code(self, publisher_id: int, symbol: str) -> str:
        """The code of the calendar of a symbol: its own, else that of its publisher, else that of the venue.

        Raises:
            CalendarError: If none is known.
            UnknownPublisherError: If there is no such publisher.
        """
        if self._presets is not None:
            for owner in (_owner(publisher_id, symbol), _owner(publisher_id)):
                chosen = self._presets.calendar(owner)
                if chosen is not None:
                    return str(chosen)
        publisher = self._secmaster.publisher(publisher_id)
        return calendar_of_venue(publisher.venue or publisher.dataset)

    def choose(self, publisher_id: int, code: str | None, symbol: str | None = None) -> None:
        """Choose the calendar of a publisher, or of one of its symbols; None goes back to that of the venue.

        Raises:
            CalendarError: If the calendar is unknown.
            UnknownPublisherError: If there is no such publisher.
        """
        assert self._presets is not None  # noqa: S101  # every workspace has them
        publisher = self._secmaster.publisher(publisher_id)
        if symbol is not None:
            check_symbol(symbol)
        owner = _owner(publisher.publisher_id, symbol)
        if code is None:
            self._presets.calendars.delete(owner)
        else:
            self._presets.calendars.set(owner, check_calendar(code))


def _owner(publisher_id: int, symbol: str | None = None) -> str:
    return str(publisher_id) if symbol is None else f"{publisher_id}:{symbol}"
