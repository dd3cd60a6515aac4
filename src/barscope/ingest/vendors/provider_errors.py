"""What a vendor's refusal means to the user. Which exceptions are a vendor's, each client's module knows by class."""

from __future__ import annotations

import re

from barscope.errors import DataError, DataSourceError, MissingBarsError, cut

_TOO_EARLY = re.compile("available[ _]start")
_FIRST_DAY = re.compile(r"available start[^(]*\('(\d{4}-\d{2}-\d{2})")


def refusal(text: str) -> DataError:
    """The error for the text of an exception of a vendor's own class."""
    if _TOO_EARLY.search(text) is None:
        return source_error(text)
    day = _FIRST_DAY.search(text)
    if day is None:
        return MissingBarsError("Selected start date is before data is available for this dataset.")
    return not_before(day.group(1))


def not_before(day: str) -> MissingBarsError:
    """The error for a start before the first day a vendor has."""
    return MissingBarsError(f"Data not available before {day}. Please set start date to {day} or later.")


def source_error(text: str) -> DataSourceError:
    """The error for whatever else a vendor or the way to it gives."""
    return DataSourceError(f"Data source error: {cut(' '.join(text.split()), 300)}")


def silent(vendor: str, seconds: float) -> DataSourceError:
    """The error for a vendor that does not answer."""
    return source_error(f"{vendor} did not answer within {seconds:g} seconds: try again later")


def unreachable(vendor: str) -> DataSourceError:
    """The error for a vendor that there is no way to."""
    return source_error(f"{vendor} cannot be reached: check the network connection")


def not_understood(vendor: str, what: str) -> DataSourceError:
    """The error for an answer that is not what it has to be."""
    return source_error(f"{vendor} gave an answer that cannot be read ({what}): try again later")
