"""Whether the best of a sweep can be trusted: the deflated Sharpe ratio, overfitting, what became of each pick."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

import ipywidgets as widgets

from barscope.charts.sweep_heatmap import value_text
from barscope.charts.sweep_metrics import metric_of
from barscope.charts.text import block, plain
from barscope.studies.sweep_frame import PARAM
from barscope.widgets.data_table import Column, DataTable, TableRow
from barscope.widgets.fields import text_line
from barscope.widgets.latest import Latest
from barscope.workspace.sweep_verdict import SweepVerdict, enqueue_verdict

if TYPE_CHECKING:
    from collections.abc import Callable

    import polars as pl

    from barscope.studies.sweep_result import SweepResult
    from barscope.widgets.guard import Guard
    from barscope.workspace.sweep_view import SweepLook
    from barscope.workspace.workspace import Workspace

_MOST_NEIGHBOURS = 200
_CARDS = ("Deflated Sharpe", "Overfitting", "Best neighbourhood", "95% interval of the best", "Independent trials")
Tone = Literal["", "good", "bad"]


class JudgementView:
    """Cards, what became of the picks, and the neighbourhoods.

    Attributes:
        widget: What a panel shows.
        texts: Card → its figure and what stands below it.
        proof: What was chosen and what became of it.
        plateau: The combinations beside their neighbours.
        verdict: What is shown; None before it is there.
    """

    def __init__(self, workspace: Workspace, guard: Guard, on_news: Callable[[], None]) -> None:
        self._workspace = workspace
        self._on_news = on_news
        self._asked: object = None
        self._look: SweepLook | None = None
        self._latest: Latest[SweepVerdict] = Latest(self._take, self._refuse)
        self.verdict: SweepVerdict | None = None
        self.texts: dict[str, tuple[str, str]] = dict.fromkeys(_CARDS, ("–", ""))
        self._cards = {name: (text_line("–"), text_line()) for name in _CARDS}
        self.proof = DataTable((), guard, label="Picks proved", nothing="Not judged yet")
        self.plateau = DataTable((), guard, label="Neighbourhoods", nothing="Not judged yet")
        self._problem = widgets.HTML().add_class("barscope-hint")
        self._headings = [text_line().add_class("barscope-heading") for _ in range(2)]
        cards = widgets.Box([self._card(name) for name in _CARDS]).add_class("barscope-cards")
        parts = [cards, self._problem, self._headings[0], self.proof, self._headings[1], self.plateau]
        self.widget = widgets.VBox(parts).add_class("barscope-judgement")

    def show(self, result: SweepResult, look: SweepLook) -> None:
        """Judge a sweep; nothing happens where that is done."""
        wanted = (result, look.metric, look.symbol, look.stretch)
        if wanted == self._asked:
            return
        self._asked, self._look = wanted, look
        self._problem.value = block("Judging")
        self._latest.ask(enqueue_verdict(self._workspace, result, look))
        self._on_news()

    def update(self) -> bool:
        """Take over the verdict; tells whether it waits for it."""
        return self._latest.update()

    def close(self) -> None:
        """Judge no further."""
        self._latest.stop()

    def _take(self, found: SweepVerdict) -> None:
        assert self._look is not None  # noqa: S101  # it was asked for
        self.verdict = found
        self.texts = _texts(found, self._look)
        for name, (figure, below) in self.texts.items():
            lines = self._cards[name]
            lines[0].value, lines[1].value = block(figure), block(below)
            lines[1].tooltip = below
        self._problem.value = block("\n".join(found.problems))
        metric = metric_of(self._look.metric)
        where = self._look.stretch
        folded = "Chosen on the other parts of the time, proved on one"
        chosen = folded if found.is_folded else f"Chosen in {where}, proved elsewhere"
        self._headings[0].value = block(chosen)
        self._headings[1].value = block(f"{metric.label} beside its neighbours, the best neighbourhood first")
        self.proof.show_columns(_proof_columns(found, metric.name))
        self.proof.show(_proof_rows(found))
        if found.plateau is not None:
            self.plateau.show_columns(_plateau_columns(found.plateau, metric.name))
            self.plateau.show(_rows(found.plateau.head(_MOST_NEIGHBOURS)))

    def _refuse(self, problem: str) -> None:
        self._problem.value = block(problem)

    def _card(self, name: str) -> widgets.Widget:
        label = text_line(name).add_class("barscope-label")
        return widgets.VBox([label, *self._cards[name]]).add_class("barscope-card-figure")


def _texts(found: SweepVerdict, look: SweepLook) -> dict[str, tuple[str, str]]:
    texts = dict.fromkeys(_CARDS, ("–", ""))
    if (d := found.deflated) is not None:
        below = f"Sharpe {d.sharpe:.2f}; the best of {d.trials:,.0f} without edge: {d.expected_maximum:.2f}"
        texts["Deflated Sharpe"] = (f"{d.probability:.0%}", below)
        texts["Independent trials"] = (f"{d.independent_trials:,.0f}", f"of {d.combinations:,} combinations that trade")
    if (o := found.overfitting) is not None:
        below = f"{o.splits:,} splits; a loss out of sample in {o.probability_of_loss:.0%}"
        texts["Overfitting"] = (f"{o.pbo:.0%}", below)
    if found.intervals is not None:
        names = [row.metric for row in found.intervals.rows]
        shown = metric_of(look.metric if look.metric in names else "sharpe")
        row = found.intervals[shown.name]
        below = f"{shown.label} on {found.interval_symbol}, resampled"
        texts["95% interval of the best"] = (f"{shown.text(row.low)} to {shown.text(row.high)}", below)
    if found.plateau is not None and len(found.plateau) and found.plateau["score"][0] is not None:
        best, metric = found.plateau.row(0, named=True), metric_of(look.metric)
        params = ", ".join(f"{k.removeprefix(PARAM)} {value_text(v)}" for k, v in best.items() if k.startswith(PARAM))
        texts["Best neighbourhood"] = (metric.text(best["score"]), params)
    return texts


def _proof_columns(found: SweepVerdict, metric: str) -> tuple[Column, ...]:
    """Where there is little room, numbers and parameters go before what became of the pick."""
    table = next(iter(found.proof.values()), None)
    shown = metric_of("sharpe" if found.is_folded else metric).text
    names = [] if table is None else [n for n in table.columns if n != "symbol" or table["symbol"].n_unique() > 1]
    spare = {name: 1 for name in names if name.startswith(PARAM)} | {"combination": 2}
    columns = (replace(_column(name, shown), spare=spare.get(name, 0)) for name in names)
    return Column("pick", "Pick", str, "left", 66, 0.2, toned=True), *columns


def _proof_rows(found: SweepVerdict) -> list[TableRow]:
    return [
        TableRow(f"{pick}-{n}", {"pick": pick, **row}, _tone(row))
        for pick, table in found.proof.items()
        for n, row in enumerate(table.rows(named=True))
    ]


def _tone(row: dict[str, Any]) -> Tone:
    """Whether a pick did better than half of the others where it was proved."""
    ranks = [value for name, value in row.items() if name.startswith("rank") and value is not None]
    return "" if not ranks else "good" if min(ranks) >= 0.5 else "bad"


def _plateau_columns(table: pl.DataFrame, metric: str) -> tuple[Column, ...]:
    return tuple(_column(name, metric_of(metric).text) for name in table.columns)


def _column(name: str, shown: Callable[[float], str]) -> Column:
    what, _, where = name.partition(":")
    if name.startswith(PARAM):
        return Column(name, plain(where), value_text, "right", max(64, 12 + 7 * len(where)), 0.3)
    if name in ("combination", "fold", "neighbours"):
        label = {"combination": "#", "fold": "Fold", "neighbours": "Of"}[name]
        return Column(name, label, "{:,}".format, "right", 46, 0.1)
    if name == "symbol":
        return Column(name, "Symbol", str, "left", 120, 0.5)
    if what == "rank":
        label = f"Beats in {plain(where)}" if where else "Beats"
        return Column(name, label, "{:.0%}".format, "right", 20 + 7 * len(label), 0.3)
    labels = {"neighbours_mean": "Neighbours", "neighbours_worst": "Worst of them", "score": "Score"}
    label = labels.get(name) or (f"{metric_of(what).label}, {plain(where)}" if where else metric_of(name).label)
    return Column(name, label, shown, "right", max(64, 14 + 7 * len(label)), 0.3)


def _rows(table: pl.DataFrame) -> list[TableRow]:
    return [TableRow(str(n), row) for n, row in enumerate(table.rows(named=True))]
