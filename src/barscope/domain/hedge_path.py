"""A pledged asset day by day, bare and protected by puts: what it is worth, what is owed on it, when the lender calls.

A day's trades happen at its close. The first close is the entry, so the lows of that day lie before it and count for
nothing. A put that expires between two bars is settled at the last close before: nobody knows the next one then.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from barscope.domain.options import DAYS_PER_YEAR, Market, american_prices, european_prices, intrinsic
from barscope.errors import InvalidParameterError

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from barscope.domain.bars import FloatArray
    from barscope.domain.hedges import HedgeLeg, HedgeTemplate
    from barscope.domain.loans import Loan

BoolArray = np.ndarray[tuple[int, ...], np.dtype[np.bool_]]
Dates = np.ndarray[tuple[int, ...], np.dtype[np.datetime64]]
EXERCISES = ("european", "american")


@dataclass(frozen=True, slots=True)
class HedgeTerms:
    """What protection costs besides the market's prices.

    Attributes:
        market: Rate and dividends of the option prices.
        exercise: `european` (Black–Scholes–Merton) or `american` (binomial tree).
        financing_rate: Interest a year on cash below 0, simple, by calendar days.
        option_spread_pct: Bid to ask as a share of the option's price; half of it is paid at each purchase and sale.
        contract_size: Units of the asset per option contract.
    """

    market: Market = field(default_factory=Market)
    exercise: str = "european"
    financing_rate: float = 0.0
    option_spread_pct: float = 0.0
    contract_size: int = 100

    def __post_init__(self) -> None:
        if self.exercise not in EXERCISES:
            raise InvalidParameterError(f"unknown exercise {self.exercise!r}: use one of {', '.join(EXERCISES)}")
        for name, most in (("financing_rate", 1.0), ("option_spread_pct", 1.0)):
            value = getattr(self, name)
            if not 0 <= value <= most:
                raise InvalidParameterError(f"{name} {value} is not a share: from 0 to {most:g}")
        if isinstance(self.contract_size, bool) or self.contract_size < 1:
            raise InvalidParameterError(f"contract_size {self.contract_size} is not a number of units: at least 1")


@dataclass(frozen=True, slots=True)
class DailyPrices:
    """Daily prices of the asset with the volatility its options are priced at.

    Attributes:
        dates: Shape (days,), `datetime64[D]`, strictly rising.
        close, low: Shape (days,), above 0.
        volatility: Shape (days,), a year, above 0.
    """

    dates: Dates
    close: FloatArray
    low: FloatArray
    volatility: FloatArray


@dataclass(frozen=True, slots=True)
class HeldPut:
    """One put from its purchase to its end.

    Attributes:
        bought, ended: Days, counted from 0; `ended` is None where the data end first.
        strike: Its strike.
        expiry: The day it expires.
        units: Units it covers.
        premium: Paid for all of it, spread included.
        proceeds: Received at its end, spread deducted; 0 where the data end first.
    """

    bought: int
    ended: int | None
    strike: float
    expiry: dt.date
    units: float
    premium: float
    proceeds: float


@dataclass(frozen=True, eq=False)
class HedgePath:
    """What became of a pledged asset, each array of shape (days,).

    Attributes:
        underlying_value: Units at the close.
        option_market_value: Puts at the close, at their model price.
        cash: What premiums, sales, settlements and interest have left.
        option_contracts: Contracts held after the close.
        ltv_unhedged, ltv_hedged: Loan-to-value at the close.
        low_ltv_unhedged, low_ltv_hedged: The same at the day's low, puts priced at that low.
        margin_call_unhedged, margin_call_hedged: Whether the lender calls on this day.
        puts: Every put that was bought, in order.
        interest: Paid on cash below 0, all of it.
    """

    underlying_value: FloatArray
    option_market_value: FloatArray
    cash: FloatArray
    option_contracts: FloatArray
    ltv_unhedged: FloatArray
    ltv_hedged: FloatArray
    low_ltv_unhedged: FloatArray
    low_ltv_hedged: FloatArray
    margin_call_unhedged: BoolArray
    margin_call_hedged: BoolArray
    puts: tuple[HeldPut, ...]
    interest: float

    @property
    def net_portfolio_value(self) -> FloatArray:
        """Units, puts and cash at the close."""
        return self.underlying_value + self.option_market_value + self.cash

    @property
    def premiums_paid(self) -> float:
        """All premiums, spreads included."""
        return sum(put.premium for put in self.puts)

    @property
    def proceeds(self) -> float:
        """All that puts brought at their ends."""
        return sum(put.proceeds for put in self.puts)

    @property
    def net_cost(self) -> float:
        """Premiums and interest, less what puts brought and are still worth."""
        return self.premiums_paid + self.interest - self.proceeds - float(self.option_market_value[-1])

    @property
    def open_puts(self) -> tuple[HeldPut, ...]:
        """Puts whose expiry or roll lies beyond the data: they are marked at the model price, not settled."""
        return tuple(put for put in self.puts if put.ended is None)


def hedge_path(
    prices: DailyPrices,
    template: HedgeTemplate,
    loan: Loan,
    terms: HedgeTerms,
    on_day: Callable[[int], None] = lambda _day: None,
) -> HedgePath:
    """Follow a pledged asset under a template.

    Args:
        prices: The asset.
        template: The protection.
        loan: What is owed on it.
        terms: What protection costs.
        on_day: Called with the number of days priced so far, of each leg in turn; what it raises ends the work.
    """
    book = _Book(prices, terms, loan.units * template.coverage, template)
    for leg in template.legs:
        book.buy_through(leg, on_day)
    cash, interest = _with_interest(book.flows, prices.dates, terms.financing_rate)
    worth, at_low = loan.units * prices.close, loan.units * prices.low
    at_low[0] = worth[0]
    cash_before = np.concatenate([cash[:1], cash[:-1]])  # a day's trades come after its low
    ltv, low_ltv = loan.ltv(worth), loan.ltv(at_low)
    hedged = loan.ltv(worth + book.at_close + cash)
    low_hedged = loan.ltv(at_low + book.at_low + cash_before)
    return HedgePath(
        underlying_value=worth,
        option_market_value=book.at_close,
        cash=cash,
        option_contracts=book.held / terms.contract_size,
        ltv_unhedged=ltv,
        ltv_hedged=hedged,
        low_ltv_unhedged=low_ltv,
        low_ltv_hedged=low_hedged,
        margin_call_unhedged=loan.is_called(low_ltv),
        margin_call_hedged=loan.is_called(low_hedged),
        puts=tuple(sorted(book.puts, key=lambda put: put.bought)),
        interest=interest,
    )


class _Book:
    """The puts of one path while they are bought, priced and ended."""

    def __init__(self, prices: DailyPrices, terms: HedgeTerms, units: float, template: HedgeTemplate) -> None:
        n = len(prices.dates)
        self._prices, self._terms, self._units, self._template = prices, terms, units, template
        self.at_close, self.at_low, self.flows, self.held = (np.zeros(n) for _ in range(4))
        self.puts: list[HeldPut] = []

    def buy_through(self, leg: HedgeLeg, on_day: Callable[[int], None]) -> None:
        """Buy a leg at the first close, and again at the end of each, as long as there are days."""
        bought: int | None = 0
        while bought is not None:
            put = self._buy(leg, bought)
            self.puts.append(put)
            on_day((put.ended or len(self.held) - 1) + 1)
            bought = self._next_after(put)

    def _next_after(self, put: HeldPut) -> int | None:
        """The day the next put is bought, None where there is none: nobody buys on the last day."""
        if put.ended is None or not self._template.renews:
            return None
        day = max(put.ended, put.bought + 1)  # it expired in a gap before any other close
        return day if day < len(self.held) - 1 else None

    def _buy(self, leg: HedgeLeg, bought: int) -> HeldPut:
        prices, half_spread = self._prices, self._terms.option_spread_pct / 2
        strike, units = leg.strike_pct * float(prices.close[bought]), self._units * leg.weight
        expiry = add_months(prices.dates[bought].astype(dt.date), leg.months)
        ended, is_settled = self._end_of(expiry, bought)
        last = len(prices.dates) - 1 if ended is None else ended
        days = slice(bought, last + 1)
        volatility = prices.volatility[days]
        known_before = np.concatenate([volatility[:1], volatility[:-1]])  # at the low, the day's close is yet to come
        closes = self._priced(prices.close[days], strike, expiry, days, volatility) * units
        lows = self._priced(prices.low[days], strike, expiry, days, known_before) * units
        proceeds = 0.0
        if ended is not None:
            settled = float(intrinsic("put", prices.close[ended : ended + 1], strike)[0]) * units
            proceeds = settled if is_settled else float(closes[-1]) * (1 - half_spread)
        premium = float(closes[0]) * (1 + half_spread)
        held = slice(bought, last + 1 if ended is None else last)
        self.at_close[held] += closes[: held.stop - bought]
        self.at_low[bought + 1 : last + 1] += lows[1:]
        if bought == 0:
            self.at_low[0] += closes[0]
        self.held[held] += units
        self.flows[bought] -= premium
        self.flows[last] += proceeds
        return HeldPut(bought, ended, strike, expiry, units, premium, proceeds)

    def _end_of(self, expiry: dt.date, bought: int) -> tuple[int | None, bool]:
        """The day a put ends, None if the data end first, and whether it is settled rather than sold."""
        dates, days_before = self._prices.dates, self._template.roll_days_before
        if days_before is not None:
            day = int(np.searchsorted(dates, np.datetime64(expiry - dt.timedelta(days_before), "D")))
            if day < len(dates) and dates[day] < np.datetime64(expiry, "D"):
                return max(day, bought + 1), False
        if dates[-1] < np.datetime64(expiry, "D"):
            return None, False
        return max(int(np.searchsorted(dates, np.datetime64(expiry, "D"), "right")) - 1, bought), True

    def _priced(
        self, spot: FloatArray, strike: float, expiry: dt.date, days: slice, volatility: FloatArray
    ) -> FloatArray:
        left = (np.datetime64(expiry, "D") - self._prices.dates[days]).astype(np.int64)
        price = european_prices if self._terms.exercise == "european" else american_prices
        return price("put", spot, strike, left / DAYS_PER_YEAR, volatility, self._terms.market)


def _with_interest(flows: FloatArray, dates: Dates, rate: float) -> tuple[FloatArray, float]:
    """Cash after each day's flows and the interest on what was owed since the day before; and all interest."""
    if rate == 0:
        return np.cumsum(flows), 0.0
    between: NDArray[np.int64] = np.diff(dates, prepend=dates[:1]).astype(np.int64)
    cash, interest, after = 0.0, 0.0, np.empty_like(flows)
    for day, (flow, days) in enumerate(zip(flows.tolist(), between.tolist(), strict=True)):
        due = max(-cash, 0.0) * rate * days / DAYS_PER_YEAR
        cash += flow - due
        interest += due
        after[day] = cash
    return after, interest


def add_months(day: dt.date, months: int) -> dt.date:
    """The same day so many months later, or the last of that month."""
    month = day.month - 1 + months
    year, month = day.year + month // 12, month % 12 + 1
    first_of_next = dt.date(year + month // 12, month % 12 + 1, 1)
    return dt.date(year, month, min(day.day, (first_of_next - dt.timedelta(1)).day))
