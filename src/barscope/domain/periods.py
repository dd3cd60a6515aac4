"""Bar periods and the vendor's record types (`rtype`) that stand for them."""

from __future__ import annotations

from enum import Enum

from barscope.errors import InvalidParameterError


class BarPeriod(Enum):
    """The length of a bar; the value is its length in nanoseconds."""

    SECOND = 1_000_000_000
    MINUTE = 60 * 1_000_000_000
    HOUR = 3_600 * 1_000_000_000
    DAY = 86_400 * 1_000_000_000

    @property
    def length_ns(self) -> int:
        """Length in nanoseconds."""
        return self.value

    @property
    def rtype(self) -> int:
        """The record type that is stored for this period."""
        return _RTYPES[self]

    @property
    def label(self) -> str:
        """What a person reads: `1s`, `1m`, `1h`, `1d`."""
        return _LABELS[self]


_RTYPES = {BarPeriod.SECOND: 32, BarPeriod.MINUTE: 33, BarPeriod.HOUR: 34, BarPeriod.DAY: 35}
_LABELS = {BarPeriod.SECOND: "1s", BarPeriod.MINUTE: "1m", BarPeriod.HOUR: "1h", BarPeriod.DAY: "1d"}
_PERIODS = {rtype: period for period, rtype in _RTYPES.items()}

STORED_RTYPES = frozenset({*_PERIODS, 36})
"""Record types the security master stores; 36 (end-of-day statistics) is stored and never explored."""


def period_of_rtype(rtype: int) -> BarPeriod:
    """The bar period of a record type.

    Raises:
        InvalidParameterError: `invalid rtype N` for anything but 32, 33, 34 and 35.
    """
    try:
        return _PERIODS[rtype]
    except (KeyError, TypeError):
        remedy = "use 32 (1 second), 33 (1 minute), 34 (1 hour) or 35 (1 day)"
        raise InvalidParameterError(f"invalid rtype {rtype}: {remedy}") from None
