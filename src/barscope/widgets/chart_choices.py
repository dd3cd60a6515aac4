"""The settings of the chart that is open: loaded by whose they are, changed, kept a moment later. No widgets."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from barscope.charts.settings import ChartSettings, chosen_for
from barscope.widgets.kernel_loop import kernel_loop
from barscope.workspace.saved_charts import indicator_owner

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Iterable

    from barscope.charts.data import ChartSeries
    from barscope.workspace.saved_charts import KeptSettings, SavedCharts

SAVE_AFTER_S = 0.4


class ChartChoices:
    """What was chosen for one chart.

    Args:
        saved: Where settings are kept.
        tell: Called with each stored value that cannot be used.

    Attributes:
        settings: The choices for the chart.
        of_indicators: Those for an indicator wherever it is drawn, by class.
    """

    def __init__(self, saved: SavedCharts, tell: Callable[[str], None]) -> None:
        self._saved = saved
        self._tell = tell
        self._owner: str | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._is_kept = True
        self._loop = kernel_loop()
        self.settings = ChartSettings()
        self.of_indicators: dict[str, ChartSettings] = {}

    def open(self, *owners: str, carry: bool) -> None:
        """Turn to the settings of a chart.

        Args:
            owners: Whose they are, the strongest first; changes are kept for that one.
            carry: Whether a chart that has none goes on with those that are open.
        """
        owner = owners[0] if owners else None
        if owner == self._owner:
            return
        self.flush()
        self._owner = owner
        kept = self._kept(owners)
        if kept.settings != ChartSettings() or not carry:
            self.settings = kept.settings

    def note(self, indicators: Iterable[str | None]) -> None:
        """Take over what was chosen for indicators that are drawn for the first time."""
        new = [name for name in indicators if name and name not in self.of_indicators]
        if new:
            self.of_indicators.update(self._kept((), new).of_indicators)

    def change(self, settings: ChartSettings) -> None:
        """Other choices for the chart."""
        self.settings = settings
        self._save_soon()

    def everywhere(self, s: ChartSeries, series: Iterable[ChartSeries]) -> None:
        """Use what counts for a series in this chart wherever its indicator is drawn."""
        if s.indicator is None:
            return
        siblings = tuple(series)
        chosen = chosen_for(s, siblings, self.settings, self.of_indicators)
        if chosen.fill_to:
            keys = {t.name: t.key for t in siblings if t.indicator == s.indicator and t.group == s.group}
            chosen = replace(chosen, fill_to=keys.get(chosen.fill_to))
        wanted = self.of_indicators.get(s.indicator, ChartSettings()).with_series(s.key)
        wanted = replace(wanted, series={**wanted.series, s.key: chosen})
        self.of_indicators[s.indicator] = wanted
        self._saved.save(indicator_owner(s.indicator), wanted)
        self.change(replace(self.settings, series={k: v for k, v in self.settings.series.items() if k != s.name}))

    def reset(self, indicators: Iterable[str | None] = ()) -> None:
        """Back to what the indicators' own records say, for this chart and for these indicators."""
        for name in {name for name in indicators if name and name in self.of_indicators}:
            self.of_indicators[name] = ChartSettings()
            self._saved.save(indicator_owner(name), ChartSettings())
        self.change(ChartSettings())

    def flush(self) -> None:
        """Keep what is not kept yet."""
        if self._timer is not None:
            self._timer.cancel()
        self._save()

    def _kept(self, owners: Iterable[str], indicators: Iterable[str] = ()) -> KeptSettings:
        kept = self._saved.kept(owners, indicators)
        for problem in kept.problems:
            self._tell(problem)
        return kept

    def _save_soon(self) -> None:
        self._is_kept = False
        if self._loop is None or not self._loop.is_running():
            self._save()
        else:
            self._loop.call_soon_threadsafe(self._restart)

    def _restart(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._loop is not None:
            self._timer = self._loop.call_later(SAVE_AFTER_S, self._save)

    def _save(self) -> None:
        self._timer = None
        if self._owner is not None and not self._is_kept:
            self._saved.save(self._owner, self.settings)
        self._is_kept = True
