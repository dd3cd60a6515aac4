"""What a scenario came to at a glance: a few figures, hedged by one template and beside it unhedged."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from barscope.charts.text import escape
from barscope.widgets.fields import text_line

if TYPE_CHECKING:
    from barscope.studies.scenario_result import ScenarioResult

LABELS = ("Survived", "Max LTV", "Margin-call days", "Hedge cost", "Final equity")


class ScenarioCards:
    """A row of cards, changed in place.

    Attributes:
        widget: What a panel shows.
        texts: Label → the figure hedged, and unhedged.
    """

    def __init__(self) -> None:
        self.texts: dict[str, tuple[str, str]] = {}
        self._lines = {label: (text_line(), text_line()) for label in LABELS}
        self._cards = {
            label: widgets.VBox([text_line(label).add_class("barscope-label"), *lines]).add_class(
                "barscope-card-figure"
            )
            for label, lines in self._lines.items()
        }
        self.widget = widgets.Box(list(self._cards.values())).add_class("barscope-cards")

    def show(self, result: ScenarioResult | None, slug: str | None) -> None:
        """The figures of a template; None shows dashes."""
        self.texts = dict.fromkeys(LABELS, ("–", "unhedged –"))
        tones = dict.fromkeys(LABELS, "")
        if result is not None:
            hedged = next(
                t for t in result.summary["template_results"] if t["template_slug"] == (slug or result.slugs[0])
            )
            self.texts = _texts(result.summary, hedged["summary_metrics"])
            tones["Survived"] = "good" if hedged["summary_metrics"]["survived"] else "bad"
        for label, (value, beside) in self.texts.items():
            lines = self._lines[label]
            lines[0].value, lines[1].value = escape(value), escape(beside)
            for tone in ("good", "bad"):
                mark = self._cards[label].add_class if tones[label] == tone else self._cards[label].remove_class
                mark(f"barscope-tone-{tone}")


def _texts(flat: Any, metrics: Any) -> dict[str, tuple[str, str]]:  # noqa: ANN401  # JSON
    bare_equity = flat["end_value_unhedged"] - flat["loan_amount"]
    return {
        "Survived": (_yes(metrics["survived"]), f"unhedged {_yes(not flat['margin_threshold_breached_unhedged'])}"),
        "Max LTV": (ratio(metrics["max_ltv"]), f"unhedged {ratio(flat['max_ltv_unhedged'])}"),
        "Margin-call days": (f"{metrics['margin_call_days']:,}", f"unhedged {flat['margin_call_days_unhedged']:,}"),
        "Hedge cost": (_whole(metrics["total_hedge_cost"]), f"net {_whole(metrics['net_hedge_cost'])}"),
        "Final equity": (_whole(metrics["final_equity"]), f"unhedged {_whole(bare_equity)}"),
    }


def ratio(value: float | None) -> str:
    """A loan-to-value ratio."""
    return "∞" if value is None else f"{value:.3f}"


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def _whole(value: float) -> str:
    return f"{value:,.0f}"
