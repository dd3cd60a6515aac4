"""A hedge template in the making: its legs, how much it covers, and what follows at expiry."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ipywidgets as widgets

from barscope.charts.text import block, escape
from barscope.domain.hedges import LONGEST_MONTHS, SHORTEST_MONTHS, HedgeLeg, HedgeTemplate
from barscope.errors import InvalidParameterError
from barscope.widgets.fields import icon_button, text_line
from barscope.widgets.notices import close_all

if TYPE_CHECKING:
    from collections.abc import Callable

    from barscope.widgets.guard import Guard

EQUAL, OWN = "equal", "own"
HOLD, ROLL = "hold", "roll"
MOST_LEGS = 12


class TemplateBuilder:
    """The form of a template; `template` is what it makes, None while that does not hold.

    Attributes:
        widget: What a panel shows.
        name: What a person calls it.
        legs: Its rungs.
        weighting: Equal weights, or own ones.
        coverage: Share of the units that is protected.
        at_end: Held to expiry, or rolled.
        days: How many days before expiry it is rolled.
        save, cancel: The buttons.
        problem: Why it does not hold; empty where it does.
    """

    def __init__(
        self, guard: Guard, taken: Callable[[], set[str]], on_done: Callable[[HedgeTemplate | None], None]
    ) -> None:
        self._guard = guard
        self._taken = taken
        self._on_done = on_done
        self.problem = ""
        self.template: HedgeTemplate | None = None
        self.legs: list[LegFields] = []
        self._make_widgets()
        self._listen()
        self.clear()

    def clear(self) -> None:
        """Begin anew, with one leg."""
        for leg in self.legs:
            leg.close()
        self.legs = []
        self.name.value, self.weighting.value = "", EQUAL
        self.coverage.value, self.at_end.value, self.days.value = 1.0, HOLD, 30
        self.add_leg()

    def add_leg(self, strike: float = 100.0, months: int = 12) -> None:
        """Another rung."""
        self.legs.append(LegFields(self._guard, strike, months, self._judge, self._remove))
        self._judge()

    def _remove(self, leg: LegFields) -> None:
        self.legs.remove(leg)
        self._judge()
        leg.close()

    # ---- what it makes

    def _judge(self) -> None:
        """Make the template of the fields, or say what is wrong with them."""
        self._share_weights()
        self.problem = ""
        try:
            self.template = self._made()
        except InvalidParameterError as error:
            self.template, self.problem = None, str(error)
        if self.template is not None and self.template.slug in self._taken():
            self.template, self.problem = None, "There is a template of this name already: choose another."
        if not self.name.value.strip():
            self.template, self.problem = None, self.problem or "Give it a name to save it."
        self._arrange()

    def _made(self) -> HedgeTemplate:
        legs = tuple(leg.leg for leg in self.legs)
        days = self.days.value if self.at_end.value == ROLL else None
        return HedgeTemplate(self.name.value.strip() or "unnamed", legs, self.coverage.value, days)

    def _share_weights(self) -> None:
        if self.weighting.value == EQUAL:
            for leg in self.legs:
                leg.share = 1 / len(self.legs)

    def _arrange(self) -> None:
        for leg in self.legs:
            leg.show(is_equal=self.weighting.value == EQUAL, is_only=len(self.legs) == 1)
        rows = tuple(leg.widget for leg in self.legs)
        if self._rows.children != rows:
            self._rows.children = rows
        self.days.layout.display = "" if self.at_end.value == ROLL else "none"
        self.add.disabled = len(self.legs) >= MOST_LEGS
        self.save.disabled = self.template is None
        self._problem.value, self._problem.tooltip = block(self.problem), self.problem or None

    # ---- widgets

    def _make_widgets(self) -> None:
        self.name = widgets.Text(placeholder="Name, such as Puts 92% 9m", continuous_update=True)
        self.name.tooltip = "What the template is called"
        self.weighting = widgets.Dropdown(options=(("Equal weights", EQUAL), ("Own weights", OWN)), tooltip="Weights")
        self.add = widgets.Button(description="Add leg", icon="plus", tooltip="Another put")
        self.coverage = widgets.FloatText(value=1.0, step=0.05, description="Coverage", continuous_update=True)
        self.coverage.tooltip = "Share of the units that is protected"
        self.at_end = widgets.Dropdown(options=(("Hold to expiry", HOLD), ("Roll before", ROLL)), tooltip="At the end")
        self.days = widgets.IntText(value=30, description="Days", tooltip="Before expiry", continuous_update=True)
        self.save = widgets.Button(description="Save template", button_style="primary")
        self.cancel = widgets.Button(description="Cancel")
        self._rows = widgets.VBox().add_class("barscope-legs")
        self._problem = text_line().add_class("barscope-problem")
        head = [text_line(text).add_class("barscope-label") for text in ("Strike %", "Months", "Weight", "")]
        pairs = ([self.weighting, self.add], [self.at_end, self.days], [self.coverage])
        self.widget = widgets.VBox(
            [
                self.name,
                widgets.Box(head).add_class("barscope-leg"),
                self._rows,
                *(widgets.Box(pair).add_class("barscope-template-pair") for pair in pairs),
                self._problem,
                widgets.Box([self.save, self.cancel]).add_class("barscope-template-pair"),
            ]
        ).add_class("barscope-template-form")

    def _listen(self) -> None:
        for field in (self.name, self.weighting, self.coverage, self.at_end, self.days):
            field.observe(self._guard(lambda _change: self._judge()), "value")
        self.add.on_click(self._guard(lambda _button: self.add_leg()))
        self.save.on_click(self._guard(lambda _button: self._on_done(self.template)))
        self.cancel.on_click(self._guard(lambda _button: self._on_done(None)))


class LegFields:
    """The fields of one put.

    Attributes:
        widget: The row.
        strike: In percent of the price.
        months: Maturity.
        weight: Its own share of the covered units.
        share: Its share where all are equal.
        remove: The button.
    """

    def __init__(
        self,
        guard: Guard,
        strike: float,
        months: int,
        on_change: Callable[[], None],
        on_remove: Callable[[LegFields], None],
    ) -> None:
        self.share = 1.0
        self._is_equal = True
        self.strike = widgets.FloatText(value=strike, step=1, description="Strike %", continuous_update=True)
        self.strike.tooltip = "In percent of the price"
        self.months = widgets.IntText(value=months, description="Months", continuous_update=True)
        self.months.tooltip = f"Maturity, {SHORTEST_MONTHS} to {LONGEST_MONTHS}"
        self.weight = widgets.FloatText(value=1.0, step=0.05, description="Weight", continuous_update=True)
        self.weight.tooltip = "Share of the covered units"
        self._equal = text_line().add_class("barscope-hint")
        self.remove = icon_button("times", "Remove this leg")
        fields = [self.strike, self.months, self.weight, self._equal, self.remove]
        self.widget = widgets.Box(fields).add_class("barscope-leg")
        for field in (self.strike, self.months, self.weight):
            field.observe(guard(lambda _change: on_change()), "value")
        self.remove.on_click(guard(lambda _button: on_remove(self)))

    @property
    def leg(self) -> HedgeLeg:
        """The put.

        Raises:
            InvalidParameterError: If a number is out of its bounds.
        """
        return HedgeLeg(self.strike.value / 100, self.months.value, self.share if self._is_equal else self.weight.value)

    def show(self, *, is_equal: bool, is_only: bool) -> None:
        """Show the weight as a field, or as what it is."""
        if self._is_equal and not is_equal:
            self.weight.value = round(self.share, 4)
        self._is_equal = is_equal
        self._equal.value = escape(f"{self.share:.4g}")
        self._equal.layout.display = "" if is_equal else "none"
        self.weight.layout.display = "none" if is_equal else ""
        self.remove.disabled = is_only

    def close(self) -> None:
        """Let go of its widgets."""
        close_all(self.widget)
