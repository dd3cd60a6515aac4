"""Runs: recording, reading, ending, deleting."""

import json
from contextlib import closing

import numpy as np
import pytest

from barscope.domain.bars import Bars
from barscope.errors import (
    BarscopeError,
    InvalidParameterError,
    ReadOnlyStoreError,
    StoreError,
    StoreFullError,
    UnknownRunError,
    UnknownSymbolError,
)
from barscope.store.runs import RunStore
from barscope.store.runs_schema import EVENT_TABLES

HOSTILE = [
    'a"b',
    "back\\slash",
    "line\nbreak",
    "tab\t",
    "nul\0",
    "é €",
    "\u2028",
    "{",
    "[0]",
    "",
    "'; DROP TABLE runs; --",
    "Close",
]


@pytest.fixture
def runs(tmp_path):
    """An empty runs database."""
    with closing(RunStore(tmp_path / "runs.db")) as store:
        yield store


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch):
    """Chunks and transactions of 10 rows, so that small runs have many."""
    monkeypatch.setattr("barscope.store.run_writer.CHUNK_ROWS", 10)


def some_bars(n, first=0):
    """Bars with a different number in every cell."""
    ts = np.arange(first, first + n, dtype=np.int64) * 60
    return Bars(ts, ts + 0.1, ts + 0.4, ts + 0.2, ts + 0.3, ts * 7)


def some_series(n, *names):
    """Series with a warm-up of two NaN."""
    values = np.arange(n) / 3
    values[:2] = np.nan
    return {name: values + i for i, name in enumerate(names)}


def record(runs, run_id="r", n=25, names=("SMA_3_CLOSE", "RSI_14_CLOSE"), symbols=("AAPL",), **times):
    """A completed run."""
    writer = runs.begin(run_id, "a run", times.get("ts_start", 1), {"mode": "exploration"})
    for symbol in symbols:
        writer.append_processed(symbol, "MINUTE", some_bars(n), some_series(n, *names), 5)
    writer.complete(2, {"note": "done"})


def rows_of(runs, run_id):
    """Rows of a run over all tables."""
    tables = (*EVENT_TABLES, "run_columns")
    return sum(runs.database.rows(f"SELECT count(*) FROM {t} WHERE run_id = ?", (run_id,))[0][0] for t in tables)  # noqa: S608


def test_a_run_is_recorded_as_rows_and_as_columns(runs):
    """bars_processed has a row per bar with its indicators as JSON; the columns hold the same numbers."""
    record(runs, n=25)
    rows = runs.database.rows(
        "SELECT ts_event_ns, ts_created_ns, symbol, bar_period, open, high, low, close, volume, indicators "
        "FROM bars_processed WHERE run_id = 'r' ORDER BY id"
    )
    bars, series = runs.bars("r", "AAPL"), runs.series("r", "AAPL")
    assert len(rows) == 25
    assert [row[:9] for row in rows] == [
        (b.ts, b.ts + 5, "AAPL", "MINUTE", b.open, b.high, b.low, b.close, b.volume) for b in bars
    ]
    for i, row in enumerate(rows):
        expected = {name: None if np.isnan(values[i]) else values[i] for name, values in series.items()}
        assert json.loads(row[9]) == expected


def test_columns_come_back_bit_for_bit(runs):
    """Bars and series read from the columns equal what was handed in, NaN and infinities included."""
    bars = some_bars(25)
    series = {"odd": np.array([np.nan, np.inf, -np.inf, -0.0, 5e-324] * 5)}
    writer = runs.begin("r", "n", 1, {})
    writer.append_processed("A", "DAY", bars, series, 5)
    writer.complete(2, {})
    assert runs.series("r", "A")["odd"].tobytes() == series["odd"].tobytes()
    assert all(
        np.array_equal(getattr(runs.bars("r", "A"), f), getattr(bars, f)) for f in ("ts", "open", "close", "volume")
    )


