"""Hours, timeframes, calendars and splits, from request to record and back."""

import json

import apsw
import numpy as np
import pytest

import barscope as bs
from barscope.charts.settings import ChartSettings
from barscope.domain.time import iso
from barscope.errors import CalendarError, InvalidParameterError, MissingBarsError
from barscope.ingest.synthetic import SYNTHETIC_PUBLISHER, synthetic_bars
from barscope.jobs import InlineExecutor
from barscope.workspace.read_only import ReadOnlyWorkspace
from barscope.workspace.saved_charts import run_owner

SMA3 = {"class_name": "SMA", "params": {"timeperiod": 3}}


@pytest.fixture
def ws(tmp_path):
    """A workspace with ten days of SYN-A by minute, from Friday 28 June 2024, over an early close and a holiday."""
    with bs.Workspace(tmp_path / "ws", executor=InlineExecutor()) as workspace:
        publisher = workspace.secmaster.ensure_publisher(*SYNTHETIC_PUBLISHER)
        workspace.secmaster.write(publisher.publisher_id, [synthetic_bars(start_date="2024-06-28", sessions=10)])
        yield workspace


def request(*indicators, **changes):
    """Indicators over SYN-A, with some fields changed."""
    configs = [bs.IndicatorConfig(**config) for config in indicators or (SMA3,)]
    fields = {"symbols": ["SYN-A"], "rtype": 33, "publisher_id": 1, "indicators": configs}
    return bs.ExplorerRequest(**{**fields, **changes})


def test_a_run_of_longer_bars_says_what_it_is(ws):
    """The record has hours, timeframe and calendar; the request comes back from it; rows are known at their end."""
    asked = request(hours="regular", timeframe="60min")
    run = ws.explore(asked).result()
    assert (run.config["hours"], run.config["timeframe"]) == ("regular", "1h")
    assert run.config["bar_sources"]["SYN-A"] == {
        "calendar": "XNYS", "hours": "regular", "timeframe": "1h", "last_bar_is_partial": False,
    }  # fmt: skip
    assert run.request.options() == asked.options() == {"hours": "regular", "timeframe": "1h"}
    assert len(run.bars()) == 9 * 7 + 4
    assert ws.repeat(run.run_id).equal
    assert (run.chart_data().bar_length.label, "SYN-A 1h: SMA") == ("1h", run.record.name)
    rows = apsw.Connection(str(ws.paths.runs)).execute(
        "SELECT bar_period, ts_event_ns, ts_created_ns FROM bars_processed WHERE run_id = ? ORDER BY id", (run.run_id,)
    )
    periods, begins, known = zip(*rows, strict=True)
    assert set(periods) == {"1h"}
    assert (iso(begins[6]), iso(known[6])) == ("2024-06-28T19:30:00Z", "2024-06-28T20:00:00Z")


def test_a_plain_request_is_the_session_of_the_contract(ws):
    """Without options the id is that of everyone; with them it is another, and the session keeps them."""
    explorer = ws.explorer
    plain = explorer.compute_session_id(1, 33, ["SYN-A"])
    ids = []
    for options in ({}, {"timeframe": "1h"}, {"timeframe": "1h", "hours": "regular"}, {"timeframe": "1d"}):
        ws.explore(request(**options)).result()
        newest = explorer.list_sessions()[0]
        assert newest.options == options
        ids.append(newest.session_id)
    assert ids[0] == plain
    assert len(set(ids)) == 4
    again = explorer.enqueue_single_indicator(ids[2], "SMA", {"timeperiod": 3})
    assert again.snapshot.stage == "cached"
    assert len(again.result().bars()) == 9 * 7 + 4


def test_a_plain_request_leaves_no_trace_of_options(ws):
    """The records of bars as stored have the keys they had before there were options, and no nulls more."""
    explored = ws.explore(request()).result().config
    assert not {"hours", "timeframe", "split", "calendars", "bar_sources"} & explored.keys()
    assert [set(indicator) for indicator in explored["indicators"]] == [{"class_name", "params"}]
    asked = bs.BacktestRequest(strategy="BuyAndHold", symbols=["SYN-A"], rtype=33, publisher_id=1)
    tested = ws.backtest(asked).result().config
    assert "bar_sources" not in tested
    assert not {"hours", "timeframe", "split"} & tested["request"].keys()


