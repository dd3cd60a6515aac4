"""What has to hold after a process died: read by a new process that recovers the workspace first.

Every violation is one line that begins with the promise that was broken.
"""

import json
import time
from contextlib import suppress
from pathlib import Path

import numpy as np
from records import REFERENCE, key_of, record_of
from work import EXPLORATIONS, MINUTE_NS, START_NS, preset_of, tell

import barscope as bs
from barscope.domain.time import TimeRange
from barscope.errors import UnknownRunError
from barscope.jobs import InlineExecutor
from barscope.store.runs_schema import EVENT_TABLES

TABLES = (*EVENT_TABLES, "run_columns")


def check(task):
    """Recovers the workspace and tells what is wrong with it."""
    folder, told = Path(task["folder"]), task["told"]
    begun = time.perf_counter()
    with bs.Workspace(folder, executor=InlineExecutor()) as ws:
        seconds = time.perf_counter() - begun
        again = ws.explorer.recover()
        expected = json.loads((Path(task["template"]) / REFERENCE).read_text())
        wrong = [f"recovery: {run_id} was not recovered at once" for run_id in again]
        wrong += [*runs(ws, expected, told), *rows(ws), *sessions(ws), *files(ws)]
        wrong += [*_presets(ws, told), *_bars(ws, told, task["bars"]), *leftovers(ws)]
        wrong += _goes_on(ws, expected) if task["goes_on"] else []
        tell("checked", wrong=wrong, recovered=ws.recovered, seconds=seconds)


def runs(ws, expected, told):
    """Runs that are completed hold what their request has to leave; all others hold nothing, and say why."""
    store = ws.runs_store
    records = {record.run_id: record for record in store.list_runs()}
    acknowledged = {t["run_id"] for t in told if t["kind"] in ("complete", "result")} | set(_there(told))
    dropped = {t["run_id"] for t in told if t["kind"] == "deleting"}
    for run_id in sorted(acknowledged - dropped):
        status = records[run_id].status if run_id in records else "gone"
        if status != "completed":
            yield f"acknowledged: run {run_id} was told to be completed and is {status}"
    for run_id in (t["run_id"] for t in told if t["kind"] == "cancelled"):
        if records[run_id].status != "cancelled":
            yield f"acknowledged: run {run_id} was told to be cancelled and is {records[run_id].status}"
    for run_id in (t["run_id"] for t in told if t["kind"] == "deleted" and t["run_id"] in records):
        yield f"acknowledged: run {run_id} was told to be deleted and is {records[run_id].status}"
    for run_id in sorted((acknowledged & dropped) & records.keys()):
        if records[run_id].status != "completed":
            yield f"status: {run_id} was told to be completed, then being deleted, and is {records[run_id].status}"
    for run_id, record in records.items():
        if record.status == "running":
            yield f"owner: {run_id} is running, and its process is dead"
        elif record.status == "completed":
            yield from _whole(store, run_id, expected[key_of(record.config)])
        else:
            yield from _hidden(store, run_id)
            if record.status == "failed" and record.metadata != {"reason": "interrupted"}:
                yield f"status: {run_id} failed of {record.metadata}"


def _there(told):
    """The runs that were there before."""
    return [run_id for t in told if t["kind"] == "there" for run_id in t["runs"]]


def _whole(store, run_id, expected):
    found = record_of(store, run_id)
    if found != expected:
        yield f"whole: {run_id} is completed and holds {found}, not {expected}"
    if not store.verify(run_id):
        yield f"whole: {run_id} does not hold what its own record says"
    state = store.database.rows("SELECT executor_running, crashed_ns FROM run_states WHERE run_id = ?", (run_id,))
    if state != [(0, None)]:
        yield f"state: {run_id} is completed, its state says {state}"


def _hidden(store, run_id):
    for table in TABLES:
        [(n,)] = store.database.rows(f"SELECT count(*) FROM {table} WHERE run_id = ?", (run_id,))  # noqa: S608
        if n:
            yield f"hidden: {run_id} is {store.get(run_id).status} and has {n} rows in {table}"
    with suppress(UnknownRunError):
        yield f"hidden: {run_id} shows {store.symbols(run_id)}"
    state = store.database.rows("SELECT executor_running FROM run_states WHERE run_id = ?", (run_id,))
    if state != [(0,)]:
        yield f"state: {run_id} has ended, its state says {state}"


def rows(ws):
    """No row without a run, no bar twice, and the columns say what the rows say."""
    database = ws.runs_store.database
    for table in (*TABLES, "run_states", "run_state_parts"):
        for (run_id,) in database.rows(
            f"SELECT DISTINCT run_id FROM {table} WHERE run_id NOT IN (SELECT run_id FROM runs)"  # noqa: S608
        ):
            yield f"orphans: {table} has rows of {run_id}, which there is not"
    for table in ("bars", "bars_processed"):
        for run_id, symbol, ts in database.rows(
            f"SELECT run_id, symbol, ts_event_ns FROM {table} GROUP BY 1, 2, 3 HAVING count(*) > 1"  # noqa: S608
        ):
            yield f"duplicates: {table} has {symbol} at {ts} of {run_id} more than once"
    rows = "SELECT run_id, symbol, count(*) FROM bars_processed GROUP BY 1, 2"
    columns = "SELECT run_id, symbol, sum(n) FROM run_columns WHERE series = 'ts' GROUP BY 1, 2"
    for row in database.rows(f"SELECT * FROM ({rows}) EXCEPT SELECT * FROM ({columns})"):  # noqa: S608
        yield f"columns: not as the rows of {row}"


