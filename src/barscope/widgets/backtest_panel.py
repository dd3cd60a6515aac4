"""Backtests as a panel: choose bars and a strategy, watch it run, look at what came out."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from barscope.errors import InvalidParameterError
from barscope.studies.request import BacktestRequest, BarChoice, ExplorerRequest
from barscope.widgets.backtest_queue import BacktestQueue
from barscope.widgets.job_panel import JobPanel
from barscope.widgets.results_view import ResultsView
from barscope.widgets.source_picker import SourcePicker
from barscope.widgets.strategy_picker import StrategyPicker

if TYPE_CHECKING:
    from collections.abc import Mapping

    from barscope.jobs import Job
    from barscope.widgets.live_chart import LiveChart
    from barscope.workspace.workspace import Workspace

HEIGHT = 680


class BacktestPanel(JobPanel):
    """The backtest panel; show it by ending a cell with it.

    It opens the newest backtest there is. Each part can be used from code as well:
    `panel.source.symbols.value = ["AAPL"]`, `panel.run("SMACrossover", {"fast_period": 20})`, `panel.request`.

    Attributes:
        source: Which bars.
        picker: Which strategy, with which parameters and broker.
        results: What came out of the backtest that is open.
    """

    _queue: BacktestQueue
    results: ResultsView

    def __init__(self, workspace: Workspace, *, height: int = HEIGHT) -> None:
        super().__init__(BacktestQueue(workspace))
        self._workspace = workspace
        self.source = SourcePicker(
            workspace.secmaster,
            self._guard,
            self._take_source,
            workspace.calendars,
            workspace.data_splits,
            workspace.saved.watchlists,
        )
        self.picker = StrategyPicker(self._guard, self._run_chosen, self._reload_strategies)
        self.runs = self._list("Backtests", "Choose a strategy above and run it.")
        nothing = "Run a backtest, or open one from the list"
        self.results = ResultsView(workspace, self._guard, height, self._poller.wake, nothing)
        self.widget = self._arrange(height)
        self._start()

    def __repr__(self) -> str:
        return f"BacktestPanel({self.picker.strategy.value}, {len(self._queue.entries)} backtests)"

    # ---- for use from code

    @property
    def request(self) -> BacktestRequest | None:
        """What the button would run; None while no bars are chosen."""
        return self._request(self.picker.strategy.value, self.picker.params, self.picker.broker_settings)

    @property
    def chart(self) -> LiveChart:
        """The chart."""
        return self.results.chart

    def run(
        self, strategy: str, params: Mapping[str, Any] | None = None, broker: Mapping[str, Any] | None = None
    ) -> Job[Any]:
        """Run a backtest on the chosen bars, as the button does.

        Args:
            strategy: The name of its class.
            params: Its parameters; those left out take their defaults.
            broker: Settings of `SimulatedBroker`; those left out are off or neutral.

        Raises:
            BarscopeError: If it does not hold, or no bars are chosen.
        """
        with self._guard.lock:
            request = self._request(strategy, params or {}, broker or {})
            if request is None:
                raise InvalidParameterError("No symbols selected")
            job = self._queue.add(request)
            self._awaited = job.run_id
            self._go_on()
        return job

    # ---- what happens

    def _begin(self) -> None:
        self._show_load_failures(self._workspace.strategy_failures)
        self._queue.read()
        self._take_last()
        if self.source.value is None:
            self.source.symbols.value = list(self.source.symbols.choices[:1])
        self._take_source()
        self.results.open(self._newest())
        self._go_on()

    def _take_last(self) -> None:
        """Begin with what was run last, as far as it is still there."""
        for run_id in tuple(self._queue.entries)[:1]:
            with suppress(InvalidParameterError):
                self._reuse(run_id)

    def _take_source(self) -> None:
        source = self.source.value
        self.picker.offer(source.symbols if source else ())

    def _request(self, strategy: str, params: Mapping[str, Any], broker: Mapping[str, Any]) -> BacktestRequest | None:
        source = self.source.value
        if source is None:
            return None
        choice = {name: getattr(source, name) for name in BarChoice.model_fields}
        return BacktestRequest(**choice, strategy=strategy, strategy_params=dict(params), broker=dict(broker))

    def _run_chosen(self) -> None:
        self.run(self.picker.strategy.value, self.picker.params, self.picker.broker_settings)

    def _reuse(self, run_id: str) -> None:
        request = self._queue.request_of(run_id)
        choice = {name: getattr(request, name) for name in BarChoice.model_fields}
        self.source.set(ExplorerRequest(**choice))
        self.picker.select(request.strategy, request.strategy_params, request.broker)

    def _step(self) -> bool:
        self._follow_queue()
        waiting = self.results.update()
        self.runs.show(self._queue.entries.values(), self.results.run_id)
        return self._queue.is_live or waiting

    def _reload_strategies(self) -> None:
        self._show_load_failures((*self._workspace.reload_indicators(), *self._workspace.reload_strategies()))

    # ---- widgets

    def _arrange(self, height: int) -> widgets.Widget:
        side = widgets.VBox([self.picker.widget, self.runs.widget]).add_class("barscope-side")
        body = widgets.Box([side, self.results.widget]).add_class("barscope-body")
        body.layout.height = f"{height}px"
        parts = [self.surroundings, self.source.widget, body, self.notices.widget]
        return widgets.VBox(parts).add_class("barscope-panel")
