"""`barscope runs`: what was recorded."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from barscope.cli.console import STDOUT, plain, say
from barscope.cli.options import WorkspaceFolder, open_workspace
from barscope.domain.time import iso

if TYPE_CHECKING:
    from collections.abc import Sequence

    from barscope.store.run_reader import RunRecord

_STYLES = {"completed": "green", "failed": "red", "cancelled": "yellow"}


def runs(
    limit: Annotated[int, typer.Option(min=1, help="How many to show.")] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for another program.")] = False,
    workspace: WorkspaceFolder = Path("data"),
) -> None:
    """List the newest runs.

    Example: `barscope runs --limit 5`
    """
    with open_workspace(workspace) as ws:
        records = ws.runs_store.list_runs(limit=limit)
    if as_json:
        print(json.dumps([_row(record) for record in records], indent=2))
    elif records:
        _show(records)
    else:
        say("no runs yet: make one with `barscope explore` or `barscope backtest`")


def _row(record: RunRecord) -> dict[str, str | None]:
    return {
        "run_id": record.run_id,
        "name": record.name,
        "mode": record.config.get("mode"),
        "status": record.status,
        "started": iso(record.ts_start),
        "ended": None if record.ts_end is None else iso(record.ts_end),
        "reason": record.metadata.get("error") or record.metadata.get("reason") or record.problem,
    }


def _show(records: Sequence[RunRecord]) -> None:
    table = Table("run", "status", "started (UTC)", "name")
    for column in table.columns[:3]:
        column.no_wrap = True
    for row in map(_row, records):
        what = row["name"] if row["reason"] is None else f"{row['name']} ({row['reason']})"
        status = plain(row["status"], _STYLES.get(str(row["status"]), ""))
        table.add_row(plain(row["run_id"]), status, plain(row["started"]), plain(what))
    STDOUT.print(table)
