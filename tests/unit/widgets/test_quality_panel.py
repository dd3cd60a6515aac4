"""The data-quality panel and command over real prices, jobs inline: what is checked, listed and drawn."""

from dataclasses import fields

import numpy as np
import pytest
from typer.testing import CliRunner

import barscope as bs
from barscope.cli.app import app
from barscope.domain.bars import FixedPointBars
from barscope.domain.batches import BarBatch
from barscope.errors import InvalidParameterError, UnknownSymbolError
from barscope.ingest import sample_stocks
from barscope.jobs import InlineExecutor


@pytest.fixture
def ws(tmp_path, minute_bars):
    """The sample stocks by day under 1, and a walk of minutes that belongs to no exchange under 2, of two names."""
    with bs.Workspace(tmp_path / "ws", executor=InlineExecutor()) as workspace:
        master = workspace.secmaster
        stocks = master.ensure_publisher("Sample", "STOCKS", "XNAS").publisher_id
        master.write(stocks, sample_stocks())
        nobody = master.ensure_publisher("nobody", "FILES").publisher_id
        walk = minute_bars("WALK")
        master.write(nobody, [walk, BarBatch(rtype=33, bars=walk.bars, symbol="TWIN", symbol_type="raw_symbol")])
        yield workspace


@pytest.fixture
def panel(ws):
    """A panel on two stocks."""
    made = ws.quality_panel()
    made.source.symbols.value = ["AAPL", "IBM"]
    yield made
    made.close()


def test_a_new_panel_has_checked_nothing(panel):
    """It says what to do, and draws nothing."""
    assert panel.report is None
    assert panel.findings.nothing == "Choose bars above and check them."
    assert panel._cover.value == "Choose a finding to see it on a chart"
    with pytest.raises(InvalidParameterError, match="check the bars first"):
        panel.open(0)


def test_check_lists_findings_and_shows_the_first(panel):
    """Three of Apple, none of IBM; the chart is on the first, its bar shaded in the middle."""
    panel.check_button.click()
    assert [row[:3] for row in panel.findings.shown] == [
        ("AAPL", "probable split", "2000-06-21"),
        ("AAPL", "outlier", "2000-09-29"),
        ("AAPL", "probable split", "2005-02-28"),
    ]
    assert [row[:5] for row in panel.summary.shown] == [
        ("AAPL", "3,270", "100.00%", "3", "XNYS"),
        ("IBM", "3,270", "100.00%", "0", "XNYS"),
    ]
    found = panel.report.findings[0][1]
    (shade,) = panel.chart.data.highlights
    assert (shade.first_ns, shade.kind, shade.label) == (found.start_ns, "warning", "probable split")
    middle = sum(panel.chart.visible) / 2
    assert panel.chart.data.bars.ts[round(middle)] == found.start_ns
    assert panel.notices.messages == ()


def test_a_click_on_a_finding_shows_it(panel):
    """Another finding of the same symbol moves the chart; the bars are read once."""
    panel.check()
    bars = panel.chart.data.bars
    panel.findings.current = "2"
    assert panel.chart.data.bars is bars
    assert panel.chart.data.highlights[0].first_ns == panel.report.findings[2][1].start_ns
    assert "88.99" in panel._facts.value


def test_filters_narrow_by_kind_and_symbol(panel):
    """A dropdown offers the kinds there are with their numbers; a click on a symbol shows its own."""
    panel.check()
    assert [label for label, _value in panel.kind.options] == [
        "All findings (3)",
        "Outlier (1)",
        "Probable split (2)",
    ]
    panel.kind.value = "outlier"
    assert panel.findings.row_keys == ("1",)
    panel.kind.value = ""
    panel.summary.current = "IBM"
    assert panel.symbol.value == "IBM"
    assert panel.findings.row_keys == ()
    assert panel.findings.nothing == "No finding of this kind and symbol."


def test_nothing_found_says_what_was_looked_for(panel):
    """An empty list is a result: of which bars, against which calendar."""
    panel.source.symbols.value = ["IBM"]
    panel.check()
    assert panel.findings.nothing == "Nothing was found."
    assert panel._said.value == "Nothing in 3,270 bars of IBM"
    assert "missing and unexpected sessions and gaps against XNYS" in panel._checked.value
    assert panel._checked.value.endswith("Nothing is repaired.")


def test_without_a_calendar_and_under_two_names(ws):
    """The report says what could not be looked for, and which symbols have the very same bars."""
    report = ws.data_quality(["WALK", "TWIN"])
    assert report.checked == (
        "Looked for stale bars, zero volume, outliers and probable splits; no calendar is known for WALK, TWIN"
    )
    panel = ws.quality_panel()
    panel.source.set(bs.ExplorerRequest(symbols=["WALK", "TWIN"], rtype=33, publisher_id=2))
    panel.check()
    assert [(row[0], row[5]) for row in panel.summary.shown] == [("WALK", "TWIN"), ("TWIN", "WALK")]


def test_missing_bars_are_shown_between_their_neighbours(ws):
    """A session without a bar has nothing to shade: the bars before and after it are."""
    stocks = next(batch for batch in sample_stocks() if batch.symbol == "IBM")
    bars = FixedPointBars(*(np.delete(getattr(stocks.bars, field.name), 100) for field in fields(stocks.bars)))
    ws.secmaster.write(1, [BarBatch(rtype=35, bars=bars, symbol="HOLE", symbol_type="raw_symbol")])
    panel = ws.quality_panel()
    panel.source.reload()
    panel.source.symbols.value = ["HOLE"]
    panel.check()
    assert panel.report.findings[0][1].kind == "missing session"
    (shade,) = panel.chart.data.highlights
    assert (shade.first_ns, shade.last_ns) == (bars.ts[99], bars.ts[100])


def test_symbols_alone_choose_the_bars_there_are(ws, minute_bars):
    """What is stored once needs no more words; what is stored twice is asked for."""
    assert ws.data_quality("AAPL").choice.rtype == 35
    ws.secmaster.write(1, [minute_bars("AAPL")])
    with pytest.raises(InvalidParameterError, match="rtype=33, publisher_id=1 rtype=35"):
        ws.data_quality("AAPL")
    assert ws.data_quality("AAPL", rtype=33).choice.rtype == 33
    with pytest.raises(UnknownSymbolError, match="IBM"):
        ws.data_quality("ibm")
    with pytest.raises(InvalidParameterError, match="one at a time"):
        ws.data_quality(["IBM", "WALK"])


def test_the_command_prints_findings(ws):
    """A table for people, CSV for programs, what was looked for on stderr; an unknown symbol is refused."""
    folder = str(ws.paths.folder)
    ran = CliRunner().invoke(app, ["quality", "AAPL", "--workspace", folder])
    assert (ran.exit_code, ran.stdout.count("probable split")) == (0, 2)
    assert "3 findings in 3,270 bars of AAPL. Looked for missing" in ran.stderr
    csv = CliRunner().invoke(app, ["quality", "AAPL", "--csv", "--workspace", folder]).stdout.splitlines()
    assert csv[0] == "symbol,kind,start,end,bars,detail"
    assert len(csv) == 4
    assert CliRunner().invoke(app, ["quality", "NOPE", "--workspace", folder]).exit_code == 1