def test_sessions_keep_their_options_in_the_file(ws, tmp_path):
    """A workspace opened later finds the same sessions."""
    ws.explore(request(timeframe="1h")).result()
    before = ws.explorer.list_sessions()
    ws.close()
    with bs.Workspace(tmp_path / "ws") as later:
        assert later.explorer.list_sessions() == before


@pytest.mark.parametrize(("changes", "words"), [
    ({"timeframe": "30s"}, "finer than bars of 1m"),
    ({"timeframe": "1min"}, "leave it out"),
    ({"hours": "night"}, "unknown hours 'night': use one of all, regular, extended"),
    ({"timeframe": "1h", "indicators": [bs.IndicatorConfig(class_name="SMA", timeframe="90min")]}, "not a multiple"),
    ({"indicators": [bs.IndicatorConfig(class_name="SMA", timeframe="1min")]}, "leave it out"),
    ({"indicators": [bs.IndicatorConfig(class_name="SMA", timeframe="1h")] * 2}, "2 series are named"),
])  # fmt: skip
def test_what_cannot_be_is_refused_before_anything_is_written(ws, changes, words):
    """Each has its own message, and no run begins."""
    with pytest.raises(InvalidParameterError, match=words):
        ws.explore(request(**changes))
    assert len(ws.runs()) == 0


def test_hours_of_days_are_refused(tmp_path):
    """A bar of a day holds all hours it holds."""
    with bs.Workspace(tmp_path, executor=InlineExecutor()) as workspace:
        workspace.load_samples()
        with pytest.raises(InvalidParameterError, match="regular hours of bars of a day cannot be told"):
            workspace.explore(request(symbols=["AAPL"], rtype=35, hours="regular"))
        weeks = workspace.explore(request(symbols=["AAPL"], rtype=35, timeframe="1w")).result().bars()
        assert set(weeks.index.day_of_week) == {0}


def test_a_publisher_without_a_calendar_needs_one_chosen(tmp_path):
    """The message names the remedy; a symbol's own calendar comes before the publisher's."""
    with bs.Workspace(tmp_path, executor=InlineExecutor()) as workspace:
        workspace.secmaster.ensure_publisher("mine", "FILES")
        workspace.secmaster.write(1, [synthetic_bars(sessions=3)])
        with pytest.raises(
            CalendarError, match="no calendar is known for the venue FILES: choose one with set_calendar"
        ):
            workspace.explore(request(timeframe="1h"))
        workspace.explore(request()).result()
        workspace.set_calendar(1, "24/7")
        assert workspace.explore(request(timeframe="1d")).result().bars().index.hour.tolist() == [0] * 3
        workspace.set_calendar(1, "NYSE", "SYN-A")
        assert workspace.explore(request(timeframe="1d")).result().bars().index.hour.tolist() == [14] * 3
        workspace.set_calendar(1, None, "SYN-A")
        assert workspace.calendars.code(1, "SYN-A") == "24/7"


@pytest.mark.parametrize(
    ("asked", "other"),
    [
        (request({**SMA3, "timeframe": "1h"}), "24/7"),
        (request(timeframe="1h", end_date="2024-06-28"), "XTSE"),
        (request(hours="regular", end_date="2024-06-28"), "XTSE"),
    ],
)
def test_another_calendar_misses_the_cache(ws, asked, other):
    """Equal bars, but sessions that may be cut elsewhere, and a record that names its calendar."""
    first = ws.explore(asked).result()
    assert first.config["calendars"] == {"SYN-A": "XNYS"}
    assert ws.explore(asked).run_id == first.run_id
    ws.set_calendar(1, other)
    again = ws.explore(asked).result()
    assert (again.run_id != first.run_id, again.config["calendars"]) == (True, {"SYN-A": other})


def test_hours_without_bars_are_named(ws):
    """Minutes of New York's afternoon are not in Tokyo's hours."""
    ws.set_calendar(1, "XTKS")
    with pytest.raises(MissingBarsError, match="opens in the regular hours of XTKS: choose all hours"):
        ws.explore(request(hours="regular")).result()


