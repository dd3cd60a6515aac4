"""Data quality as a panel: examine stored bars, see what may be wrong with them, look at each finding on a chart."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from barscope.charts.data import ChartSpec
from barscope.charts.text import block, escape, plain, titled
from barscope.domain.data_quality import KINDS
from barscope.domain.periods import BarPeriod
from barscope.errors import InvalidParameterError
from barscope.jobs import JobStatus
from barscope.widgets.bar_options import offer
from barscope.widgets.data_table import Column, DataTable, TableRow
from barscope.widgets.fields import icon_button, text_line
from barscope.widgets.formats import day, moment, number
from barscope.widgets.live_chart import LiveChart
from barscope.widgets.panel import Panel
from barscope.widgets.source_picker import SourcePicker
from barscope.widgets.surroundings import Surroundings
from barscope.workspace.quality import enqueue_quality, finding_chart
from barscope.workspace.symbol_view import enqueue_view

if TYPE_CHECKING:
    from barscope.domain.data_quality import Finding
    from barscope.jobs import Job
    from barscope.studies.data_quality import SymbolQuality
    from barscope.workspace.quality import QualityReport
    from barscope.workspace.symbol_view import SymbolView
    from barscope.workspace.workspace import Workspace

HEIGHT = 520
ANY = ""
_TOOLBAR_PX = 44
_SUMMARY = (
    Column("symbol", "Bars of", width=64),
    Column("bars", "Bars", number, "right", 64, 0.2),
    Column("complete", "Complete", lambda share: f"{share:.2%}", "right", 72, 0.2),
    Column("findings", "Findings", number, "right", 66, 0.2, toned=True),
    Column("calendar", "Calendar", width=64, spare=1),
    Column("same_as", "Same bars as", width=80, spare=2),
)


def _findings_columns(show_time: Any) -> tuple[Column, ...]:  # noqa: ANN401  # a function of `formats`
    return (
        Column("symbol", "Symbol", width=58, grow=0.1),
        Column("kind", "Finding", width=112, grow=0.1),
        Column("start", "From (UTC)", show_time, width=92 if show_time is day else 130, grow=0.1),
        Column("bars", "Bars", number, "right", 52, 0.1, spare=2),
        Column("detail", "What", width=120, grow=3, spare=1),
    )


class QualityPanel(Panel):
    """The data-quality panel; show it by ending a cell with it. It repairs nothing.

    Each part can be used from code as well: `panel.check()`, `panel.report.frame()`, `panel.open(0)`.

    Attributes:
        source: Which bars.
        report: What was found; None before the first check.
        summary: The examined symbols; opening one shows its findings alone.
        kind, symbol: What the list of findings is narrowed to.
        findings: The list of findings; opening one shows it on the chart.
        chart: The chart.
    """

    def __init__(self, workspace: Workspace, *, height: int = HEIGHT) -> None:
        super().__init__()
        self._workspace = workspace
        self._job: Job[QualityReport] | None = None
        self._reading: Job[SymbolView] | None = None
        self._view: SymbolView | None = None
        self._wanted: tuple[str, Finding] | None = None
        self.report: QualityReport | None = None
        self._make_widgets(height)
        self.source = SourcePicker(
            workspace.secmaster, self._guard, self._show_actions, watchlists=workspace.saved.watchlists
        )
        self.source.options.widget.layout.display = "none"  # bars are examined as they are stored
        self.widget = self._arrange(height)
        self._listen()
        self._guard(self._begin)()

    def __repr__(self) -> str:
        return f"QualityPanel({self.report.said if self.report else 'nothing checked yet'})"

    # ---- for use from code

    def check(self) -> Job[QualityReport]:
        """Examine the chosen bars, as the button does.

        Raises:
            InvalidParameterError: If no symbol is chosen.
        """
        with self._guard.lock:
            source = self.source.value
            if source is None:
                raise InvalidParameterError("No symbols selected")
            self._stop()
            self._job = job = enqueue_quality(self._workspace, source)
            self._go_on()
        return job

    def open(self, place: int) -> None:
        """Show a finding on the chart, by its row in `report.frame()`."""
        with self._guard.lock:
            if self.report is None or not 0 <= place < len(self.report.findings):
                raise InvalidParameterError(f"there is no finding {place}: check the bars first, and count from 0")
            self.findings.current = str(place)
            self._open(str(place))

    def refresh(self) -> None:
        """Take over what is new; in a notebook this happens by itself."""
        with self._guard.lock:
            self._go_on()

    # ---- what happens

    def _let_go(self) -> None:
        self._stop()

    def _begin(self) -> None:
        if self.source.value is None:
            self.source.symbols.value = list(self.source.symbols.choices[:1])
        self._show()

    def _step(self) -> bool:
        if self._job is not None and self._job.snapshot.status.is_terminal:
            self._take_report(self._job)
        if self._reading is not None and self._reading.snapshot.status.is_terminal:
            self._take_view(self._reading)
        self._show()
        return self._job is not None or self._reading is not None

    def _take_report(self, job: Job[QualityReport]) -> None:
        self._job = None
        if job.snapshot.status is JobStatus.FAILED:
            self.notices.show(job.snapshot.error or "the bars cannot be examined", job.snapshot.traceback or "")
        if job.snapshot.status is not JobStatus.COMPLETED:
            return
        self.report = report = job.result()
        self._wanted = self._view = None
        self.findings.current = self.summary.current = ""
        self.summary.show([_summary_row(quality) for quality in report.symbols])
        is_daily = report.choice.rtype == BarPeriod.DAY.rtype
        self.findings.show_columns(_findings_columns(day if is_daily else moment))
        self._offer_filters(report)
        if report.findings:
            self.open(0)

    def _offer_filters(self, report: QualityReport) -> None:
        counts = {kind: sum(found.kind == kind for _symbol, found in report.findings) for kind in KINDS}
        kinds = [(f"{kind.capitalize()} ({n:,})", kind) for kind, n in counts.items() if n]
        offer(self.kind, [(f"All findings ({len(report.findings):,})", ANY), *kinds], ANY)
        symbols = [quality.symbol for quality in report.symbols]
        offer(self.symbol, [("All symbols", ANY), *((plain(symbol), symbol) for symbol in symbols)], ANY)
        self._filter()

    def _filter(self) -> None:
        report = self.report
        if report is not None:
            self.findings.show(
                [
                    _finding_row(str(place), symbol, found)
                    for place, (symbol, found) in enumerate(report.findings)
                    if self.kind.value in (ANY, found.kind) and self.symbol.value in (ANY, symbol)
                ]
            )

    def _narrow(self, symbol: str) -> None:
        """Show the findings of one symbol."""
        if symbol:
            self.symbol.value = symbol

    def _open(self, key: str) -> None:
        if self.report is None or not key:
            return
        self._wanted = symbol, _found = self.report.findings[int(key)]
        if self._reading is not None:
            self._reading.cancel()
            self._reading = None
        if self._view is not None and self._view.symbol == symbol:
            self._draw()
        else:
            self._view = None
            self._reading = enqueue_view(self._workspace, self.report.choice, symbol)
        self._go_on()

    def _take_view(self, job: Job[SymbolView]) -> None:
        self._reading = None
        if job.snapshot.status is JobStatus.FAILED:
            self.notices.show(job.snapshot.error or "the bars cannot be read", job.snapshot.traceback or "")
        if job.snapshot.status is JobStatus.COMPLETED:
            self._view = job.result()
            self._draw()

    def _draw(self) -> None:
        if self._view is None or self._wanted is None or self.report is None:
            return
        choice = self.report.choice
        zone = self._workspace.zone_of(choice.publisher_id)
        data, visible = finding_chart(self._view, self._wanted[1], choice.rtype, zone)
        self.chart.show(data, replace(self.chart.spec, visible=visible))

    def _stop(self) -> None:
        for job in (self._job, self._reading):
            if job is not None:
                job.cancel()
        self._job = self._reading = None

    def _cancel(self) -> None:
        if self._job is not None:
            self._job.cancel()
        self._go_on()

    # ---- what is shown

    def _show(self) -> None:
        job, report = self._job, self.report
        self._show_actions()
        self.cancel.layout.display = "" if job is not None else "none"
        self._progress.value = job.snapshot.progress if job is not None else 0.0
        self._progress.layout.visibility = "visible" if job is not None else "hidden"
        said = f"Examining {job.snapshot.message}" if job is not None else "" if report is None else report.said
        self._said.value = escape(said)
        checked = "" if report is None else f"{report.checked}. Nothing is repaired."
        self._checked.value = block(checked)
        self.findings.nothing = self._nothing_found()
        self._show_chart()

    def _show_actions(self) -> None:
        self.check_button.disabled = self.source.value is None or self._job is not None

    def _nothing_found(self) -> str:
        if self.report is None:
            return "Choose bars above and check them."
        return "Nothing was found." if not self.report.findings else "No finding of this kind and symbol."

    def _show_chart(self) -> None:
        wanted, is_drawn = self._wanted, self._view is not None
        facts = "" if wanted is None else f"{wanted[0]} · {wanted[1].kind} · {wanted[1].detail}"
        self._facts.value = titled(facts, facts)
        self.home.disabled = not is_drawn
        waits = (
            "" if is_drawn else "Choose a finding to see it on a chart" if wanted is None else f"Loading {wanted[0]}"
        )
        self._cover.value = escape(waits)
        self._cover.layout.display = "" if waits else "none"

    # ---- widgets

    def _make_widgets(self, height: int) -> None:
        guard = self._guard
        self.check_button = widgets.Button(description="Check", icon="check", button_style="primary")
        self.cancel = widgets.Button(description="Cancel", icon="stop", tooltip="Stop examining")
        self._progress = widgets.FloatProgress(min=0.0, max=1.0)
        self._said = text_line().add_class("barscope-heading")
        self._checked = widgets.HTML().add_class("barscope-hint").add_class("barscope-checked")
        self.summary = DataTable(_SUMMARY, guard, label="Examined symbols")
        self.kind = widgets.Dropdown(options=[("All findings", ANY)], value=ANY, tooltip="Findings of one kind")
        self.symbol = widgets.Dropdown(options=[("All symbols", ANY)], value=ANY, tooltip="Findings of one symbol")
        self.findings = DataTable(_findings_columns(day), guard, label="Findings")
        self.chart = LiveChart(spec=ChartSpec(height=height - _TOOLBAR_PX))
        self.home = icon_button("home", "Show all bars")
        self._facts = text_line().add_class("barscope-facts")
        self._cover = widgets.HTML().add_class("barscope-cover")
        self.surroundings = Surroundings()

    def _arrange(self, height: int) -> widgets.Widget:
        actions = widgets.Box([self.check_button, self.cancel, self._said, self._checked])
        filters = widgets.Box([self.kind, self.symbol]).add_class("barscope-quality-filters")
        side = widgets.VBox([_holder(self.summary, "barscope-quality-summary"), filters, _holder(self.findings)])
        toolbar = widgets.Box([self._facts, self.home]).add_class("barscope-toolbar")
        stage = widgets.Box([self.chart.widget, self._cover]).add_class("barscope-stage")
        area = widgets.VBox([toolbar, stage]).add_class("barscope-chart-area")
        body = widgets.Box([side.add_class("barscope-runs-side"), area]).add_class("barscope-runs-body")
        body.layout.height = f"{height}px"
        parts = [
            self.surroundings,
            self.source.widget,
            actions.add_class("barscope-quality-actions"),
            self._progress,
            body,
            self.notices.widget,
        ]
        return widgets.VBox(parts).add_class("barscope-panel").add_class("barscope-quality")

    def _listen(self) -> None:
        guard = self._guard
        self.check_button.on_click(guard(lambda _button: self.check()))
        self.cancel.on_click(guard(lambda _button: self._cancel()))
        self.home.on_click(guard(lambda _button: self.chart.home()))
        for field in (self.kind, self.symbol):
            field.observe(guard(lambda _change: self._filter()), "value")
        self.summary.on_open(guard(self._narrow))
        self.findings.on_open(guard(self._open))
        self.surroundings.observe(
            guard(lambda change: self.chart.set_theme("dark" if change["new"] else "light")), "dark"
        )


def _holder(table: DataTable, *names: str) -> widgets.Box:
    holder = widgets.Box([table]).add_class("barscope-table-holder")
    for name in names:
        holder.add_class(name)
    return holder


def _summary_row(quality: SymbolQuality) -> TableRow:
    expected, n = quality.expected, len(quality.findings)
    values = {
        "symbol": quality.symbol,
        "bars": quality.bars,
        "complete": None if expected is None or not expected.bars else expected.present / expected.bars,
        "findings": n,
        "calendar": quality.calendar,
        "same_as": ", ".join(quality.same_as) or None,
    }
    return TableRow(quality.symbol, values, "good" if not n and not quality.same_as else "")


def _finding_row(key: str, symbol: str, found: Finding) -> TableRow:
    values = {
        "symbol": symbol,
        "kind": found.kind,
        "start": found.start_ns,
        "bars": found.bars,
        "detail": found.detail,
    }
    return TableRow(key, values)