def test_json_has_null_for_what_is_not_a_number(runs):
    """NaN and both infinities are null in the JSON of a bar: never the tokens NaN or Infinity."""
    writer = runs.begin("r", "n", 1, {})
    writer.append_processed("A", "DAY", some_bars(4), {"x": np.array([np.nan, np.inf, -np.inf, 1.5])}, 5)
    writer.complete(2, {})
    texts = [text for (text,) in runs.database.rows("SELECT indicators FROM bars_processed ORDER BY id")]
    assert [json.loads(text, parse_constant=pytest.fail) for text in texts] == [{"x": None}] * 3 + [{"x": 1.5}]


def test_names_hostile_to_json_and_sql_come_back(runs):
    """Any text is a series name and a symbol, in the JSON and in the columns."""
    series = {name: np.full(3, float(i)) for i, name in enumerate(HOSTILE)}
    writer = runs.begin("r", "n", 1, {})
    for symbol in HOSTILE:
        writer.append_processed(symbol, "DAY", some_bars(3), series, 5)
    writer.complete(2, {})
    assert runs.symbols("r") == tuple(HOSTILE)
    for symbol in HOSTILE:
        assert runs.series_names("r", symbol) == tuple(HOSTILE)
        assert {name: values[0] for name, values in runs.series("r", symbol).items()} == {
            n: float(i) for i, n in enumerate(HOSTILE)
        }
    (text,) = runs.database.rows("SELECT indicators FROM bars_processed LIMIT 1")[0]
    assert list(json.loads(text)) == HOSTILE