def test_an_indicator_of_longer_bars_appears_when_they_are_complete(ws):
    """The hour from 09:30 shows at 10:30, the session at the next open; recorded and drawn under its own name."""
    run = ws.explore(request({**SMA3, "timeframe": "1h"}, {**SMA3, "timeframe": "1d"}, SMA3)).result()
    values = run.indicators().tz_convert("America/New_York")
    hours = ws.explore(request(timeframe="1h")).result()
    of_hours = hours.indicators()["SMA(3, CLOSE)"].to_numpy()
    shown = values["SMA(3, CLOSE) @1h"]
    assert str(shown.first_valid_index()) == "2024-06-28 12:30:00-04:00"
    assert shown["2024-06-28 12:30":"2024-06-28 13:29"].unique().tolist() == [of_hours[2]]
    assert str(values["SMA(3, CLOSE) @1d"].first_valid_index()) == "2024-07-03 09:30:00-04:00"
    assert [config.timeframe for config in run.request.indicators] == ["1h", "1d", None]
    assert {series.name for series in run.chart_data().series} == set(values.columns)
    session = ws.explorer.list_sessions()[-1].session_id
    assert [s.timeframe for s in ws.explorer.get_session_indicators(session)] == ["1h", "1d", None]


def test_a_backtest_of_longer_bars_knows_them_at_their_end(ws):
    """Fills happen at opens of hours, rows are known at the end of the hour, and the run repeats."""
    asked = bs.BacktestRequest(
        strategy="SMACrossover",
        strategy_params={"fast_period": 5, "slow_period": 20},
        symbols=["SYN-A"], rtype=33, publisher_id=1, hours="regular", timeframe="1h",
    )  # fmt: skip
    run = ws.backtest(asked).result()
    assert run.request == asked
    assert len(run.bars()) == 9 * 7 + 4
    rows = apsw.Connection(str(ws.paths.runs)).execute(
        "SELECT (ts_created_ns - ts_event_ns) / 60000000000, bar_period FROM bars_processed WHERE run_id = ? "
        "ORDER BY id",
        (run.run_id,),
    )
    minutes, periods = zip(*rows, strict=True)
    assert minutes[:8] == (60, 60, 60, 60, 60, 60, 30, 60)
    assert set(periods) == {"1h"}
    assert ws.repeat(run.run_id).equal


def test_published_runs_keep_their_timeframe(ws, tmp_path):
    """Visitors see bars of an hour as bars of an hour, of an exploration and of a backtest."""
    choice = {"symbols": ["SYN-A"], "rtype": 33, "publisher_id": 1, "timeframe": "1h", "hours": "regular"}
    tested = ws.backtest(bs.BacktestRequest(strategy="BuyAndHold", **choice)).result()
    explored = ws.explore(request(**choice)).result()
    snapshot = ws.publish([tested.run_id, explored.run_id], tmp_path / "snapshot.db")
    with ReadOnlyWorkspace.of_snapshot(snapshot, executor=InlineExecutor()) as shown:
        for run in (tested, explored):
            assert shown.run(run.run_id).chart_data().bar_length.label == "1h"
            assert shown.run(run.run_id).config["bar_sources"] == run.config["bar_sources"]


def test_bars_of_two_markets_are_played_in_the_order_they_end(tmp_path):
    """The session of a future, begun on the evening before, ends an hour after that of the stock."""
    with bs.Workspace(tmp_path, executor=InlineExecutor()) as workspace:
        publisher = workspace.secmaster.ensure_publisher(*SYNTHETIC_PUBLISHER)
        bars = [synthetic_bars(name, sessions=3) for name in ("STOCK", "FUTURE")]
        workspace.secmaster.write(publisher.publisher_id, bars)
        workspace.set_calendar(1, "CMES", "FUTURE")
        asked = bs.BacktestRequest(
            strategy="BuyAndHold",
            symbols=["STOCK", "FUTURE"],
            rtype=33,
            publisher_id=1,
            hours="regular",
            timeframe="1d",
        )
        run = workspace.backtest(asked).result()
        rows = apsw.Connection(str(workspace.paths.runs)).execute(
            "SELECT symbol, ts_created_ns FROM bars_processed WHERE run_id = ? ORDER BY ts_created_ns", (run.run_id,)
        )
        assert [symbol for symbol, _known in rows] == ["STOCK", "FUTURE"] * 3


