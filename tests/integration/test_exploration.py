"""Explorations from request to record, on real databases."""

import json
import re

import apsw
import numpy as np
import pytest

import barscope as bs
from barscope.errors import (
    IndicatorError,
    InvalidParameterError,
    MissingBarsError,
    UnknownIndicatorError,
    UnknownPublisherError,
    UnknownRunError,
    UnknownSymbolError,
)
from barscope.jobs import InlineExecutor, JobStatus


def request(class_name="SimpleMovingAverage", params=None, **changes):
    """A sound request for one indicator over SYN, with some fields changed."""
    if params is None:
        params = {"period": 20} if class_name == "SimpleMovingAverage" else {}
    indicators = [bs.IndicatorConfig(class_name=class_name, params=params)]
    fields = {"symbols": ["SYN"], "rtype": 33, "publisher_id": 1, "indicators": indicators}
    return bs.ExplorerRequest(**{**fields, **changes})


def test_an_exploration_records_every_bar_and_series(workspace):
    """The run holds the bars of each symbol, and the indicator equals its own batch over them."""
    run = workspace.explore(request(symbols=["SYN", "ALT"])).result()
    assert run.status == "completed"
    for symbol in ("SYN", "ALT"):
        closes = run.bars(symbol)["close"].to_numpy()
        sma = run.indicators(symbol)["SMA_20_CLOSE"].to_numpy()
        assert len(closes) == 500
        assert np.isnan(sma[:19]).all()
        assert sma[19:] == pytest.approx(np.convolve(closes, np.ones(20) / 20, "valid"))


def test_the_rows_that_other_programs_read_are_the_same_as_the_columns(workspace):
    """bars_processed has one row per bar, NaN is null, and its JSON equals the columns."""
    run = workspace.explore(request()).result()
    rows = workspace.runs_store.database.rows(
        "SELECT ts_event_ns, symbol, bar_period, close, volume, indicators FROM bars_processed "
        "WHERE run_id=? ORDER BY id",
        (run.run_id,),
    )
    columns = run.columns("SYN")
    assert [row[0] for row in rows] == columns.bars.ts.tolist()
    assert {row[1:3] for row in rows} == {("SYN", "MINUTE")}
    assert [row[3] for row in rows] == columns.bars.close.tolist()
    assert [row[4] for row in rows] == columns.bars.volume.tolist()
    recorded = [json.loads(row[5])["SMA_20_CLOSE"] for row in rows]
    assert recorded[:19] == [None] * 19
    assert recorded[19:] == columns.series["SMA_20_CLOSE"][19:].tolist()


def test_the_manifest_tells_everything_the_run_came_from(workspace):
    """Mode, choice of bars, indicators with all parameters, versions, source hashes and the data fingerprint."""
    asked = request(indicators=[bs.IndicatorConfig(class_name="SimpleMovingAverage", params={"period": 5})])
    config = workspace.explore(asked).result().config
    assert config["mode"] == "exploration"
    assert (config["symbols"], config["rtype"], config["publisher_id"]) == (["SYN"], 33, 1)
    assert config["indicators"] == [
        {"class_name": "SimpleMovingAverage", "params": {"bar_field": "CLOSE", "period": 5}}
    ]
    assert set(config["versions"]) >= {"barscope", "python", "numpy", "ta-lib"}
    assert len(config["data_fingerprint"]) == 32
    assert config["source_hashes"]


def test_the_run_id_tells_the_second_it_began(workspace):
    """`%Y%m%d-%H%M%S-` and eight hexadecimal digits; one id for job and run."""
    job = workspace.explore(request())
    assert re.fullmatch(r"\d{8}-\d{6}-[0-9a-f]{8}", job.run_id)
    assert job.result().run_id == job.run_id


def test_the_same_exploration_twice_gives_the_same_rows(workspace):
    """Digest and row counts of a fresh repetition are equal."""
    first = workspace.explore(request()).result()
    second = workspace.explore(request(), fresh=True).result()
    assert first.run_id != second.run_id
    assert first.record.metadata["digest"] == second.record.metadata["digest"]
    assert first.record.metadata["row_counts"] == second.record.metadata["row_counts"]


def test_the_cache_answers_an_equal_request_from_its_record(workspace):
    """A default that is sent and one that is left out are the same; another value is not."""
    first = workspace.explore(request(params={"period": 20})).result()
    again = workspace.explore(request(params={"period": 20, "bar_field": "CLOSE"}))
    other = workspace.explore(request(params={"period": 21}))
    assert again.run_id == first.run_id
    assert again.snapshot.stage == "cached"
    assert other.run_id != first.run_id


def test_reingested_bars_miss_the_cache(workspace, minute_bars):
    """One changed bar is enough, although the request is equal."""
    first = workspace.explore(request()).result()
    workspace.secmaster.write(1, [minute_bars("SYN", n=501)], replace=True)
    second = workspace.explore(request()).result()
    assert second.run_id != first.run_id
    assert len(second.bars()) == 501


