"""Several processes at work on one workspace at once, each as a user's would be; nothing is made small here.

The process that runs `crowd` forks its members before anybody opened a database, and looks after them: it samples the
size of the logs, kills a writer now and then and starts another in its place where it is asked to, and tells how all of
them ended.
"""

import json
import os
import random
import signal
import threading
import time
import traceback
from contextlib import closing, contextmanager
from functools import wraps
from itertools import count
from pathlib import Path

import checker
import numpy as np
from records import REFERENCE, key_of, shown_of
from work import EXPLORATIONS, OTHER_EXPLORATIONS, REVISED, bars_of, batch_of, preset_of, tell, told_after, told_around

import barscope as bs
from barscope.errors import UnknownRunError
from barscope.jobs import InlineExecutor
from barscope.store import run_writer, runs
from barscope.store.connections import connect
from barscope.store.database import Database
from barscope.store.run_list import glance_at_runs
from barscope.store.run_reader import RunReader
from barscope.store.secmaster import SecurityMaster

REQUESTS = {"writer": EXPLORATIONS[:4], "other writer": OTHER_EXPLORATIONS}
"""What a writer explores; its runs are its own to delete."""
_LOOK_S = 0.05
_READ_EVERY_S = 0.02
"""A screen that follows a run looks less often."""


def crowd(task):
    """Lets the members work for some seconds and waits for them."""
    folder = Path(task["folder"])
    task["until"] = time.monotonic() + task["seconds"]
    seeds = count(task["seed"])
    members = {_fork(task, role, next(seeds)): role for role in task["roles"]}
    largest, rng = 0, random.Random(task["seed"])  # noqa: S311  # a seed repeats it
    kill_at = time.monotonic() + task["kill_every_s"] if task["kill_every_s"] else float("inf")
    try:
        while members:
            threading.Event().wait(_LOOK_S)
            largest = max(largest, *map(_size, folder.glob("*.db-wal")), 0)
            if kill_at < time.monotonic() < task["until"]:
                os.kill(rng.choice([pid for pid, role in members.items() if role in REQUESTS]), signal.SIGKILL)
                kill_at += task["kill_every_s"]
            while members and (ended := os.waitpid(-1, os.WNOHANG))[0]:
                role = members.pop(ended[0])
                code = os.waitstatus_to_exitcode(ended[1])
                if code == -signal.SIGKILL:
                    members[_fork(task, role, next(seeds))] = role
                tell("ended", role=role, code=code)
    finally:
        for pid in members:  # where this process fails, nobody else would end them
            os.kill(pid, signal.SIGKILL)
    tell("log", mb=largest / 1e6)


def check_crowd(task):
    """What has to hold after all of it, seen by a new process."""
    told = task["told"]
    with bs.Workspace(task["folder"], executor=InlineExecutor(), retention=None) as ws:
        expected = json.loads((Path(task["template"]) / REFERENCE).read_text())
        wrong = [*checker.runs(ws, expected, told), *checker.rows(ws), *checker.sessions(ws), *checker.files(ws)]
        wrong += [*checker.leftovers(ws), *_saved(ws, told), *_ingested(ws, told)]
        tell("checked", wrong=wrong, runs=len(ws.runs_store.list_runs()))


# ---- members


def write(task, role, seed):
    """Four explorations at a time, a preset, and away with the four before, or with those of a killed predecessor."""
    with bs.Workspace(task["folder"], workers=4, retention=None) as ws:
        before = [record.run_id for record in ws.runs_store.list_runs("completed") if _is_of(role, record)]
        for k in count(1):
            jobs = [ws.explore(request, fresh=True) for request in REQUESTS[role]]
            for job in jobs:
                job.result()
                tell("result", run_id=job.run_id)
            ws.presets.chart_settings.set(f"of {seed}", preset_of(k))
            tell("preset", name=f"of {seed}", k=k)
            for run_id in before:
                ws.delete_run(run_id)
            before = [job.run_id for job in jobs]
            if time.monotonic() > task["until"]:
                return


def _is_of(role, record):
    """Whether a run is of a request of a writer."""
    asked = [(request.symbols, [i.class_name for i in request.indicators]) for request in REQUESTS[role]]
    found = tuple(record.config["symbols"]), [i["class_name"] for i in record.config.get("indicators", ())]
    return found in asked and record.config["end_date"] is None


def read(task, _role, seed):
    """Looks at the list of runs, then at one of them; what is shown has to be whole."""
    rng, took = random.Random(seed), []  # noqa: S311  # a seed repeats it
    expected = json.loads((Path(task["template"]) / REFERENCE).read_text())
    with closing(RunReader(Database(Path(task["folder"]) / "runs.db", runs.RUNS, readonly=True))) as reader:
        while time.monotonic() < task["until"]:
            threading.Event().wait(_READ_EVERY_S)
            with _timed(took):
                listed = [glance for glance in glance_at_runs(reader) if glance.status == "completed"]
            glance = rng.choice(listed)
            try:
                key = key_of(reader.get(glance.run_id).config)
                symbol = rng.choice(glance.symbols)
                with _timed(took):
                    bars = reader.bars(glance.run_id, symbol)
                with _timed(took):
                    series = reader.series(glance.run_id, symbol)
            except UnknownRunError:
                continue  # deleted since it was listed
            if shown_of(bars, series) != expected[key]["shown"][symbol]:
                tell("error", text=f"{glance.run_id} of {key} shows {symbol} with {len(bars)} bars, and not whole")
    tell("read", **_figures(took))


