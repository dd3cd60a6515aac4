"""Templates of protection by puts: which strikes and maturities, how much of the units, and what follows at expiry."""

from __future__ import annotations

import math
import re
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from barscope.errors import InvalidParameterError, close_matches, cut

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

SHORTEST_MONTHS, LONGEST_MONTHS = 3, 24
_WEIGHTS_TOLERANCE = 1e-9


@dataclass(frozen=True, slots=True)
class HedgeLeg:
    """One rung of protection.

    Attributes:
        strike_pct: Strike as a share of the price at purchase, such as 0.95.
        months: Maturity in calendar months, 3 to 24.
        weight: Share of the covered units.
    """

    strike_pct: float
    months: int
    weight: float = 1.0

    def __post_init__(self) -> None:
        if not (math.isfinite(self.strike_pct) and 0 < self.strike_pct <= 2):
            remedy = "a share of the price such as 0.95"
            raise InvalidParameterError(f"strike_pct {self.strike_pct} is no strike: {remedy}, above 0 and at most 2")
        if isinstance(self.months, bool) or self.months not in range(SHORTEST_MONTHS, LONGEST_MONTHS + 1):
            bounds = f"a whole number from {SHORTEST_MONTHS} to {LONGEST_MONTHS}"
            raise InvalidParameterError(f"a maturity of {self.months} months is not offered: {bounds}")
        if not 0 < self.weight <= 1:
            raise InvalidParameterError(f"weight {self.weight} is not a share: above 0 and at most 1")


@dataclass(frozen=True, slots=True)
class HedgeTemplate:
    """A way to protect units of an asset by puts.

    Attributes:
        name: What a person calls it.
        legs: Its rungs; their weights sum to 1.
        coverage: Share of the units that is protected, above 0 and at most 1.
        roll_days_before: Sell and buy anew so many calendar days before expiry; None holds to expiry.
        renews: Whether a put that has ended is followed by another of the same kind.
    """

    name: str
    legs: tuple[HedgeLeg, ...]
    coverage: float = 1.0
    roll_days_before: int | None = None
    renews: bool = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "legs", tuple(self.legs))
        if not isinstance(self.name, str) or not slug_of(self.name):
            raise InvalidParameterError(f"template name {cut(repr(self.name))} has no letter or digit: give it a name")
        if not self.legs:
            raise InvalidParameterError(f"template {cut(self.name)} has no legs: give it at least one put")
        total = sum(leg.weight for leg in self.legs)
        if abs(total - 1) > _WEIGHTS_TOLERANCE:
            raise InvalidParameterError(
                f"the weights of template {cut(self.name)} sum to {total:g}: they have to sum to 1"
            )
        if not 0 < self.coverage <= 1:
            raise InvalidParameterError(f"coverage {self.coverage} is not a share: above 0 and at most 1")
        shortest = min(leg.months for leg in self.legs)
        days = self.roll_days_before
        if days is not None and (isinstance(days, bool) or days not in range(1, 28 * shortest)):
            bounds = f"from 1 to {28 * shortest - 1} days, within the shortest maturity"
            raise InvalidParameterError(f"rolling {days} days before expiry is not possible: {bounds}, or None to hold")

    @property
    def slug(self) -> str:
        """Its name as it stands in a request, such as `protective-put-atm-12m`."""
        return slug_of(self.name)

    def to_dict(self) -> dict[str, Any]:
        """As JSON values."""
        return asdict(self) | {"legs": [asdict(leg) for leg in self.legs]}

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any]) -> HedgeTemplate:
        """The template of some JSON values.

        Raises:
            InvalidParameterError: If a field is missing, unknown or out of its bounds.
        """
        try:
            legs = tuple(HedgeLeg(**leg) for leg in fields["legs"])
            return cls(**{**fields, "legs": legs})
        except (KeyError, TypeError) as error:
            raise InvalidParameterError(f"no hedge template: {cut(str(error))}; it needs a name and legs") from None


def slug_of(name: str) -> str:
    """A name in lower case, words joined by hyphens; `%` reads `pct`."""
    return "-".join(re.findall(r"[a-z0-9]+", name.lower().replace("%", "pct")))


def ladder(
    name: str, months: Iterable[int], *, strike_pct: float = 1.0, weights: Iterable[float] = ()
) -> HedgeTemplate:
    """Puts of several maturities, by default with equal weights.

    Raises:
        InvalidParameterError: If weights and maturities differ in number, or the weights do not sum to 1.
    """
    rungs, shares = tuple(months), tuple(weights)
    if shares and len(shares) != len(rungs):
        raise InvalidParameterError(f"{len(shares)} weights for {len(rungs)} maturities: one for each")
    shares = shares or (1 / len(rungs),) * len(rungs)
    legs = tuple(HedgeLeg(strike_pct, month, weight) for month, weight in zip(rungs, shares, strict=True))
    return HedgeTemplate(name, legs)


BUILT_IN: tuple[HedgeTemplate, ...] = (
    HedgeTemplate("Protective put ATM 12m", (HedgeLeg(1.0, 12),)),
    HedgeTemplate("Protective put 95% 12m", (HedgeLeg(0.95, 12),)),
    HedgeTemplate("Protective put 90% 12m", (HedgeLeg(0.90, 12),)),
    HedgeTemplate("Protective put ATM 12m rolled 30d", (HedgeLeg(1.0, 12),), roll_days_before=30),
    ladder("Laddered puts ATM 3-6-9-12m", (3, 6, 9, 12)),
    ladder("Laddered puts 95% 6-12-18-24m", (6, 12, 18, 24), strike_pct=0.95, weights=(0.4, 0.3, 0.2, 0.1)),
)
"""The templates everybody has; users add their own."""


def find_template(slug: str, templates: Iterable[HedgeTemplate]) -> HedgeTemplate:
    """The template of a slug.

    Raises:
        InvalidParameterError: If there is none; with close matches.
    """
    known = {template.slug: template for template in templates}
    if slug not in known:
        close = ", ".join(close_matches(slug, known)) or ", ".join(known)
        raise InvalidParameterError(f"unknown template {cut(slug)}: perhaps {close}")
    return known[slug]
