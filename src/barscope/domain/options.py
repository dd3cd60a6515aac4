"""Prices and Greeks of options on one asset, from QuantLib: Black–Scholes–Merton, and an American binomial tree.

Nothing here touches QuantLib's process-wide evaluation date: formulas take a time to expiry in years, and the tree is
built on a reference date of its own, so prices do not depend on what else the process computes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np

from barscope.errors import InvalidParameterError, cut

if TYPE_CHECKING:
    from barscope.domain.bars import FloatArray

OptionKind = Literal["put", "call"]
DAYS_PER_YEAR = 365.0
"""Actual/365: a time to expiry in years is calendar days over this."""
TREE_STEPS = 200


@dataclass(frozen=True, slots=True)
class Market:
    """What an option price depends on besides the asset.

    Attributes:
        rate: Risk-free rate a year, continuously compounded.
        dividend_yield: Dividends a year as a share of the price, continuously compounded.
    """

    rate: float = 0.045
    dividend_yield: float = 0.0

    def __post_init__(self) -> None:
        for name in ("rate", "dividend_yield"):
            value = getattr(self, name)
            if not math.isfinite(value) or abs(value) > 1:
                raise InvalidParameterError(f"{name} {value} is not a rate a year: a share such as 0.045")


@dataclass(frozen=True, slots=True)
class Greeks:
    """Sensitivities of an option price.

    Attributes:
        delta: Per unit of price.
        gamma: Of delta, per unit of price.
        vega: Per 1.00 of volatility.
        theta: Per year that passes.
        rho: Per 1.00 of the rate.
    """

    delta: float
    gamma: float
    vega: float
    theta: float
    rho: float


def european_prices(
    kind: OptionKind, spot: FloatArray, strike: float, years: FloatArray, volatility: FloatArray, market: Market
) -> FloatArray:
    """Black–Scholes–Merton prices; at expiry the intrinsic value.

    Args:
        kind: `put` or `call`.
        spot: Prices of the asset, above 0.
        strike: Strike, above 0.
        years: Time to expiry in years, at least 0; shape of `spot`.
        volatility: Volatility a year, above 0; shape of `spot`.
        market: Rate and dividends.

    Returns:
        Shape of `spot`, in its unit.

    Raises:
        InvalidParameterError: If a number is out of its bounds.
    """
    import QuantLib as ql  # noqa: N813  # its usual name

    _check(kind, spot, strike, years, volatility)
    discount = np.exp(-market.rate * years)
    forward = spot * np.exp((market.rate - market.dividend_yield) * years)
    deviation = volatility * np.sqrt(years)
    of_kind = _ql_kind(kind)
    formula = ql.blackFormula
    columns = zip(forward.tolist(), deviation.tolist(), discount.tolist(), strict=True)
    return np.array([formula(of_kind, strike, f, s, d) for f, s, d in columns], dtype=np.float64)


def american_prices(
    kind: OptionKind,
    spot: FloatArray,
    strike: float,
    years: FloatArray,
    volatility: FloatArray,
    market: Market,
    steps: int = TREE_STEPS,
) -> FloatArray:
    """Prices of an American option on a Cox–Ross–Rubinstein tree; arguments and result as of `european_prices`.

    Source: J. C. Cox, S. A. Ross, M. Rubinstein, Option Pricing: A Simplified Approach, 1979.
    """
    _check(kind, spot, strike, years, volatility)
    tree = _Tree(kind, strike, market, steps)
    columns = zip(spot.tolist(), np.rint(years * DAYS_PER_YEAR).astype(int).tolist(), volatility.tolist(), strict=True)
    return np.array([tree.price(s, days, v) for s, days, v in columns], dtype=np.float64)


def greeks(kind: OptionKind, spot: float, strike: float, years: float, volatility: float, market: Market) -> Greeks:
    """Greeks of a European option before its expiry.

    Raises:
        InvalidParameterError: If a number is out of its bounds.
    """
    import QuantLib as ql  # noqa: N813

    _check(kind, np.array([spot]), strike, np.array([years]), np.array([volatility]))
    if years == 0:
        raise InvalidParameterError("an option at its expiry has no Greeks: ask for a time to expiry above 0")
    forward = spot * math.exp((market.rate - market.dividend_yield) * years)
    payoff = ql.PlainVanillaPayoff(_ql_kind(kind), strike)
    black = ql.BlackCalculator(payoff, forward, volatility * math.sqrt(years), math.exp(-market.rate * years))
    return Greeks(
        delta=black.delta(spot),
        gamma=black.gamma(spot),
        vega=black.vega(years),
        theta=black.theta(spot, years),
        rho=black.rho(years),
    )


def intrinsic(kind: OptionKind, spot: FloatArray, strike: float) -> FloatArray:
    """What exercising at these prices is worth."""
    return np.maximum(strike - spot if kind == "put" else spot - strike, 0.0)


class _Tree:
    """One binomial engine whose inputs are moved from price to price: building it is what costs."""

    def __init__(self, kind: OptionKind, strike: float, market: Market, steps: int) -> None:
        import QuantLib as ql  # noqa: N813

        self._ql = ql
        self._kind, self._strike = kind, strike
        # Far ahead of any evaluation date, so that QuantLib never takes the option for expired.
        self._today = ql.Date(1, 1, 2150)
        self._spot, self._volatility = ql.SimpleQuote(0.0), ql.SimpleQuote(0.0)
        clock, calendar = ql.Actual365Fixed(), ql.NullCalendar()
        rate, dividends = (
            ql.YieldTermStructureHandle(ql.FlatForward(self._today, value, clock))
            for value in (market.rate, market.dividend_yield)
        )
        surface = ql.BlackConstantVol(self._today, calendar, ql.QuoteHandle(self._volatility), clock)
        process = ql.BlackScholesMertonProcess(
            ql.QuoteHandle(self._spot), dividends, rate, ql.BlackVolTermStructureHandle(surface)
        )
        self._engine = ql.BinomialCRRVanillaEngine(process, steps)
        self._option: Any = lru_cache(maxsize=4)(self._make)

    def price(self, spot: float, days: int, volatility: float) -> float:
        if days == 0:
            return float(intrinsic(self._kind, np.array([spot]), self._strike)[0])
        self._spot.setValue(spot)
        self._volatility.setValue(volatility)
        return float(self._option(days).NPV())

    def _make(self, days: int) -> Any:  # noqa: ANN401  # QuantLib has no types
        payoff = self._ql.PlainVanillaPayoff(_ql_kind(self._kind), self._strike)
        option = self._ql.VanillaOption(payoff, self._ql.AmericanExercise(self._today, self._today + days))
        option.setPricingEngine(self._engine)
        return option


def _ql_kind(kind: OptionKind) -> int:
    import QuantLib as ql  # noqa: N813

    return int(ql.Option.Put if kind == "put" else ql.Option.Call)


def _check(kind: OptionKind, spot: FloatArray, strike: float, years: FloatArray, volatility: FloatArray) -> None:
    if kind not in get_args(OptionKind):
        raise InvalidParameterError(f"unknown option {cut(repr(kind))}: use put or call")
    bounds = (("spot", spot, 0.0, False), ("strike", np.array([strike]), 0.0, False), ("years", years, 0.0, True))
    for name, values, least, may_equal in (*bounds, ("volatility", volatility, 0.0, False)):
        fine = np.isfinite(values) & ((values >= least) if may_equal else (values > least))
        if not fine.all():
            wrong = float(np.asarray(values)[~fine][0])
            raise InvalidParameterError(f"{name} {wrong} cannot be priced: it has to be above {least:g}")