def test_edited_code_misses_the_cache(workspace):
    """A file of the user's own indicators, edited and loaded again, is computed again."""
    file = workspace.paths.indicators / "mine.py"
    file.parent.mkdir()
    asked = request(indicators=[bs.IndicatorConfig(class_name="Edited")])
    runs = []
    for factor in (1, 2):
        file.write_text(
            "import barscope as bs\n"
            "class Edited(bs.Indicator):\n"
            f"    def compute(self, bars):\n        return bars.close * {factor}\n"
        )
        assert workspace.reload_indicators() == ()
        runs.append(workspace.explore(asked).result())
        assert workspace.explore(asked).run_id == runs[-1].run_id
    first, second = (run.columns().series["Edited"] for run in runs)
    assert (second == 2 * first).all()
    session = workspace.explorer.list_sessions()[0]
    assert workspace.explorer.find_cached_run(session.session_id, "Edited") == runs[1].run_id


def test_a_deleted_run_is_no_longer_in_the_cache(workspace):
    """The cache asks runs.db whether the run is still there."""
    first = workspace.explore(request()).result()
    workspace.delete_run(first.run_id)
    assert workspace.explore(request()).run_id != first.run_id


def test_one_failing_indicator_fails_alone(workspace):
    """The others are recorded, and the job ends failed, naming the one and why."""

    class Broken(bs.Indicator):
        def compute(self, bars):
            raise ZeroDivisionError("no luck")

    asked = request(indicators=[bs.IndicatorConfig(class_name="RSI"), bs.IndicatorConfig(class_name="Broken")])
    job = workspace.explore(asked)
    with pytest.raises(IndicatorError, match=r"Broken.*no luck"):
        job.result()
    assert job.snapshot.status is JobStatus.FAILED
    run = workspace.run(job.run_id)
    assert list(run.indicators().columns) == ["RSI_14_CLOSE"]
    assert "Broken" in str(run.record.metadata["failed_indicators"])
    session = workspace.explorer.list_sessions()[0].session_id
    states = {i.class_name: (i.status, i.error) for i in workspace.explorer.get_session_indicators(session)}
    assert states["RSI"] == ("completed", None)
    assert states["Broken"][0] == "failed"
    assert "no luck" in states["Broken"][1]
    assert workspace.explorer.find_cached_run(session, "RSI") == job.run_id


def test_a_run_whose_every_indicator_fails_shows_nothing(workspace):
    """Its status is failed, its rows are not visible, and there are none."""

    class AlsoBroken(bs.Indicator):
        def compute(self, bars):
            raise ZeroDivisionError("no luck")

    job = workspace.explore(request(indicators=[bs.IndicatorConfig(class_name="AlsoBroken")]))
    assert job.snapshot.status is JobStatus.FAILED
    run = workspace.run(job.run_id)
    assert run.status == "failed"
    with pytest.raises(UnknownRunError, match="only completed runs"):
        run.bars()
    assert workspace.runs_store.database.rows("SELECT count(*) FROM bars_processed")[0][0] == 0


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"symbols": ["NOPE"]}, UnknownSymbolError, "Unknown symbol: NOPE"),
        ({"symbols": ["SYM"]}, UnknownSymbolError, "Did you mean SYN"),
        ({"symbols": []}, InvalidParameterError, "No symbols selected"),
        ({"symbols": ["SYN", "SYN"]}, InvalidParameterError, "SYN is selected 2 times"),
        ({"symbols": ["'; DROP TABLE ohlcv; --"]}, UnknownSymbolError, "DROP TABLE"),
        ({"symbols": ["<script>alert(1)</script>"]}, UnknownSymbolError, "script"),
        ({"symbols": ["../../etc/passwd"]}, UnknownSymbolError, "passwd"),
        ({"symbols": ["A" * 10_000]}, InvalidParameterError, "longer than 255"),
        ({"indicators": []}, InvalidParameterError, "No indicators selected"),
        ({"rtype": 36}, InvalidParameterError, "invalid rtype 36"),
        ({"rtype": 99}, InvalidParameterError, "invalid rtype 99"),
        ({"rtype": 35}, MissingBarsError, "SYN has no bars of rtype 35.*There is rtype 33 from 2024-01-02"),
        ({"publisher_id": 7}, UnknownPublisherError, "publisher_id 7 not found"),
        ({"symbol_type": "isin"}, InvalidParameterError, "unknown symbol_type isin"),
        ({"start_date": "2024-02-01", "end_date": "2024-01-01"}, InvalidParameterError, "swap the two dates"),
        ({"start_date": "yesterday"}, InvalidParameterError, "write it as YYYY-MM-DD"),
        ({"start_date": "1990-01-01", "end_date": "1990-02-01"}, MissingBarsError, "from 1990-01-01 to 1990-02-01"),
        ({"class_name": "SMAA"}, UnknownIndicatorError, "Unknown indicator: SMAA. Did you mean SMA"),
        ({"params": {"period": 0}}, InvalidParameterError, "period"),
        ({"params": {"period": "20"}}, InvalidParameterError, "period"),
        ({"params": {"periode": 20}}, InvalidParameterError, "periode"),
        ({"params": {"bar_field": "MID"}}, InvalidParameterError, "MID"),
    ],
)
def test_a_request_that_does_not_hold_is_refused_and_nothing_is_written(workspace, changes, error, message):
    """The error is typed and names the value; the three databases stay as they were."""
    before = content(workspace)
    with pytest.raises(error, match=message):
        workspace.explore(request(**changes))
    assert content(workspace) == before