@pytest.mark.parametrize("n", [0, 1, 9, 10, 11, 20, 25])
def test_runs_of_any_length_are_whole(runs, n):
    """Whatever the length is to the size of a chunk, every row and value is there."""
    record(runs, n=n)
    assert rows_of(runs, "r") == n + 8 * -(-n // 10)
    assert runs.get("r").metadata["row_counts"] == ({"bars_processed": n} if n else {})
    if n:
        assert len(runs.bars("r", "AAPL")) == len(runs.series("r", "AAPL")["SMA_3_CLOSE"]) == n


def test_a_run_without_indicators_has_empty_objects(runs):
    """Bars alone are a run too: each row's JSON is {}."""
    record(runs, n=3, names=())
    assert runs.database.rows("SELECT DISTINCT indicators FROM bars_processed") == [("{}",)]
    assert runs.series("r", "AAPL") == {}


def test_several_symbols_keep_their_order_and_their_numbers(runs):
    """Symbols and series are listed as they were recorded, each with its own values."""
    record(runs, symbols=("MSFT", "AAPL"), names=("z", "a"))
    assert runs.symbols("r") == ("MSFT", "AAPL")
    assert runs.series_names("r", "AAPL") == ("z", "a")
    assert list(runs.series("r", "AAPL", ["a"])) == ["a"]


@pytest.mark.parametrize("name", ["ts", "volume", 7, "\ud800"])
def test_a_series_needs_a_name_of_its_own(runs, name):
    """The names of the bar's own columns, and what is no text, are refused before anything is recorded."""
    writer = runs.begin("r", "n", 1, {})
    with pytest.raises(InvalidParameterError, match="cannot be called"):
        writer.append_processed("A", "DAY", some_bars(30), {name: np.zeros(30)}, 5)
    assert rows_of(runs, "r") == 0


def test_a_series_has_a_value_per_bar(runs):
    """A series that is shorter than the bars is refused by name."""
    writer = runs.begin("r", "n", 1, {})
    with pytest.raises(InvalidParameterError, match=r"series x has shape \(29,\)"):
        writer.append_processed("A", "DAY", some_bars(30), {"x": np.zeros(29)}, 5)


def test_a_symbol_is_recorded_once(runs):
    """A second append of a symbol is refused, not interleaved."""
    writer = runs.begin("r", "n", 1, {})
    writer.append_processed("A", "DAY", some_bars(3), {}, 5)
    with pytest.raises(InvalidParameterError, match="recorded already"):
        writer.append_processed("A", "DAY", some_bars(3), {}, 5)


def test_progress_is_told_per_chunk_the_last_one_too(runs):
    """on_rows counts the rows of the symbol up to all of them, before the run is complete."""
    told = []
    writer = runs.begin("r", "n", 1, {})
    writer.append_processed("A", "DAY", some_bars(25), {}, 5, on_rows=told.append)
    assert told == [10, 20, 25]
    assert runs.get("r").status == "running"


def test_nothing_of_a_run_is_visible_before_it_is_complete(runs):
    """Bars, series, symbols and verify of a running run raise UnknownRunError; get and list show it."""
    writer = runs.begin("r", "n", 1, {})
    writer.append_processed("A", "DAY", some_bars(25), {"x": np.zeros(25)}, 5)
    for read in (runs.symbols, runs.verify, lambda r: runs.bars(r, "A"), lambda r: runs.series(r, "A")):
        with pytest.raises(UnknownRunError, match="is running"):
            read("r")
    assert [run.status for run in runs.list_runs()] == ["running"]
    writer.complete(2, {})
    assert len(runs.bars("r", "A")) == 25


def test_the_last_rows_are_held_back_for_the_commit_of_the_status(runs):
    """Before complete() the latest rows of the run are not in the file, however they were handed in."""
    writer = runs.begin("r", "n", 1, {})
    for symbol in "ABC":
        writer.append_processed(symbol, "DAY", some_bars(12), {}, 5)
        assert runs.database.rows("SELECT count(*) FROM bars_processed")[0][0] % 12 != 0
    writer.append(
        "order_cancellations", {"ts_event_ns": [1], "ts_created_ns": [1], "system_order_id": ["o"], "symbol": ["A"]}
    )
    assert runs.database.rows("SELECT count(*) FROM order_cancellations") == [(0,)]
    writer.complete(2, {})
    assert runs.get("r").metadata["row_counts"] == {"bars_processed": 36, "order_cancellations": 1}


def test_only_the_commit_of_the_status_waits_for_the_disk(runs, monkeypatch):
    """Batches commit at NORMAL, the last one with the status at FULL."""
    seen = []
    runs.database.connection().set_commit_hook(
        lambda: bool(seen.append(runs.database.connection().pragma("synchronous")))
    )
    record(runs, n=25)
    assert seen == [1, 1, 1, 2]


@pytest.mark.parametrize("end", ["complete", "fail", "cancel"])
def test_an_ended_run_takes_no_more(runs, end):
    """After its end a writer refuses everything, and the run is no longer owned."""
    writer = runs.begin("r", "n", 1, {})
    assert runs.owned("r")
    getattr(writer, end)(2, {})
    assert not runs.owned("r")
    for more in (
        lambda: writer.append_processed("A", "DAY", some_bars(3), {}, 5),
        lambda: writer.append("bars", {"ts_event_ns": [1]}),
        lambda: writer.complete(2, {}),
        lambda: writer.fail(2, {}),
        lambda: writer.cancel(2),
    ):
        with pytest.raises(StoreError, match="has ended"):
            more()
    assert list((runs.database.path.parent / "runs.db.owners").iterdir()) == []


@pytest.mark.parametrize(("end", "status"), [("fail", "failed"), ("cancel", "cancelled")])
def test_a_run_that_is_not_completed_keeps_its_row_and_no_bars(runs, end, status):
    """fail() and cancel() remove rows and columns and set status, end and metadata; other runs stay whole."""
    record(runs, "other")
    writer = runs.begin("r", "n", 1, {"mode": "exploration"})
    writer.append_processed("A", "DAY", some_bars(45), {"x": np.zeros(45)}, 5)
    getattr(writer, end)(9, {"why": "because"})
    run = runs.get("r")
    assert (run.status, run.ts_end, run.metadata, run.config) == (
        status,
        9,
        {"why": "because"},
        {"mode": "exploration"},
    )
    assert rows_of(runs, "r") == 0
    assert runs.verify("other")
    with pytest.raises(UnknownRunError, match=f"is {status}"):
        runs.bars("r", "A")


def test_a_run_id_is_taken_once(runs):
    """A second run of the same id is refused, while it runs and after, and the first is not harmed."""
    writer = runs.begin("r", "first", 1, {})
    for _ in range(2):
        with pytest.raises(StoreError, match="run r exists already: choose another"):
            runs.begin("r", "second", 1, {})
    writer.complete(2, {})
    with pytest.raises(StoreError, match="exists already"):
        runs.begin("r", "third", 1, {})
    assert runs.get("r").name == "first"
    assert not runs.owned("r")


@pytest.mark.parametrize("run_id", ["", 7, None, "\ud800"])
def test_a_run_needs_an_id_that_is_text(runs, run_id):
    """What is no text is refused and adds no run."""
    with pytest.raises(InvalidParameterError):
        runs.begin(run_id, "n", 1, {})
    assert runs.list_runs() == ()


@pytest.mark.parametrize("text", ["'; DROP TABLE runs; --", "../../x", "<script>", "a\0b", "x" * 10_000])
def test_hostile_ids_and_names_are_only_text(runs, text):
    """A run of any id and name is recorded, listed, read and deleted like another."""
    writer = runs.begin(text, text, 1, {"name": text})
    writer.append_processed("A", "DAY", some_bars(3), {}, 5)
    writer.complete(2, {})
    assert runs.list_runs()[0].run_id == runs.get(text).name == runs.get(text).config["name"] == text
    runs.delete([text])
    assert runs.list_runs() == ()


def test_runs_are_listed_newest_first_by_status_and_mode(runs):
    """list_runs filters by status and mode and cuts at the limit."""
    for i, (run_id, mode) in enumerate([("a", "exploration"), ("b", "backtest"), ("c", "exploration")]):
        runs.begin(run_id, run_id, i, {"mode": mode}).complete(9, {})
    runs.begin("d", "d", 9, {"mode": "exploration"}).cancel(10)

    def ids(**asked):
        return "".join(run.run_id for run in runs.list_runs(**asked))

    assert ids() == "dcba"
    assert ids(status="completed") == "cba"
    assert ids(mode="exploration") == "dca"
    assert ids(status="completed", mode="exploration", limit=1) == "c"
    assert ids(limit=0) == ""


def test_an_unknown_run_symbol_or_series_is_named(runs):
    """Each is its own typed error; a symbol comes with close matches."""
    record(runs)
    with pytest.raises(UnknownRunError, match="no run nope"):
        runs.get("nope")
    with pytest.raises(UnknownSymbolError, match="Did you mean AAPL"):
        runs.bars("r", "APPL")
    with pytest.raises(InvalidParameterError, match="no series EMA of AAPL: choose from SMA_3_CLOSE, RSI_14_CLOSE"):
        runs.series("r", "AAPL", ["EMA"])


def test_config_and_metadata_come_back(runs):
    """Nested JSON survives; NaN becomes null; text keeps quotes."""
    runs.begin("r", "n", 1, {"deep": [{"x": 'a"b'}], "nan": float("nan")}).complete(2, {"tuple": (1, 2)})
    run = runs.get("r")
    assert run.config == {"deep": [{"x": 'a"b'}], "nan": None}
    assert run.metadata["tuple"] == [1, 2]


def test_a_config_that_is_no_json_is_refused_before_the_run_exists(runs):
    """An object in the manifest is an InvalidParameterError."""
    with pytest.raises(InvalidParameterError, match="JSON"):
        runs.begin("r", "n", 1, {"x": object()})
    assert runs.list_runs() == ()
    assert not runs.owned("r")


def test_a_broken_config_harms_only_its_run(runs):
    """A run whose stored JSON is broken is listed with its problem beside the others."""
    runs.begin("a", "a", 1, {"mode": "backtest"}).complete(2, {})
    runs.begin("b", "b", 2, {"mode": "backtest"}).complete(2, {})
    with runs.database.atomic() as connection:
        connection.execute("UPDATE runs SET config = '{broken' WHERE run_id = 'b'")
    broken, fine = runs.list_runs()
    assert "config of run b" in broken.problem
    assert broken.config == {}
    assert fine.problem is None
    assert [run.run_id for run in runs.list_runs(mode="backtest")] == ["a"]


def test_verify_sees_what_was_changed(runs):
    """The digest and the row counts tell a whole run from one that lost a row, a chunk or a value."""
    for run_id, damage in {
        "whole": "SELECT 1",
        "row": "DELETE FROM bars_processed WHERE run_id = 'row' AND ts_event_ns = 60",
        "chunk": "DELETE FROM run_columns WHERE run_id = 'chunk' AND series = 'x' AND chunk = 1",
        "value": "UPDATE run_columns SET data = (SELECT data FROM run_columns WHERE run_id = 'value' AND series = 'y' "
        "AND chunk = 0) WHERE run_id = 'value' AND series = 'x' AND chunk = 0",
    }.items():
        record(runs, run_id, names=("x", "y"))
        assert runs.verify(run_id)
        with runs.database.atomic() as connection:
            connection.execute(damage)
        assert runs.verify(run_id) == (run_id == "whole")


def test_equal_runs_have_equal_digests(runs):
    """The digest depends on the recorded values and names only."""
    record(runs, "a")
    record(runs, "b", ts_start=99)
    record(runs, "c", names=("SMA_3_CLOSE", "other"))
    digests = [runs.get(run_id).metadata["digest"] for run_id in "abc"]
    assert digests[0] == digests[1] != digests[2]


def test_a_damaged_chunk_is_a_store_error(runs):
    """Bytes that are no column raise StoreError, not garbage prices."""
    record(runs)
    with runs.database.atomic() as connection:
        connection.execute("UPDATE run_columns SET data = x'00ff' WHERE series = 'close'")
    with pytest.raises(StoreError, match="series close is damaged"):
        runs.bars("r", "AAPL")


def test_deleting_removes_every_trace(runs):
    """delete() removes the row, the rows of all tables and the columns of these runs only."""
    record(runs, "a")
    record(runs, "b")
    writer = runs.begin("c", "c", 1, {})
    writer.append(
        "expirations",
        {"ts_event_ns": [1], "ts_created_ns": [1], "ts_broker_ns": [1], "associated_order_id": ["o"], "symbol": ["A"]},
    )
    writer.complete(2, {})
    runs.delete(["a", "c", "unknown"])
    assert [run.run_id for run in runs.list_runs()] == ["b"]
    assert rows_of(runs, "a") == rows_of(runs, "c") == 0
    assert runs.verify("b")


def test_a_run_at_work_is_not_deleted(runs):
    """delete() of a run that is being recorded is refused and harms nothing."""
    writer = runs.begin("r", "n", 1, {})
    writer.append_processed("A", "DAY", some_bars(25), {}, 5)
    with pytest.raises(StoreError, match="run r is being recorded"):
        runs.delete(["r"])
    writer.complete(2, {})
    assert runs.verify("r")


def test_recovery_leaves_living_and_ended_runs_alone(runs):
    """recover() in the process that records a run does not touch it."""
    record(runs, "done")
    writer = runs.begin("r", "n", 1, {})
    writer.append_processed("A", "DAY", some_bars(25), {}, 5)
    assert runs.recover() == ()
    writer.complete(2, {})
    assert runs.verify("r")


def test_recovery_ends_runs_without_an_owner(runs):
    """A running row whose writer was dropped becomes failed, reason interrupted, and loses its partial rows; once."""
    writer = runs.begin("r", "n", 1, {"mode": "exploration"})
    writer.append_processed("A", "DAY", some_bars(45), {"x": np.zeros(45)}, 5)
    del writer
    assert rows_of(runs, "r") > 0
    assert runs.recover() == ("r",)
    assert runs.recover() == ()
    assert (runs.get("r").status, runs.get("r").metadata) == ("failed", {"reason": "interrupted"})
    assert rows_of(runs, "r") == 0


def test_a_writer_whose_run_was_taken_away_does_not_complete_it(runs):
    """complete() of a run that is no longer running keeps none of its rows."""
    writer = runs.begin("r", "n", 1, {})
    writer.append_processed("A", "DAY", some_bars(5), {}, 5)
    with runs.database.atomic() as connection:
        connection.execute("UPDATE runs SET status = 'failed'")
    with pytest.raises(StoreError, match="no longer running"):
        writer.complete(2, {})
    assert rows_of(runs, "r") == 0


def test_a_full_disk_can_be_survived(runs):
    """StoreFullError during recording leaves a writer that can still fail its run, or a run that recovery ends."""
    writer = runs.begin("r", "n", 1, {})
    connection = runs.database.connection()
    pages = connection.pragma("max_page_count")
    connection.pragma("max_page_count", connection.pragma("page_count") + 3)
    with pytest.raises(StoreFullError):
        writer.append_processed("A", "DAY", some_bars(3_000), {"x": np.random.default_rng(1).random(3_000)}, 5)
    with pytest.raises(UnknownRunError):
        runs.bars("r", "A")
    writer.fail(2, {"reason": "disk full"})
    connection.pragma("max_page_count", pages)
    assert runs.get("r").status == "failed"
    assert rows_of(runs, "r") == 0


def test_events_are_recorded_in_every_table(runs):
    """append() takes the columns of each of the 13 tables, and leaves NULL and defaults to the schema."""
    writer = runs.begin("r", "n", 1, {})
    for table in EVENT_TABLES:
        info = runs.database.rows('SELECT name, type, "notnull", dflt_value FROM pragma_table_info(?)', (table,))
        needed = [(n, kind) for n, kind, notnull, default in info if notnull and default is None and n != "run_id"]
        writer.append(table, {name: ["x"] * 25 if kind == "TEXT" else np.arange(25) for name, kind in needed})
    writer.complete(2, {})
    assert runs.get("r").metadata["row_counts"] == dict.fromkeys(EVENT_TABLES, 25)
    assert runs.database.rows("SELECT DISTINCT exchange, typeof(ts_event_ns) FROM fills") == [("SIMULATED", "integer")]


@pytest.mark.parametrize(
    ("table", "columns"),
    [
        ("runs", {"name": ["x"]}),
        ("nowhere", {"x": [1]}),
        ("bars", {"run_id": ["other"]}),
        ("bars", {"symbol) VALUES (1); --": ["x"]}),
        ("bars", {"symbol": ["x"], "open": [1, 2]}),
        ("bars", {}),
    ],
)
def test_events_go_to_known_tables_and_columns_only(runs, table, columns):
    """An unknown table or column, or columns of different length, are refused."""
    writer = runs.begin("r", "n", 1, {})
    with pytest.raises(InvalidParameterError, match="cannot record"):
        writer.append(table, columns)


def test_a_row_that_breaks_a_rule_of_its_table_fails_the_batch(runs):
    """A missing value that the table needs is a StoreError when the batch is written."""
    writer = runs.begin("r", "n", 1, {})
    writer.append("bars", {"symbol": ["A"]})
    with pytest.raises(StoreError, match="refused a row"):
        writer.complete(2, {})
    writer.fail(2, {})
    assert runs.get("r").status == "failed"


def test_a_reader_sees_completed_runs_and_changes_nothing(runs):
    """A read-only store reads, and refuses to begin, delete and recover."""
    record(runs)
    with closing(RunStore(runs.database.path, readonly=True)) as reader:
        assert len(reader.bars("r", "AAPL")) == 25
        assert reader.verify("r")
        for write in (lambda: reader.begin("x", "x", 1, {}), lambda: reader.delete(["r"]), reader.recover):
            with pytest.raises(ReadOnlyStoreError):
                write()


def test_hostile_questions_are_typed_errors(runs):
    """Half a character in an id is a BarscopeError, not a UnicodeEncodeError."""
    with pytest.raises(BarscopeError):
        runs.get("\ud800")
