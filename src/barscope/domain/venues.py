"""What is known of a venue by its name: the clock on its wall, and the calendar it trades by."""

from __future__ import annotations

from typing import NamedTuple


class Venue(NamedTuple):
    """A place of trading.

    Attributes:
        zone: IANA time zone its charts are drawn in.
        calendar: Its calendar in exchange_calendars; None where no one calendar fits all that trades there.
    """

    zone: str
    calendar: str | None


_US_STOCKS = Venue("America/New_York", "XNYS")
_GLOBEX = Venue("America/Chicago", "CMES")
_GLOBEX_NEW_YORK = Venue("America/New_York", "CMES")

_VENUES = {
    "XNAS": _US_STOCKS,
    "XNYS": _US_STOCKS,
    "ARCX": _US_STOCKS,
    "BATS": _US_STOCKS,
    "XASE": _US_STOCKS,
    "IEXG": _US_STOCKS,
    "EQUS": _US_STOCKS,
    "DBEQ": _US_STOCKS,
    "XCME": _GLOBEX,
    "GLBX": _GLOBEX,
    "XCBT": _GLOBEX,
    "XCEC": _GLOBEX_NEW_YORK,
    "XNYM": _GLOBEX_NEW_YORK,
    "IFUS": Venue("America/New_York", "IEPA"),
    "XLON": Venue("Europe/London", "XLON"),
    "IFEU": Venue("Europe/London", None),
    "XETR": Venue("Europe/Berlin", "XETR"),
    "XEUR": Venue("Europe/Berlin", "XEUR"),
    "XPAR": Venue("Europe/Paris", "XPAR"),
    "XAMS": Venue("Europe/Amsterdam", "XAMS"),
    "XSWX": Venue("Europe/Zurich", "XSWX"),
    "XTKS": Venue("Asia/Tokyo", "XTKS"),
    "XHKG": Venue("Asia/Hong_Kong", "XHKG"),
    "XASX": Venue("Australia/Sydney", "XASX"),
    "XTSE": Venue("America/Toronto", "XTSE"),
    "XSES": Venue("Asia/Singapore", "XSES"),
}


def venue_of(name: str | None) -> Venue | None:
    """A venue by its ISO 10383 code, or by a dataset that begins with one, such as `XNAS.ITCH`; None if unknown."""
    return _VENUES.get((name or "").partition(".")[0].upper())


def zone_of_venue(name: str | None) -> str:
    """The IANA time zone of a venue; UTC where the venue is unknown."""
    venue = venue_of(name)
    return "UTC" if venue is None else venue.zone
