"""The chart settings of a run, beside its chart: folded away until they are asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ipywidgets as widgets

from barscope.charts.settings import apply_settings
from barscope.widgets.chart_choices import ChartChoices
from barscope.widgets.chart_settings_panel import ChartSettingsPanel

if TYPE_CHECKING:
    from collections.abc import Callable

    from barscope.charts.data import Theme
    from barscope.widgets.guard import Guard
    from barscope.workspace.run_view import RunView


class RunChartSettings:
    """A button for a toolbar, and the form it unfolds; where nothing can be kept there is neither.

    Args:
        guard: Of the panel.
        on_change: Called when the chart has to be read and drawn again.

    Attributes:
        button: Unfolds the form.
        widget: The place of the form.
        form: The form of the run that is shown, once it was unfolded.
    """

    def __init__(self, guard: Guard, on_change: Callable[[], None]) -> None:
        self._guard = guard
        self._on_change = on_change
        self._choices: ChartChoices | None = None
        self._shown: tuple[RunView, Theme] | None = None
        self.form: ChartSettingsPanel | None = None
        self.button = widgets.ToggleButton(icon="sliders", tooltip="How the chart is drawn").add_class("barscope-icon")
        self.widget = widgets.Box().add_class("barscope-run-settings")
        self.button.observe(guard(lambda _change: self._unfold()), "value")
        self._unfold()

    def show(self, view: RunView | None, theme: Theme, *, is_open: bool) -> None:
        """Show what counts for the chart of a run.

        Args:
            view: The run; None where there is none.
            theme: Its colours.
            is_open: Whether its chart is in view.
        """
        can_keep = view is not None and view.chart is not None and view.run.saved_charts is not None
        self.button.layout.display = "" if can_keep and is_open else "none"
        self._shown = (view, theme) if view is not None and can_keep else None
        self._unfold()

    def _unfold(self) -> None:
        is_unfolded = self.button.value and self._shown is not None
        self.widget.layout.display = "" if is_unfolded else "none"
        if not is_unfolded or self._shown is None:
            return
        view, theme = self._shown
        saved = view.run.saved_charts
        if saved is None:
            return
        if self.form is None or self._choices is None:
            tell = lambda problem: self._guard.notices.show(problem, level="warning")  # noqa: E731
            self._choices = ChartChoices(saved, tell)
            self.form = ChartSettingsPanel(self._choices, saved, self._guard, self._changed, comparing=False)
            self.widget.children = (self.form.widget,)
        self._choices.open(*saved.owners_of_run(view.run.run_id, view.run.config), carry=False)
        if view.chart is not None:
            self._choices.note(s.indicator for s in view.chart.series)
            # What was chosen just now counts already, while the chart is being read again.
            self.form.show(apply_settings(view.chart, self._choices.settings, self._choices.of_indicators), theme)

    def _changed(self) -> None:
        if self._choices is not None:
            self._choices.flush()
        self._on_change()