def test_a_strategy_that_names_its_periods_takes_no_timeframe(ws):
    """Two wills about the length of bars are one too many."""

    class Hourly(bs.Strategy):
        bar_periods = (bs.BarPeriod.MINUTE, bs.BarPeriod.HOUR)

        def on_bar(self, event):
            """Waits."""

    with pytest.raises(InvalidParameterError, match="names the periods of its bars itself: leave out the timeframe"):
        ws.backtest(bs.BacktestRequest(strategy="Hourly", symbols=["SYN-A"], rtype=33, publisher_id=1, timeframe="4h"))


def test_a_run_in_a_split_says_so_and_stays_in_its_days(ws):
    """No bar is in two regions, and all are in one."""
    asked = request()
    split = ws.split(asked, 50, 25, "walk")
    runs = {name: ws.explore(split.request(asked, name)).result() for name in ("train", "dev", "test")}
    assert [run.config["split"] for run in runs.values()] == ["train of walk", "dev of walk", "test of walk"]
    seen = np.concatenate([run.columns().bars.ts for run in runs.values()])
    whole = ws.explore(asked).result().columns().bars.ts
    np.testing.assert_array_equal(seen, whole)
    frame = ws.splits()
    assert frame[["train_bars", "dev_bars", "test_bars"]].to_numpy().sum() == len(whole)
    assert runs["train"].request.split == "train of walk"


@pytest.mark.parametrize(("timeframe", "n_bars"), [("1w", (1, 1)), ("1d", (4, 2)), ("4h", (7, 4))])
def test_a_longer_bar_is_in_the_region_it_begins_in(ws, timeframe, n_bars):
    """A week cut by the border of two regions is in the first, up to that border, and not in the second too."""
    asked = request({"class_name": "Close"}, timeframe=timeframe)
    split = ws.split(asked, 40, 33, "walk")
    assert (split.train.end_date, split.dev.start_date) == ("2024-07-03", "2024-07-04")  # a Wednesday
    for region, n in zip((split.train, split.dev), n_bars, strict=True):
        days = [iso(ts)[:10] for ts in ws.explore(split.request(asked, region.name)).result().columns().bars.ts]
        assert len(days) == n
        assert region.start_date <= days[0] <= days[-1] <= region.end_date


def test_a_range_in_which_no_longer_bar_begins_is_refused(ws):
    """From Tuesday to Thursday no week begins; a backtest says so too, and nothing is left half written."""
    days = {"timeframe": "1w", "start_date": "2024-07-09", "end_date": "2024-07-11"}
    with pytest.raises(MissingBarsError, match="no bar of 1w begins in these days: choose an earlier start_date"):
        ws.explore(request(**days)).result()
    asked = bs.BacktestRequest(strategy="BuyAndHold", symbols=["SYN-A"], rtype=33, publisher_id=1, **days)
    with pytest.raises(MissingBarsError, match="no bar of 1w begins"):
        ws.backtest(asked).result()
    assert "completed" not in set(ws.runs().status)


def test_the_options_of_a_session_from_the_future_are_not_lost(ws):
    """A session with an option nobody knows is left out of the list, and stays in the file."""
    from barscope.widgets.session_list import summaries

    ws.explore(request(timeframe="1h")).result()
    ws.explore(request()).result()
    with ws.presets.database.atomic() as connection:
        connection.execute("UPDATE session_options SET config = ?", (json.dumps({"renko": 5}),))
    assert [s.source.timeframe for s in summaries(ws.explorer, None)] == [None]
    assert len(ws.explorer.list_sessions()) == 2


def test_the_chart_of_a_run_shades_the_hours_between_sessions(ws):
    """A backtest on all minutes has its off-hours shaded in `chart_data`, unless its settings say otherwise."""
    ws.calendars.choose(1, "XLON")  # closes while New York trades
    asked = bs.BacktestRequest(strategy="BuyAndHold", symbols=["SYN-A"], rtype=33, publisher_id=1)
    run = ws.backtest(asked).result()
    shades = run.chart_data().highlights
    assert {shade.kind for shade in shades} == {"session"}
    whole = ws.explore(request()).result()
    assert whole.chart_data().highlights == shades
    assert ws.backtest(asked.model_copy(update={"hours": "regular"})).result().chart_data().highlights == ()
    ws.charts.save(run_owner(run.run_id), ChartSettings(sessions=False))
    assert run.chart_data().highlights == ()
