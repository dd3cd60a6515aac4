"""Publishing runs: a snapshot of some of them that others may look at."""

from __future__ import annotations

import time
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from barscope.domain.time import iso
from barscope.errors import InvalidParameterError, UnknownRunError, cut
from barscope.store.named_table import check_name
from barscope.store.snapshot import write_snapshot
from barscope.store.snapshot_facts import SnapshotFacts
from barscope.studies.publication import public_children, public_record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from barscope.store.run_reader import RunReader, RunRecord
    from barscope.store.session_values import ExplorerSession
    from barscope.workspace.workspace import Workspace

TITLE = "Published runs"


def publish(
    ws: Workspace,
    run_ids: Iterable[str],
    path: str | Path,
    title: str | None = None,
    *,
    include_failed: bool = False,
    on_run: Callable[[int], None] = lambda _done: None,
    now_ns: Callable[[], int] = time.time_ns,
) -> Path:
    """Write a snapshot of some runs: one file, put in place whole, in place of an earlier snapshot.

    Visible in it: of each run its id, name, times, bars, indicator series, parameters, broker settings, orders and
    fills; the choice of bars of its explorer session; of a failed run the reason. Not in it: other runs, source code
    and its hashes, revisions and versions, settings of the data feed, tracebacks, paths, the user's saved choices.

    Args:
        ws: Where the runs are.
        run_ids: Which; each once.
        path: The file.
        title: What visitors read on top.
        include_failed: Whether failed runs are published too, as records without results.
        on_run: Told how many runs are written so far; what it raises ends the work and leaves no trace.
        now_ns: Tells the time, nanoseconds since the epoch, UTC.

    Returns:
        Where the snapshot is.

    Raises:
        UnknownRunError: If a run is not there, or did not complete.
        InvalidParameterError: If no run is named, or the title cannot be read.
        StoreError: If something else than a snapshot is there, or it cannot be written.
    """
    facts = SnapshotFacts(check_name(TITLE if title is None else title), iso(now_ns()))
    chosen = publishable(ws.runs_store, run_ids, include_failed=include_failed)
    private = (Path.home(), ws.paths.folder, ws.paths.runs.parent, ws.paths.secmaster.parent)
    public = [public_record(record, ws.zone_of(record.config.get("publisher_id")), private) for record in chosen]
    children = partial(public_children, private_folders=private)
    return write_snapshot(path, ws.runs_store, public, _sessions_of(ws, public), facts, on_run, children)


def publishable(runs: RunReader, run_ids: Iterable[str], *, include_failed: bool = False) -> tuple[RunRecord, ...]:
    """The records of the runs that are to be published, each once, in the order given.

    Raises:
        UnknownRunError: If a run is not there, or did not complete.
        InvalidParameterError: If no run is named.
    """
    records = tuple(runs.get(run_id) for run_id in dict.fromkeys(run_ids))
    if not records:
        raise InvalidParameterError("no run to publish: name at least one that is completed")
    wanted = ("completed", "failed") if include_failed else ("completed",)
    for record in records:
        if record.status not in wanted:
            remedy = "ask for failed runs too" if record.status == "failed" else "publish runs that completed"
            raise UnknownRunError(f"run {cut(record.run_id)} is {record.status}: {remedy}")
    return records


def _sessions_of(ws: Workspace, records: Sequence[RunRecord]) -> list[ExplorerSession]:
    """The sessions these runs belong to, without when somebody looked at them."""
    wanted = {record.config.get("session_id") for record in records}
    mine = (session for session in ws.presets.list_sessions() if session.session_id in wanted)
    return [replace(session, pinned=False, last_opened_at=None) for session in mine]
