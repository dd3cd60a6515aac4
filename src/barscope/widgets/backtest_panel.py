"""Backtests as a panel: choose bars and a strategy, watch it run, look at what came out."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from barscope.errors import InvalidParameterError
from barscope.jobs import JobStatus
from barscope.studies.request import BacktestRequest, BarChoice, ExplorerRequest
from barscope.widgets.backtest_queue import BacktestQueue
from barscope.widgets.cells import after_each_cell
from barscope.widgets.guard import Guard
from barscope.widgets.job_list import JobList
from barscope.widgets.notices import close_all
from barscope.widgets.poller import Poller
from barscope.widgets.results_view import ResultsView
from barscope.widgets.source_picker import SourcePicker
from barscope.widgets.strategy_picker import StrategyPicker
from barscope.widgets.surroundings import Surroundings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from barscope.jobs import Job
    from barscope.widgets.live_chart import LiveChart
    from barscope.widgets.notices import Notices
    from barscope.workspace.workspace import Workspace

HEIGHT = 680


class BacktestPanel:
    """The backtest panel; show it by ending a cell with it.

    It opens the newest backtest there is. Each part can be used from code as well:
    `panel.source.symbols.value = ["AAPL"]`, `panel.run("SMACrossover", {"fast_period": 20})`, `panel.request`.

    Attributes:
        widget: The whole panel as one widget, for use in a larger layout.
        source: Which bars.
        picker: Which strategy, with which parameters and broker.
        runs: The list of backtests.
        results: What came out of the one that is open.
    """

    def __init__(self, workspace: Workspace, *, height: int = HEIGHT) -> None:
        self._workspace = workspace
        self._guard = Guard()
        self._queue = BacktestQueue(workspace)
        self._awaited: str | None = None
        self._poller = Poller(self._guard(self._step))
        self.source = SourcePicker(
            workspace.secmaster, self._guard, self._take_source, workspace.calendars, workspace.data_splits
        )
        self.picker = StrategyPicker(self._guard, self._run_chosen, self._reload_strategies)
        self.runs = JobList(self._guard, _Actions(self), "Backtests", "Choose a strategy above and run it.")
        nothing = "Run a backtest, or open one from the list"
        self.results = ResultsView(workspace, self._guard, height, self._poller.wake, nothing)
        self.surroundings = Surroundings()
        self.widget = self._arrange(height)
        self.surroundings.observe(self._guard(lambda _change: self._follow_page()), "dark")
        self._guard(self._begin)()
        self._stop_listening = after_each_cell(self._guard(self.refresh))

    def __repr__(self) -> str:
        return f"BacktestPanel({self.picker.strategy.value}, {len(self._queue.entries)} backtests)"

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:  # noqa: ANN401  # as IPython calls and reads it
        return self.widget._repr_mimebundle_(**kwargs)

    # ---- for use from code

    @property
    def request(self) -> BacktestRequest | None:
        """What the button would run; None while no bars are chosen."""
        return self._request(self.picker.strategy.value, self.picker.params, self.picker.broker_settings)

    @property
    def jobs(self) -> tuple[Job[Any], ...]:
        """The jobs of the listed backtests, live or finished lately."""
        found = (self._workspace.jobs.get(run_id) for run_id in self._queue.entries)
        return tuple(job for job in found if job is not None)

    @property
    def chart(self) -> LiveChart:
        """The chart."""
        return self.results.chart

    @property
    def notices(self) -> Notices:
        """The messages under the panel."""
        return self._guard.notices

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

    def open(self, run_id: str) -> None:
        """Show the results of a recorded backtest."""
        with self._guard.lock:
            self.results.open(run_id)
            self._go_on()

    def refresh(self) -> None:
        """Take over what is new, also what was run from code; under plain Python the only way to see news.

        In a notebook this happens by itself: after each cell, and ten times a second while something is under way.
        """
        with self._guard.lock:
            self._queue.read()
            self._go_on()

    def close(self) -> None:
        """Let go of every widget; backtests go on."""
        with self._guard.lock:
            self._stop_listening()
            self._poller.stop()
            self.results.close()
            close_all(self.widget)

    # ---- what happens

    def _begin(self) -> None:
        for failure in self._workspace.strategy_failures:
            self._show_load_failure(failure)
        self._queue.read()
        self._take_last()
        if self.source.value is None:
            self.source.symbols.value = list(self.source.symbols.choices[:1])
        self._take_source()
        done = (entry.key for entry in self._queue.entries.values() if entry.status == JobStatus.COMPLETED)
        self.results.open(next(done, None))
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

    def _go_on(self) -> None:
        """Show what is there, and look again while something is under way."""
        if self._step():
            self._poller.wake()

    def _step(self) -> bool:
        self._queue.follow()
        awaited = self._queue.entries.get(self._awaited or "")
        if awaited is not None and not awaited.is_live:
            self._awaited = None
            if awaited.status == JobStatus.COMPLETED:
                self.results.open(awaited.key)
        waiting = self.results.update()
        self.runs.show(self._queue.entries.values(), self.results.run_id)
        return self._queue.is_live or waiting

    def _follow_page(self) -> None:
        self.results.follow_page(is_dark=self.surroundings.dark)
        self._go_on()

    def _reload_strategies(self) -> None:
        for failure in (*self._workspace.reload_indicators(), *self._workspace.reload_strategies()):
            self._show_load_failure(failure)

    def _show_load_failure(self, failure: Any) -> None:  # noqa: ANN401
        message = f"The code in {failure.source} could not be loaded: {failure.error}"
        self.notices.show(message, failure.traceback, level="warning")

    # ---- widgets

    def _arrange(self, height: int) -> widgets.Widget:
        side = widgets.VBox([self.picker.widget, self.runs.widget]).add_class("barscope-side")
        body = widgets.Box([side, self.results.widget]).add_class("barscope-body")
        body.layout.height = f"{height}px"
        parts = [self.surroundings, self.source.widget, body, self.notices.widget]
        return widgets.VBox(parts).add_class("barscope-panel")


class _Actions:
    """What the rows of the list ask for, done in the panel."""

    def __init__(self, panel: BacktestPanel) -> None:
        self._panel = panel

    def open(self, key: str) -> None:
        entry = self._panel._queue.entries[key]
        if entry.is_live:
            self._panel._awaited = key  # shown as soon as it is done
        else:
            self._panel.open(key)

    def cancel(self, key: str) -> None:
        self._panel._queue.cancel(key)
        self._panel._go_on()

    def reuse(self, key: str) -> None:
        self._panel._reuse(key)

    def explain(self, key: str) -> None:
        entry = self._panel._queue.entries[key]
        self._panel.notices.show(f"{entry.name} failed: {entry.error}", entry.traceback or "")

    def cancel_all(self) -> None:
        self._panel._queue.cancel_all()
        self._panel._go_on()
