"""Splits as a panel: divide bars into train, dev and test, see what each region holds, and keep it under a name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from barscope.charts.text import escape
from barscope.errors import BarscopeError, InvalidParameterError
from barscope.studies.splits import DEV_PCT, REGIONS, TRAIN_PCT
from barscope.widgets.data_table import Column, DataTable, TableRow
from barscope.widgets.fields import labelled, text_line
from barscope.widgets.guard import Guard
from barscope.widgets.notices import close_all
from barscope.widgets.source_picker import SourcePicker
from barscope.widgets.split_bar import SplitBar
from barscope.widgets.surroundings import Surroundings

if TYPE_CHECKING:
    from barscope.studies.splits import Split
    from barscope.widgets.notices import Notices
    from barscope.workspace.workspace import Workspace


def _number(value: int) -> str:
    return f"{value:,}"


_COUNTS = (
    Column("symbol", "Bars of", width=70),
    *(Column(name, name.capitalize(), _number, "right", 64) for name in REGIONS),
)
_SAVED = (
    Column("name", "Split", width=80, grow=2),
    Column("symbols", "Symbols", width=80, grow=2, spare=2),
    *(Column(name, name.capitalize(), width=172, spare=1) for name in REGIONS),
)


class SplitsPanel:
    """The splits panel; show it by ending a cell with it.

    Each part can be used from code as well: `panel.train_pct.value = 70`, `panel.save("walk 1")`, `panel.split`.

    Attributes:
        widget: The whole panel as one widget, for use in a larger layout.
        source: Which bars.
        train_pct: Percentage of the days to train on.
        dev_pct: Percentage of the days to develop on; what is left is to test.
        bar: The three regions.
        counts: Stored bars per symbol and region.
        name: What to call the split.
        saved: The splits there are.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._guard = Guard()
        self._splits = workspace.data_splits
        self.split: Split | None = None
        """The split as it stands in the panel; None while it does not hold."""
        self._make_widgets()
        self.source = SourcePicker(
            workspace.secmaster, self._guard, self._plan, workspace.calendars, watchlists=workspace.saved.watchlists
        )
        self.widget = self._arrange()
        self._listen()
        self._guard(self._begin)()

    def __repr__(self) -> str:
        return f"SplitsPanel({self.split or 'nothing to split'}, {len(self.saved.row_keys)} saved)"

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:  # noqa: ANN401  # as IPython calls and reads it
        return self.widget._repr_mimebundle_(**kwargs)

    @property
    def notices(self) -> Notices:
        """The messages under the panel."""
        return self._guard.notices

    def save(self, name: str | None = None) -> Split:
        """Keep the split, as the button does.

        Args:
            name: What to call it; None calls it by its symbols and percentages.

        Raises:
            InvalidParameterError: If there is none, or the name is taken.
        """
        with self._guard.lock:
            if self.split is None:
                raise InvalidParameterError(self._problem.tooltip or "No symbols selected")
            kept = self._splits.save(self.split, name)
            self._show_saved(kept.name)
        return kept

    def close(self) -> None:
        """Let go of every widget."""
        with self._guard.lock:
            close_all(self.widget)

    # ---- what happens

    def _begin(self) -> None:
        if self.source.value is None:
            self.source.symbols.value = list(self.source.symbols.choices[:1])
        self._plan()
        self._show_saved()

    def _plan(self) -> None:
        source, problem = self.source.value, ""
        self.split = None
        if source is not None:
            try:
                self.split = self._splits.plan(source, self.train_pct.value, self.dev_pct.value)
            except BarscopeError as error:
                problem = str(error)
        self._problem.value, self._problem.tooltip = escape(problem), problem or None
        bars = self._splits.counts(self.split) if self.split else {}
        self.counts.show([TableRow(symbol, {"symbol": symbol, **of}) for symbol, of in bars.items()])
        self.bar.show(self.split, {name: sum(of.get(name, 0) for of in bars.values()) for name in REGIONS})
        self._save.disabled = self.split is None

    def _save_named(self) -> None:
        self.save(self.name.value.strip() or None)
        self.name.value = ""

    def _rename(self) -> None:
        self._show_saved(self._splits.rename(self.saved.current, self.name.value.strip()).name)
        self.name.value = ""

    def _delete(self) -> None:
        self._splits.delete(self.saved.current)
        self._show_saved()

    def _open(self, name: str) -> None:
        """Show a saved split again."""
        if name:
            split = self._splits.get(name)
            self.train_pct.value, self.dev_pct.value = split.stored.train_pct, split.stored.dev_pct
            whole = {"start_date": split.regions[0].start_date, "end_date": split.regions[-1].end_date, "split": None}
            self.source.set(split.source(split.regions[0].name).model_copy(update=whole))
        self._show_actions()

    def _show_saved(self, current: str = "") -> None:
        found = self._splits.list()
        self.saved.show([_row(split) for split in found])
        self.saved.current = current
        for problem in found.problems:
            self.notices.show(str(problem), level="warning")
        self._show_actions()

    def _show_actions(self) -> None:
        is_open = bool(self.saved.current)
        self._delete_button.disabled = not is_open
        self._rename_button.disabled = not is_open or not self.name.value.strip()

    # ---- widgets

    def _make_widgets(self) -> None:
        self.train_pct = _percentage(TRAIN_PCT, "Percentage of the days to train on")
        self.dev_pct = _percentage(DEV_PCT, "Percentage of the days to develop on; the rest is to test")
        self.bar = SplitBar()
        self.counts = DataTable(_COUNTS, self._guard, label="Bars per region", nothing="Choose symbols above")
        self.saved = DataTable(_SAVED, self._guard, label="Saved splits", nothing="No split is saved yet")
        self._problem = text_line().add_class("barscope-problem")
        self.name = widgets.Text(placeholder="Name, or leave it to the program", continuous_update=True)
        self._save = widgets.Button(description="Save split", icon="save", button_style="primary")
        self._rename_button = widgets.Button(description="Rename", tooltip="Give the chosen split the name above")
        self._delete_button = widgets.Button(description="Delete", tooltip="Forget the chosen split; its runs stay")
        self.surroundings = Surroundings()

    def _arrange(self) -> widgets.Widget:
        shares = widgets.Box([labelled("Train %", self.train_pct), labelled("Dev %", self.dev_pct)])
        naming = widgets.Box([self.name, self._save, self._rename_button, self._delete_button])
        parts = [
            self.surroundings,
            self.source.widget,
            shares.add_class("barscope-shares"),
            self._problem,
            self.bar.widget,
            naming.add_class("barscope-naming"),
            widgets.Box([_holder(self.saved), _holder(self.counts)]).add_class("barscope-split-tables"),
            self.notices.widget,
        ]
        return widgets.VBox(parts).add_class("barscope-panel").add_class("barscope-splits")

    def _listen(self) -> None:
        for slider in (self.train_pct, self.dev_pct):
            slider.observe(self._guard(lambda _change: self._plan()), "value")
        self.name.observe(self._guard(lambda _change: self._show_actions()), "value")
        self._save.on_click(self._guard(lambda _button: self._save_named()))
        self._rename_button.on_click(self._guard(lambda _button: self._rename()))
        self._delete_button.on_click(self._guard(lambda _button: self._delete()))
        self.saved.on_open(self._guard(self._open))


def _percentage(value: float, tooltip: str) -> widgets.FloatSlider:
    style = {"min": 1, "max": 99, "step": 1, "readout_format": ".3g", "continuous_update": False}
    return widgets.FloatSlider(value=value, tooltip=tooltip, **style)


def _holder(table: DataTable) -> widgets.Box:
    return widgets.Box([table]).add_class("barscope-table-holder")


def _row(split: Split) -> TableRow:
    days = {region.name: f"{region.start_date} – {region.end_date}" for region in split.regions}
    return TableRow(split.name, {"name": split.name, "symbols": ", ".join(split.stored.symbols), **days})
