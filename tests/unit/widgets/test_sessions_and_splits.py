"""Hours, timeframes and splits on the screen: what is offered, what it chooses, and the panel of splits."""

import pytest

import barscope as bs
from barscope.domain.periods import BarPeriod
from barscope.ingest.synthetic import SYNTHETIC_PUBLISHER, synthetic_bars
from barscope.jobs import InlineExecutor


@pytest.fixture
def ws(tmp_path):
    """DAYS by day and MINUTES by minute, of an exchange, and LOST by minute of nobody knows which."""
    with bs.Workspace(tmp_path / "ws", executor=InlineExecutor()) as workspace:
        master = workspace.secmaster
        exchange = master.ensure_publisher(*SYNTHETIC_PUBLISHER).publisher_id
        nobody = master.ensure_publisher("nobody", "FILES").publisher_id
        days = [synthetic_bars(name, BarPeriod.DAY, sessions=100) for name in ("DAYS", "MORE")]
        master.write(exchange, [*days, synthetic_bars("MINUTES", sessions=4)])
        master.write(nobody, [synthetic_bars("LOST", sessions=4)])
        yield workspace


@pytest.fixture
def panel(ws):
    """The explorer panel."""
    made = ws.explorer_panel()
    yield made
    made.close()


def choose(panel, period, symbol, dataset=SYNTHETIC_PUBLISHER.dataset):
    """Turn the source to a symbol."""
    panel.source.period.value = period.rtype
    panel.source.dataset.value = dataset
    panel.source.symbols.value = [symbol]


def offered(field):
    """The values of a dropdown, if it is to be seen."""
    return [value for _label, value in field.options] if field.layout.display != "none" else []


def test_what_bars_can_be_made_into_is_offered(panel):
    """Minutes of an exchange have hours and timeframes, days have weeks, minutes of nobody have neither."""
    choose(panel, BarPeriod.MINUTE, "MINUTES")
    options = panel.source.options
    assert offered(options.hours) == ["all", "regular", "extended"]
    assert offered(options.timeframe) == ["", "5min", "15min", "30min", "1h", "2h", "4h", "1d", "1w"]
    choose(panel, BarPeriod.DAY, "DAYS")
    assert (offered(options.hours), offered(options.timeframe)) == ([], ["", "1w"])
    choose(panel, BarPeriod.MINUTE, "LOST", "FILES")
    assert (offered(options.hours), offered(options.timeframe)) == ([], [])


def test_a_chosen_timeframe_is_a_session_of_its_own(panel, ws):
    """Chart, request and list of sessions tell it from the bars as stored."""
    choose(panel, BarPeriod.MINUTE, "MINUTES")
    panel.add_indicator("SMA", {"timeperiod": 2})
    panel.source.options.hours.value = "regular"
    panel.source.options.timeframe.value = "1h"
    panel.add_indicator("SMA", {"timeperiod": 2})
    panel.refresh()
    assert (panel.request.hours, panel.request.timeframe) == ("regular", "1h")
    assert (len(panel.chart.data.bars), panel.chart.data.bar_length.label) == (28, "1h")
    assert {row._state.value for row in panel.sessions.rows.values()} == {
        "1 minute · regular hours · as 1h · all days · 1 indicator",
        "1 minute · all days · 1 indicator",
    }
    plain = next(row for row in panel.sessions.rows.values() if "1h" not in row._state.value)
    plain.open.click()
    assert (panel.request.timeframe, panel.source.options.timeframe.value) == (None, "")
    longer = next(row for row in panel.sessions.rows.values() if "1h" in row._state.value)
    longer.open.click()
    assert (panel.request.hours, panel.request.timeframe) == ("regular", "1h")


def test_the_picker_computes_on_longer_bars(panel):
    """It offers those longer than the chart's, and lists the indicator by its name there, beside the plain one."""
    choose(panel, BarPeriod.MINUTE, "MINUTES")
    panel.source.options.timeframe.value = "1h"
    assert offered(panel.picker.timeframe) == ["", "2h", "4h", "1d", "1w"]
    panel.picker.select("SMA", {"timeperiod": 2}, "1d")
    panel.picker.add.click()
    panel.add_indicator("SMA", {"timeperiod": 2})
    panel.refresh()
    assert [entry.name for entry in panel._model.entries.values()] == ["SMA(2, CLOSE) @1d", "SMA(2, CLOSE)"]
    assert {series.name for series in panel.chart.data.series} == {"SMA(2, CLOSE) @1d", "SMA(2, CLOSE)"}
    assert [config.timeframe for config in panel.request.indicators] == ["1d", None]


def test_a_region_of_a_split_is_a_source(ws):
    """It chooses symbols and days, and is left when other days are chosen."""
    split = ws.split(bs.ExplorerRequest(symbols=["DAYS"], rtype=35, publisher_id=1), name="walk")
    panel = ws.backtest_panel()
    assert offered(panel.source.options.split) == ["", "train of walk", "dev of walk", "test of walk"]
    panel.source.options.split.value = "train of walk"
    chosen = panel.request
    assert (chosen.start_date, chosen.end_date, chosen.split) == (
        split.train.start_date, split.train.end_date, "train of walk",
    )  # fmt: skip
    panel.source.start.value = "2024-02-01"
    assert panel.source.options.split.value == ""
    assert panel.request.split is None
    panel.source.set(split.source("test"))
    assert panel.source.options.split.value == "test of walk"
    panel.close()


def test_the_splits_panel_shows_what_it_would_keep(ws):
    """Percentages move the regions and the counts; what cannot be is said, and cannot be saved."""
    panel = ws.splits_panel()
    panel.source.symbols.value = ["DAYS", "MORE"]
    assert panel.counts.shown == (("DAYS", "60", "20", "20"), ("MORE", "60", "20", "20"))
    panel.train_pct.value = 70
    assert [texts[0] for texts in panel.bar.texts.values()] == ["train  69.9 %", "dev  20.3 %", "test  9.79 %"]
    panel.dev_pct.value = 40
    assert (panel.split, panel.bar.texts) == (None, {})
    assert "cannot exceed 100" in panel._problem.value
    assert panel._save.disabled
    panel.dev_pct.value = 30
    assert list(panel.bar.texts) == ["train", "dev"]
    panel.close()


def test_the_splits_panel_saves_opens_renames_and_deletes(ws):
    """What is kept is in the workspace at once; an error is shown under the panel."""
    panel = ws.splits_panel()
    panel.source.symbols.value = ["DAYS"]
    panel.name.value = "walk"
    panel._save.click()
    assert panel.saved.row_keys == ("walk",)
    panel.train_pct.value = 50
    panel.name.value = "walk"
    panel._save.click()
    assert len(ws.splits()) == 1
    assert "choose another name" in panel.notices.widget.children[0].children[0].children[0].value
    panel.source.symbols.value = ["MORE"]
    panel.saved.current = ""
    panel.saved.current = "walk"
    assert (panel.source.value.symbols, panel.train_pct.value) == (("DAYS",), 60)
    panel.name.value = "walk 2"
    panel._rename_button.click()
    assert ws.splits()["name"].tolist() == ["walk 2"]
    panel._delete_button.click()
    assert panel.saved.row_keys == ()
    assert panel._delete_button.disabled
    panel.close()
