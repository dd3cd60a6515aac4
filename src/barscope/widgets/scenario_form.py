"""What a scenario is asked of: asset, stretch, loan and terms, as fields."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from barscope.charts.text import plain
from barscope.domain.hedge_path import EXERCISES
from barscope.domain.periods import BarPeriod
from barscope.errors import InvalidParameterError, cut
from barscope.studies.hedge_costs import STRETCHES
from barscope.studies.scenario_request import RealisedVolatility, ScenarioRequest
from barscope.widgets.bar_options import dropdown, offer
from barscope.widgets.date_field import DateField
from barscope.widgets.fields import labelled
from barscope.widgets.source_choices import SourceChoices
from barscope.widgets.symbol_box import SymbolBox

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from barscope.store.secmaster import SecurityMaster
    from barscope.widgets.guard import Guard

DAILY = BarPeriod.DAY.rtype
ALL, OWN = "all", "own"
_NUMBERS = {
    "underlying_units": ("Units", 1000.0, "Units of the asset pledged"),
    "loan_amount": ("Loan", 60_000.0, "What is owed, in the currency of the prices"),
    "margin_call_ltv": ("Margin-call LTV", 0.75, "Loan-to-value at which the lender calls, between 0 and 1"),
    "volatility": ("Volatility", 0.16, "A year, as a share; that options are priced at"),
    "window": ("Days", 60, "Daily returns the realised volatility looks back on"),
    "rate": ("Rate", 0.045, "Risk-free, a year, continuously compounded"),
    "dividend_yield": ("Dividend yield", 0.0, "A year, continuously compounded"),
    "option_spread_pct": ("Option spread", 0.0, "Bid to ask as a share of an option's price"),
    "financing_rate": ("Financing rate", 0.0, "Interest a year on cash below zero"),
}
_STEPS = {"underlying_units": 100, "loan_amount": 1000, "margin_call_ltv": 0.05}
_PLAIN = ("underlying_units", "loan_amount", "margin_call_ltv")
_TERMS = ("rate", "dividend_yield", "option_spread_pct", "financing_rate")


class ScenarioForm:
    """The fields; `request` is what they ask for.

    Attributes:
        widget: What a panel shows.
        symbol: The asset; a second symbol takes the place of the first.
        publisher: Whose bars, and under what kind of name; shown where there is a choice.
        stretch: A named stretch of history, all stored days, or days of one's own.
        start, end: First and last day.
        numbers: Field of a request → its input; `volatility` is the constant, `window` that of the realised.
        volatility: Constant or realised.
        exercise: European or American.
    """

    def __init__(self, secmaster: SecurityMaster, guard: Guard, on_change: Callable[[], None]) -> None:
        self._secmaster = secmaster
        self._on_change = on_change
        self._filling = False
        self._choices = SourceChoices((), ())
        self._make_widgets()
        self._listen(guard)
        self.reload()

    # ---- what is chosen

    def request(self, template_slugs: tuple[str, ...]) -> ScenarioRequest:
        """What the fields ask for, checked as far as it can be without prices.

        Raises:
            InvalidParameterError: It names the value and the remedy; the field is marked.
        """
        for field in self.numbers.values():
            field.remove_class("barscope-wrong")
        try:
            request = self._asked(template_slugs)
            request.check()
        except InvalidParameterError as error:
            self.mark(str(error))
            raise
        return request

    def mark(self, problem: str) -> None:
        """Mark the field that a message is about."""
        begins = {name: field for name, field in self.numbers.items() if problem.startswith(f"{name} ")}
        if "loan" in problem and not begins and "undercollateralized" in problem:
            begins = {name: self.numbers[name] for name in ("loan_amount", "underlying_units")}
        for field in begins.values():
            field.add_class("barscope-wrong")

    def set(self, request: ScenarioRequest) -> None:
        """Fill the fields with what a scenario was made of.

        Raises:
            InvalidParameterError: If its bars are not stored any more, or the form has no field for what it asks.
        """
        places = self._places(request.symbol)
        if request.data_source != "secmaster" or request.volatility.kind == "given" or not places:
            remedy = "run it from code with `ws.scenario`"
            raise InvalidParameterError(f"the form cannot show this scenario of {cut(request.symbol)}: {remedy}")
        with self._quietly():
            self.symbol.value = [request.symbol]
            self._fill_publishers((request.publisher_id or places[0][0], request.symbol_type))
            self.start.value = request.start_date
            self.end.value = request.end_date or self.end.max
            self._name_stretch()
            for name in (*_PLAIN, *_TERMS):
                self.numbers[name].value = getattr(request, name)
            self.volatility.value = request.volatility.kind
            if isinstance(request.volatility, RealisedVolatility):
                self.numbers["window"].value = request.volatility.window
            else:
                self.numbers["volatility"].value = getattr(request.volatility, "value")  # noqa: B009
            self.exercise.value = request.exercise
            self._show_volatility()
        self._on_change()

    def reload(self) -> None:
        """Read again what is stored; what was chosen stays chosen as far as it is there."""
        self._choices = SourceChoices(self._secmaster.publishers(), self._secmaster.coverage())
        symbols = sorted({c.symbol for c in self._choices.coverage if c.rtype == DAILY})
        with self._quietly():
            self.symbol.choices = symbols
            self.symbol.disabled = not symbols
            self.symbol.placeholder = f"Type to find one of {len(symbols):,}" if symbols else "No daily bars are stored"
            if not self.symbol.value and symbols:
                self.symbol.value = symbols[:1]
            self._take_symbol()

    def _asked(self, template_slugs: tuple[str, ...]) -> ScenarioRequest:
        if not self.symbol.value or self.publisher.value is None:
            raise InvalidParameterError("No symbols selected")
        publisher_id, symbol_type = self.publisher.value
        if self.volatility.value == "realised":
            volatility: dict[str, Any] = {"kind": "realised", "window": self.numbers["window"].value}
        else:
            volatility = {"kind": "constant", "value": self.numbers["volatility"].value}
        return ScenarioRequest(
            symbol=self.symbol.value[0],
            publisher_id=publisher_id,
            symbol_type=symbol_type,
            start_date=self.start.value,
            end_date=self.end.value if self.end.value != self.end.max else None,
            template_slugs=template_slugs,
            volatility=volatility,
            exercise=self.exercise.value,
            **{name: self.numbers[name].value for name in (*_PLAIN, *_TERMS)},
        )

    # ---- from one field to the next

    def _places(self, symbol: str) -> list[tuple[int, str]]:
        """Publisher and kind of name of the daily bars of a symbol."""
        return [
            (c.publisher_id, c.symbol_type) for c in self._choices.coverage if (c.symbol, c.rtype) == (symbol, DAILY)
        ]

    def _take_symbol(self) -> None:
        there = [symbol for symbol in self.symbol.value if symbol in set(self.symbol.choices)]
        self.symbol.value = there[-1:]
        self._fill_publishers()

    def _fill_publishers(self, wanted: tuple[int, str] | None = None) -> None:
        names = {p.publisher_id: p.name for p in self._choices.publishers}
        places = self._places(self.symbol.value[0]) if self.symbol.value else []
        offer(self.publisher, [(plain(f"{names[number]} · {kind}"), (number, kind)) for number, kind in places], wanted)
        self.publisher.layout.display = "" if len(places) > 1 else "none"
        self._fill_days()

    def _fill_days(self) -> None:
        place: tuple[int, str] | None = self.publisher.value
        days = self._choices.days(DAILY, place[0], place[1], self.symbol.value) if place and self.symbol.value else None
        for field in (self.start, self.end):
            field.disabled = days is None
        if days is None:
            return  # until there is a symbol again: the stretch stays what it is
        first, last = (day.isoformat() for day in days)
        for field in (self.start, self.end):
            field.min, field.max = first, last
        named = [(name, name) for name, (begin, end) in STRETCHES.items() if first <= begin and end <= last]
        kept = self.stretch.value
        offer(self.stretch, [*named, ("All stored days", ALL), ("Own days", OWN)], kept)
        if kept is None and any(value == "2008" for _name, value in named):
            self.stretch.value = "2008"
        self._take_stretch()

    def _take_stretch(self) -> None:
        if self.stretch.value != OWN:
            named = STRETCHES.get(self.stretch.value, (self.start.min, self.end.max))
            self.start.value, self.end.value = named
        else:
            self.start.value = max(self.start.value, self.start.min) or self.start.min
            self.end.value = min(self.end.value or self.end.max, self.end.max)

    def _name_stretch(self) -> None:
        """Call the days by their name."""
        chosen = (self.start.value, self.end.value)
        names = {days: name for name, days in STRETCHES.items()} | {(self.start.min, self.end.max): ALL}
        offered = {value for _label, value in self.stretch.options}
        name = names.get(chosen, OWN)
        self.stretch.value = name if name in offered else OWN

    def _show_volatility(self) -> None:
        is_realised = self.volatility.value == "realised"
        self.numbers["window"].layout.display = "" if is_realised else "none"
        self.numbers["volatility"].layout.display = "none" if is_realised else ""

    # ---- widgets

    def _make_widgets(self) -> None:
        self.symbol = SymbolBox()
        self.publisher = dropdown("Publisher")
        self.stretch = dropdown("Stretch")
        self.stretch.tooltip = "From the highest close of the S&P 500 to the lowest after it, or days of your own"
        self.start, self.end = DateField(label="First day"), DateField(label="Last day")
        self.volatility = dropdown("Options priced at")
        offer(self.volatility, [("Constant", "constant"), ("Realised", "realised")])
        self.exercise = dropdown("Exercise")
        offer(self.exercise, [(name.capitalize(), name) for name in EXERCISES])
        self.exercise.tooltip = "European is Black–Scholes–Merton, American a binomial tree, which takes its time"
        self.numbers = {name: _number(name) for name in _NUMBERS}
        asset = [labelled("Symbol", self.symbol), self.publisher, self.stretch]
        days = [labelled("From", self.start), labelled("To", self.end)]
        terms = [self.volatility, self.numbers["volatility"], self.numbers["window"], self.exercise]
        first = widgets.Box([*asset, *days, *(self.numbers[name] for name in _PLAIN)])
        second = widgets.Box([*terms, *(self.numbers[name] for name in _TERMS)])
        rows = [row.add_class("barscope-scenario-fields") for row in (first, second)]
        self.widget = widgets.VBox(rows).add_class("barscope-scenario-form")
        self._show_volatility()

    def _listen(self, guard: Guard) -> None:
        nothing: Callable[[], None] = lambda: None  # noqa: E731
        steps = (
            (self.symbol, self._take_symbol),
            (self.publisher, self._fill_days),
            (self.stretch, self._take_stretch),
            (self.start, self._name_stretch),
            (self.end, self._name_stretch),
            (self.volatility, self._show_volatility),
            *((field, nothing) for field in (*self.numbers.values(), self.exercise)),
        )
        for field, step in steps:
            field.observe(guard(lambda _change, step=step: self._step(step)), "value")

    def _step(self, step: Callable[[], None]) -> None:
        if not self._filling:
            with self._quietly():
                step()
            self._on_change()

    @contextmanager
    def _quietly(self) -> Iterator[None]:
        """Change fields without each change starting the steps after it anew."""
        before, self._filling = self._filling, True
        try:
            yield
        finally:
            self._filling = before


def _number(name: str) -> widgets.Widget:
    label, value, tooltip = _NUMBERS[name]
    kind = widgets.IntText if isinstance(value, int) else widgets.FloatText
    step = _STEPS.get(name, 1 if isinstance(value, int) else 0.005)
    field = kind(value=value, step=step, description=label, tooltip=tooltip, continuous_update=True)
    return field.add_class("barscope-field")
