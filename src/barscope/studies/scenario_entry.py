"""What is known of a scenario before it runs: where it begins, and how far the price may fall."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from barscope.domain.time import date_of
from barscope.errors import BarscopeError
from barscope.studies.scenario import daily_prices

if TYPE_CHECKING:
    import datetime as dt

    from barscope.studies.price_source import PriceHistory
    from barscope.studies.scenario_request import ScenarioRequest


@dataclass(frozen=True, slots=True)
class ScenarioEntry:
    """The first day of a scenario.

    Attributes:
        day: The day.
        last_day: The last day.
        days: How many days there are.
        spot: The first close.
        ltv: Loan-to-value at it.
        margin_call_price: The price of a unit at which the bare loan is called.
        distance: From the first close to that price, as a share of the close; negative where it has to fall.
        problem: Why the scenario cannot run; None where it can.
    """

    day: dt.date
    last_day: dt.date
    days: int
    spot: float
    ltv: float
    margin_call_price: float
    distance: float
    problem: str | None


def entry_of(request: ScenarioRequest, history: PriceHistory) -> ScenarioEntry:
    """The entry of a scenario over some prices; what the prices refuse is told as its problem.

    Raises:
        InvalidParameterError: If the loan itself does not hold.
    """
    bars, loan = history.bars, request.loan
    spot = float(bars.close[history.before])
    problem = None
    try:
        daily_prices(request, history)
    except BarscopeError as error:
        problem = str(error)
    return ScenarioEntry(
        day=date_of(int(bars.ts[history.before])),
        last_day=date_of(int(bars.ts[-1])),
        days=len(bars) - history.before,
        spot=spot,
        ltv=loan.amount / (loan.units * spot),
        margin_call_price=loan.margin_call_price,
        distance=loan.margin_call_price / spot - 1,
        problem=problem,
    )
