"""What a user asks of a collateral-hedge scenario: a frozen, picklable value."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from barscope.domain.hedge_path import HedgeTerms
from barscope.domain.loans import Loan
from barscope.domain.options import Market
from barscope.domain.time import date_range, parse_date
from barscope.errors import InvalidParameterError, cut
from barscope.studies.request import DateText, Request, WholeNumber, as_tuple

DataSource = Literal["secmaster", "synthetic", "databento", "yfinance"]
LEAST_WINDOW = 5


def _plain_number(value: object) -> object:
    """A whole number or a number of numpy as a float; a truth value is neither."""
    number = value.item() if hasattr(value, "item") else value
    return float(number) if isinstance(number, int) and not isinstance(number, bool) else number


Number = Annotated[float, BeforeValidator(_plain_number)]
Numbers = Annotated[tuple[Number, ...], BeforeValidator(as_tuple)]


class ConstantVolatility(Request):
    """The same volatility a year on every day."""

    kind: Literal["constant"] = "constant"
    value: Number = 0.16


class RealisedVolatility(Request):
    """The volatility of the last `window` daily log returns, a year of 252; known at the close of its day."""

    kind: Literal["realised"] = "realised"
    window: WholeNumber = 60


class GivenVolatility(Request):
    """Volatility by day, `YYYY-MM-DD` → a year; a day that is not there has that of the day before."""

    kind: Literal["given"] = "given"
    by_date: dict[str, Number]


Volatility = Annotated[ConstantVolatility | RealisedVolatility | GivenVolatility, Field(discriminator="kind")]


class SyntheticPath(Request):
    """Prices that no market made, on weekdays from the start date: `closes` as given, or a geometric Brownian motion.

    Attributes:
        closes: The closes; open, high and low equal them.
        days: How many days, where `closes` is empty.
        start_price: The first close.
        drift: Of the log price, a year.
        volatility: Of the log price, a year.
        seed: Equal seeds give equal paths.
    """

    closes: Numbers = ()
    days: WholeNumber = 252
    start_price: Number = 100.0
    drift: Number = 0.0
    volatility: Number = 0.16
    seed: WholeNumber = 0


class ScenarioRequest(Request):
    """A loan secured by units of an asset, protected by puts, over a stretch of its history.

    Attributes:
        symbol: The asset.
        start_date: First day, `YYYY-MM-DD`; the first close from there on is the entry.
        end_date: Last day, inclusive; None is the last bar there is.
        template_slugs: At least one template, each once; the first is the one the flat result tells of.
        underlying_units: Units pledged, above 0.
        loan_amount: What is owed, at least 0 and less than the units are worth at entry.
        margin_call_ltv: Loan-to-value at which the lender calls, between 0 and 1.
        data_source: Where prices come from.
        scenario_name: What a person calls it; empty is made of symbol and dates.
        publisher_id: Of the security master; None where only one publisher has daily bars of the symbol.
        symbol_type: `raw_symbol`, `continuous` or `ticker`.
        volatility: That options are priced at.
        rate, dividend_yield: A year, continuously compounded.
        exercise: `european` or `american`.
        financing_rate: Interest a year on cash below 0.
        option_spread_pct: Bid to ask as a share of the option's price.
        contract_size: Units per option contract.
        synthetic: The path of data source `synthetic`.
        dataset: Of data source `databento`.
        max_cost_usd: The most a vendor may charge for the prices; 0 refuses whatever is not free.
    """

    symbol: str
    start_date: DateText
    end_date: DateText | None = None
    template_slugs: Annotated[tuple[str, ...], BeforeValidator(as_tuple)]
    underlying_units: Number
    loan_amount: Number
    margin_call_ltv: Number
    data_source: DataSource = "secmaster"
    scenario_name: str = ""
    publisher_id: WholeNumber | None = None
    symbol_type: str = "raw_symbol"
    volatility: Volatility = Field(default_factory=ConstantVolatility)
    rate: Number = 0.045
    dividend_yield: Number = 0.0
    exercise: Literal["european", "american"] = "european"
    financing_rate: Number = 0.0
    option_spread_pct: Number = 0.0
    contract_size: WholeNumber = 100
    synthetic: SyntheticPath | None = None
    dataset: str | None = None
    max_cost_usd: Number = 0.0

    def __init__(self, **fields: Any) -> None:  # noqa: ANN401  # pydantic checks them
        super().__init__(**_with_templates(fields))

    @property
    def loan(self) -> Loan:
        """The loan.

        Raises:
            InvalidParameterError: If a number is out of its bounds.
        """
        return Loan(self.loan_amount, self.underlying_units, self.margin_call_ltv)

    @property
    def terms(self) -> HedgeTerms:
        """What protection costs besides the market's prices.

        Raises:
            InvalidParameterError: If a number is out of its bounds.
        """
        market = Market(self.rate, self.dividend_yield)
        return HedgeTerms(market, self.exercise, self.financing_rate, self.option_spread_pct, self.contract_size)

    def check(self) -> None:
        """Refuses what no prices could mend.

        Raises:
            InvalidParameterError: It names the value and the remedy.
        """
        _ = self.loan, self.terms
        if not self.symbol.strip():
            raise InvalidParameterError("No symbols selected")
        if not self.template_slugs:
            raise InvalidParameterError("No templates selected: name at least one, such as protective-put-atm-12m")
        if len(set(self.template_slugs)) < len(self.template_slugs):
            raise InvalidParameterError(f"a template is selected twice: {cut(', '.join(self.template_slugs))}")
        _check_volatility(self.volatility)
        if (self.data_source == "synthetic") != (self.synthetic is not None):
            remedy = "give `synthetic` with data_source 'synthetic', and only then"
            raise InvalidParameterError(f"data_source is {self.data_source!r}: {remedy}")
        date_range(self.start_date, self.end_date)


def _with_templates(fields: dict[str, Any]) -> dict[str, Any]:
    """One template may be given as `template_slug`."""
    if "template_slug" not in fields:
        return fields
    if "template_slugs" in fields:
        raise InvalidParameterError("give template_slug or template_slugs, not both")
    rest = {name: value for name, value in fields.items() if name != "template_slug"}
    return {**rest, "template_slugs": (fields["template_slug"],)}


def _check_volatility(volatility: ConstantVolatility | RealisedVolatility | GivenVolatility) -> None:
    if isinstance(volatility, RealisedVolatility):
        if volatility.window < LEAST_WINDOW:
            raise InvalidParameterError(
                f"a window of {volatility.window} returns is too short: at least {LEAST_WINDOW}"
            )
        return
    given = isinstance(volatility, GivenVolatility)
    values = volatility.by_date if isinstance(volatility, GivenVolatility) else {"every day": volatility.value}
    if not values:
        raise InvalidParameterError("volatility by date is empty: give at least one day")
    for day, value in values.items():
        if given:
            parse_date(day)
        if not 0 < value <= 10:  # NaN is not either
            remedy = "a share a year above 0 and at most 10, such as 0.16"
            raise InvalidParameterError(f"volatility {value} of {day} cannot be priced: {remedy}")
