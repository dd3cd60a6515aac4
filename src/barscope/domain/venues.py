"""The clock on the wall of a venue: which time zone a chart of its bars is drawn in."""

from __future__ import annotations

_ZONES = {
    "XNAS": "America/New_York",
    "XNYS": "America/New_York",
    "ARCX": "America/New_York",
    "BATS": "America/New_York",
    "XASE": "America/New_York",
    "IEXG": "America/New_York",
    "XCME": "America/Chicago",
    "GLBX": "America/Chicago",
    "XCBT": "America/Chicago",
    "XCEC": "America/New_York",
    "XNYM": "America/New_York",
    "IFUS": "America/New_York",
    "XLON": "Europe/London",
    "IFEU": "Europe/London",
    "XETR": "Europe/Berlin",
    "XEUR": "Europe/Berlin",
    "XPAR": "Europe/Paris",
    "XAMS": "Europe/Amsterdam",
    "XSWX": "Europe/Zurich",
    "XTKS": "Asia/Tokyo",
    "XHKG": "Asia/Hong_Kong",
    "XASX": "Australia/Sydney",
    "XTSE": "America/Toronto",
    "XSES": "Asia/Singapore",
}


def zone_of_venue(venue: str | None) -> str:
    """The IANA time zone of a venue by its ISO 10383 code; UTC where the venue is unknown."""
    return _ZONES.get((venue or "").upper(), "UTC")
