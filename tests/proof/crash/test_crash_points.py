"""A process is killed (kill -9) at a named point of its work or of a recovery: the next one finds all promises kept."""

import random

import pytest
from sizes import seeds

EVENTS = {
    "the lock of an owner is taken": ("begin/locked", 6),
    "the row of a run is written": ("begin/row runs", 6),
    "a run has begun": ("begin/committed", 6),
    "the first batch is committed": ("record/committed", 1),
    "a batch is half written": ("record/row bars_processed", 2000),
    "the rows of a batch are written, its columns half": ("record/row run_columns", 150),
    "a batch is to be committed": ("record/commit", 20),
    "a heartbeat is written": ("heartbeat/row run_states", 30),
    "the last transaction is to begin": ("complete/entered", 5),
    "the last rows are half written": ("complete/row run_columns", 25),
    "the status is written": ("complete/row runs", 5),
    "the last transaction is to be committed": ("complete/commit", 5),
    "the last transaction is committed": ("complete/committed", 5),
    "the lock of an owner is released": ("complete/released", 5),
    "the session is told of the end": ("note/row session_indicators", 5),
    "a cancelled run has lost some rows": ("drop/row bars_processed", 90),
    "the status of a cancelled run is written": ("drop/row runs", 1),
    "a cancelled run is to be committed": ("drop/commit", 1),
    "a deletion has begun": ("delete/committed", 1),
    "a deletion is half done": ("delete/row bars_processed", 600),
    "a deletion has only the run left": ("delete/row run_states", 2),
    "a session is half deleted": ("forget/row session_indicators", 2),
    "a preset is written": ("preset/row chart_settings", 12),
    "a preset is committed": ("preset/committed", 12),
    "an ingest is half written": ("ingest/slice", 40),
    "the coverage of an ingest is written": ("ingest/row symbol_coverage", 12),
    "an ingest is to be committed": ("ingest/commit", 4),
    "a checkpoint has written half a page": ("any/write db", 60),
    "a commit has written half a frame of the log": ("any/write wal", 1000),
}
"""Where the work is killed: the event, and among how many of them a seed chooses."""

RECOVERY = {
    "recovery has begun": ("recover/entered", 2),
    "recovery has taken over a run": ("recover/locked", 2),
    "recovery has removed some rows": ("recover/row bars_processed", 60),
    "recovery has removed some rows for good": ("recover/committed", 2),
    "recovery has written the status": ("recover/row runs", 1),
    "recovery is to be committed": ("recover/commit", 3),
    "recovery has ended a run": ("recover/released", 1),
    "recovery has written half a frame of the log": ("any/write wal", 4),
    "recovery tells the session": ("note/row session_indicators", 1),
    "recovery carries on a deletion": ("delete/row bars_processed", 60),
    "recovery has removed what was to be deleted": ("delete/committed", 3),
}
"""Where a recovery is killed twice, after work that was killed in the middle: of a recording, or of a deletion."""

CREATION = ("create/commit", "create/committed", "any/write db", "any/write journal")


@pytest.mark.parametrize("seed", seeds(each_time=1, in_all=6))
@pytest.mark.parametrize("point", EVENTS)
def test_killed_at_work(crashes, tmp_path, point, seed):
    """Nothing acknowledged is lost, nothing else shows, and the same work can be done again."""
    event, most = EVENTS[point]
    nth = random.Random(f"{point} {seed}").randint(1, most)  # noqa: S311  # a seed repeats it
    outcome = crashes.of(tmp_path / "ws", seed, at=event, nth=nth, goes_on=seed % 3 == 0)
    assert outcome.died, f"{event} came less than {nth} times"
    assert outcome.wrong == []


@pytest.mark.parametrize("seed", seeds(each_time=1, in_all=6))
@pytest.mark.parametrize("point", RECOVERY)
def test_killed_at_recovery(crashes, tmp_path, point, seed):
    """What a killed recovery leaves, another recovery finishes."""
    event, most = RECOVERY[point]
    rng = random.Random(f"{point} {seed}")  # noqa: S311  # a seed repeats it
    killed_twice = [{"at": event, "nth": rng.randint(1, most)}] * 2
    work = ("delete/committed", 1) if event.startswith("delete/") else ("record/commit", rng.randint(8, 20))
    outcome = crashes.of(tmp_path / "ws", seed, at=work[0], nth=work[1], recoveries=killed_twice)
    assert outcome.died
    assert outcome.wrong == []


@pytest.mark.parametrize("seed", seeds(each_time=2, in_all=6))
@pytest.mark.parametrize("event", CREATION)
def test_killed_while_a_workspace_is_made(children, tmp_path, event, seed):
    """A workspace that came into being half way is made whole by the next process that opens it."""
    folder = str(tmp_path / "ws")
    nth = random.Random(f"{event} {seed}").randint(1, 3)  # noqa: S311  # a seed repeats it
    assert children.run("recover", folder=folder, rows=90, at=event, nth=nth)[1] == -9
    told, code = children.run("recover", folder=folder, rows=90)
    assert (code, told[-1]["runs"]) == (0, [])