def test_two_series_of_one_name_are_refused(workspace):
    """The doubled indicator is named."""
    twice = [bs.IndicatorConfig(class_name="RSI"), bs.IndicatorConfig(class_name="RSI", params={"period": 14})]
    with pytest.raises(InvalidParameterError, match="2 series are named RSI_14_CLOSE"):
        workspace.explore(request(indicators=twice))


def test_a_session_is_kept_with_its_indicators_and_runs(workspace):
    """Single indicators of a session are runs of their own, found again by another workspace."""
    session = workspace.explorer.create_or_get_session(1, 33, ["SYN"])
    a = workspace.explorer.enqueue_single_indicator(session.session_id, "SMA", {"timeperiod": 20})
    b = workspace.explorer.enqueue_single_indicator(session.session_id, "RSI")
    assert workspace.explorer.get_session_run_ids(session.session_id) == (a.run_id, b.run_id)
    with bs.Workspace(workspace.paths.folder, executor=InlineExecutor()) as other:
        found = other.explorer.get_session_indicators(session.session_id)
        assert [(i.class_name, i.status, i.run_id) for i in found] == [
            ("SMA", "completed", a.run_id),
            ("RSI", "completed", b.run_id),
        ]
        assert other.explorer.get_explorer_progress(a.run_id).status is JobStatus.COMPLETED


def test_retention_counts_sessions_and_spares_the_pinned(tmp_path, minute_bars):
    """With three kept, the oldest unpinned sessions go with all their runs, however many indicators they had."""
    with bs.Workspace(tmp_path / "ws", executor=InlineExecutor(), retention=3) as ws:
        ws.secmaster.ensure_publisher("test", "TEST.WALK")
        ws.secmaster.write(1, [minute_bars(f"S{i}", n=50) for i in range(6)])
        jobs = {}
        for i in range(6):
            session = ws.explorer.create_or_get_session(1, 33, [f"S{i}"])
            if i == 0:
                ws.explorer.pin_session(session.session_id)
            jobs[i] = [ws.explorer.enqueue_single_indicator(session.session_id, name) for name in ("RSI", "ATR")]
        kept = {session.symbols[0] for session in ws.explorer.list_sessions()}
        assert kept == {"S0", "S3", "S4", "S5"}
        assert len(ws.runs()) == 8
        for gone in (*jobs[1], *jobs[2]):
            with pytest.raises(UnknownRunError):
                ws.run(gone.run_id)
        orphans = "SELECT count(*) FROM bars_processed WHERE run_id NOT IN (SELECT run_id FROM runs)"
        assert ws.runs_store.database.rows(orphans)[0][0] == 0


def test_retention_spares_a_session_that_another_workspace_has_open(tmp_path, minute_bars):
    """Held elsewhere, as by a panel of another kernel, it stays; released, it goes."""
    folder = tmp_path / "ws"
    with (
        bs.Workspace(folder, executor=InlineExecutor(), retention=1) as ws,
        bs.Workspace(folder, executor=InlineExecutor()) as other,
    ):
        ws.secmaster.ensure_publisher("test", "TEST.WALK")
        ws.secmaster.write(1, [minute_bars(f"S{i}", n=50) for i in range(3)])
        first = ws.explorer.create_or_get_session(1, 33, ["S0"]).session_id
        ws.explorer.enqueue_single_indicator(first, "RSI")
        other.explorer.retention.hold(first)
        for symbol in ("S1", "S2"):
            if symbol == "S2":
                other.explorer.retention.release(first)
            session = ws.explorer.create_or_get_session(1, 33, [symbol])
            ws.explorer.enqueue_single_indicator(session.session_id, "RSI")
            kept = {session.symbols[0] for session in ws.explorer.list_sessions()}
            assert kept == ({"S0", "S1"} if symbol == "S1" else {"S2"})


def content(workspace):
    """Every row of the three databases."""
    found = {}
    for path in (workspace.paths.secmaster, workspace.paths.runs, workspace.paths.presets):
        connection = apsw.Connection(f"file:{path}?mode=ro", flags=apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI)
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type='table'")]
        found |= {(path.name, table): connection.execute(f'SELECT * FROM "{table}"').fetchall() for table in tables}  # noqa: S608
        connection.close()
    return found