def ingest(task, _role, _seed):
    """Revises all bars of a symbol in one transaction, again and again."""
    n = task["bars"]
    with closing(SecurityMaster(Path(task["folder"]) / "secmaster.db")) as secmaster:
        for k in count(1):
            secmaster.write(1, [batch_of(REVISED, bars_of(n, seed=9, volume=k))], replace=True)
            tell("ingested", k=k)
            if time.monotonic() > task["until"]:
                return


def publish(task, _role, _seed):
    """Publishes what is completed, and looks whether the snapshot is whole."""
    target = Path(task["folder"]) / "published.db"
    expected = json.loads((Path(task["template"]) / REFERENCE).read_text())
    with bs.Workspace(task["folder"], workers=1, retention=None) as ws:
        for k in count(1):
            newest = ws.runs_store.list_runs(status="completed", limit=4)
            try:
                ws.publish([record.run_id for record in newest], target)
            except UnknownRunError:
                continue  # deleted meanwhile
            _look_at(target, {record.run_id: expected[key_of(record.config)]["columns"] for record in newest})
            tell("published", k=k)
            if time.monotonic() > task["until"]:
                return


def back_up(task, _role, _seed):
    """Copies runs.db with SQLite's own means while it is written, and looks whether the copy is whole."""
    source, target = Path(task["folder"]) / "runs.db", Path(task["folder"]) / "backup.db"
    expected = json.loads((Path(task["template"]) / REFERENCE).read_text())
    with closing(connect(source, "mode=ro")) as live:
        for k in count(1):
            target.unlink(missing_ok=True)
            live.execute("VACUUM INTO ?", (str(target),))
            with closing(connect(target, "mode=ro&immutable=1")) as copy:
                completed = copy.execute("SELECT run_id, config FROM runs WHERE status = 'completed'").fetchall()
            _look_at(target, {run_id: expected[key_of(json.loads(config))]["columns"] for run_id, config in completed})
            tell("backed up", k=k)
            if time.monotonic() > task["until"]:
                return


ROLES = {
    "writer": write,
    "other writer": write,
    "reader": read,
    "ingester": ingest,
    "publisher": publish,
    "keeper": back_up,
}


def _size(path):
    try:
        return path.stat().st_size
    except FileNotFoundError:  # whoever closes a database last removes its log
        return 0


def _fork(task, role, seed):
    pid = os.fork()
    if not pid:
        os._exit(_member(task, role, seed))
    return pid


def _member(task, role, seed):
    took, held = [], []
    Database.atomic = _timed_atomic(Database.atomic, took, held)
    run_writer.RunWriter.complete = told_after(run_writer.RunWriter.complete, "complete")
    runs.RunStore._delete = told_around(runs.RunStore._delete, "deleting", "deleted")
    try:
        ROLES[role](task, role, seed)
    except BaseException:  # noqa: BLE001  # whatever it was is told
        tell("error", text=f"{role}: {traceback.format_exc()[-1500:]}")
        return 1
    if took:
        tell("written", role=role, **_figures(took), held_ms=_figures(held)["slowest_ms"])
    return 0


def _timed_atomic(atomic, took, held):
    """The time of a transaction counts from when it is asked for: waiting for its turn is part of it."""

    @wraps(atomic)
    @contextmanager
    def timed(database, *, durable=False):
        with _timed(took):
            with atomic(database, durable=durable) as connection:
                begun = time.perf_counter()
                yield connection
            held.append(time.perf_counter() - begun)

    return timed


def _figures(took):
    p99, slowest = float(np.percentile(took, 99)), max(took)
    return {"n": len(took), "p99_ms": round(1000 * p99, 1), "slowest_ms": round(1000 * slowest, 1)}


@contextmanager
def _timed(took):
    begun = time.perf_counter()
    try:
        yield
    finally:
        took.append(time.perf_counter() - begun)


# ---- what is left


def _look_at(copy, expected):
    """A copy of runs.db is sound, and holds what it is expected to of every run."""
    with closing(connect(copy, "mode=ro&immutable=1")) as file:
        if file.execute("PRAGMA quick_check").fetchall() != [("ok",)]:
            tell("error", text=f"{copy.name} is damaged")
        for run_id, columns in expected.items():
            query = "SELECT symbol, series, sum(n) FROM run_columns WHERE run_id = ? GROUP BY symbol, series"
            found = [list(row) for row in file.execute(query, (run_id,))]
            if found != columns:
                tell("error", text=f"{run_id} in {copy.name} holds {found}")


def _saved(ws, told):
    last = {t["name"]: t["k"] for t in told if t["kind"] == "preset"}
    for name, k in last.items():
        value = ws.presets.chart_settings.get(name)
        if value not in (preset_of(k), preset_of(k + 1)):
            yield f"presets: {name} was saved as number {k} and is {value}"


def _ingested(ws, told):
    last = max((t["k"] for t in told if t["kind"] == "ingested"), default=0)
    volumes = checker.stored(ws, REVISED).volume
    if set(volumes.tolist()) != {last}:
        yield f"bars: {REVISED} was ingested {last} times and has volumes {np.unique(volumes)}"