def sessions(ws):
    """The memory of the explorer says of every run what runs.db says of it."""
    records = {record.run_id: record for record in ws.runs_store.list_runs()}
    for session in ws.explorer.list_sessions():
        for state in ws.explorer.get_session_indicators(session.session_id):
            record = records.get(state.run_id)
            status = "gone" if record is None else record.status
            recorded = set() if status != "completed" else set(_series(ws.runs_store, state.run_id))
            if state.status == "running" or (state.status == "completed" and not set(state.series) <= recorded):
                yield f"sessions: {state.class_name} of {state.run_id} is {state.status}, the run {status}: {recorded}"
            if status == "completed" and set(state.series) <= recorded and state.status != "completed":
                yield f"sessions: {state.class_name} is recorded in {state.run_id}, and said to be {state.status}"
        for row in ws.presets.indicators_of(session.session_id):
            now = records[row.run_id].config.get("data_fingerprint") if row.run_id in records else row.data_fingerprint
            if row.data_fingerprint != now:
                yield f"sessions: {row.run_id} would not be found again: {row.data_fingerprint}, not {now}"
    kept = {session.session_id for session in ws.explorer.list_sessions()}
    for run_id, record in records.items():
        if record.status == "completed" and record.config.get("session_id", next(iter(kept))) not in kept:
            yield f"sessions: {run_id} belongs to a session that there is not"


def _series(store, run_id):
    return {name for symbol in store.symbols(run_id) for name in store.series_names(run_id, symbol)}


def files(ws):
    """SQLite finds every file sound, and every reference in it."""
    for store in (ws.runs_store, ws.presets, ws.secmaster):
        found = store.database.rows("PRAGMA integrity_check") + store.database.rows("PRAGMA foreign_key_check")
        if found != [("ok",)]:
            yield f"file: {store.database.path.name}: {found}"


def _presets(ws, told):
    """What was saved last is there, or what was being saved when the process died; whole in any case."""
    last = {t["name"]: t["k"] for t in told if t["kind"] == "preset"}
    if ws.presets.chart_settings.get("kept") != preset_of(1):
        yield "presets: the one that was there before is not"
    for name in ("p0", "p1", "p2"):
        value = ws.presets.chart_settings.get(name)
        began, k = last.get(name, 0), 0 if value is None else value["k"]
        if value is not None and value != preset_of(k):
            yield f"presets: {name} is half written"
        if k not in (began, began + 3 if began else int(name[1]) or 3):
            yield f"presets: {name} was saved as number {began} and is number {k}"


def _bars(ws, told, n):
    """Every transaction of the ingest is there or is not, and the coverage is that of the bars."""
    last = max((t["k"] for t in told if t["kind"] == "ingested"), default=0)
    volumes = stored(ws, "REV").volume
    k = int(volumes[0])
    if len(volumes) != n or (volumes != k).any() or k not in (last, last + 1):
        yield f"bars: REV was ingested {last} times and has volumes {np.unique(volumes)}"
    fresh = [symbol for symbol in ws.secmaster.symbols(1, 33) if symbol.startswith("N")]
    if fresh != [f"N{i}" for i in range(1, k + 1)]:
        yield f"bars: {fresh} are there with {k} of REV"
    for covered in ws.secmaster.coverage():
        ts = stored(ws, covered.symbol).ts
        if (covered.min_ts, covered.max_ts) != (ts[0], ts[-1]) or len(ts) != n:
            yield f"bars: {covered} with {len(ts)} bars"
    if not (stored(ws, "A0").ts == START_NS + np.arange(n) * MINUTE_NS).all():
        yield "bars: those that were there before are not"


def stored(ws, symbol):
    """All bars of a symbol."""
    return ws.secmaster.read_bars(ws.secmaster.mappings(1, symbol, "raw_symbol", TimeRange()), 33)


def leftovers(ws):
    """A lock of an owner that nobody holds is of no use to anybody."""
    owners = ws.runs_store.database.path.with_name("runs.db.owners")
    left = sorted(path.name for path in owners.iterdir()) if owners.is_dir() else []
    if left:
        yield f"leftovers: locks of {left}"


def _goes_on(ws, expected):
    """What was interrupted can be asked for again, and comes out the same."""
    run = ws.explore(EXPLORATIONS[0], fresh=True).result()
    if record_of(ws.runs_store, run.run_id) != expected[key_of(run.record.config)]:
        yield f"goes on: {run.run_id} differs from what it was before"
