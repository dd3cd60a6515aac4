"""What a run left in runs.db, in a form that two runs of one request have in common."""

import hashlib
import json

from barscope.store.runs_schema import EVENT_TABLES

REFERENCE = "reference.json"
"""Beside the databases: request → what its run has to leave."""


def key_of(config):
    """What was asked, from the manifest of a run."""
    return json.dumps([config["symbols"], config.get("indicators"), config.get("request"), config.get("end_date")])


def record_of(runs, run_id):
    """Rows and their hash of every table of a run, and the digest it claims."""
    tables = {table: found for table in EVENT_TABLES if (found := _hash(runs, table, run_id))[0]}
    query = "SELECT symbol, series, sum(n) FROM run_columns WHERE run_id = ? GROUP BY symbol, series"
    columns = [list(row) for row in runs.database.rows(query, (run_id,))]
    shown = {
        symbol: shown_of(runs.bars(run_id, symbol), runs.series(run_id, symbol)) for symbol in runs.symbols(run_id)
    }
    digest = runs.get(run_id).metadata.get("digest")
    return {"tables": tables, "columns": columns, "digest": digest, "shown": shown}


def shown_of(bars, series):
    """A hash of what a chart of a symbol shows."""
    columns = (
        bars.ts,
        bars.open,
        bars.high,
        bars.low,
        bars.close,
        bars.volume,
        *(series[name] for name in sorted(series)),
    )
    return hashlib.sha256(b"".join(column.tobytes() for column in columns)).hexdigest()


def _hash(runs, table, run_id):
    query = "SELECT name FROM pragma_table_info(?) WHERE name NOT IN ('id', 'run_id')"
    columns = ", ".join(name for (name,) in runs.database.rows(query, (table,)))
    digest, n = hashlib.sha256(), 0
    for row in runs.database.stream(f"SELECT {columns} FROM {table} WHERE run_id = ? ORDER BY rowid", (run_id,)):  # noqa: S608
        digest.update(repr(row).encode())
        n += 1
    return [n, digest.hexdigest()]
