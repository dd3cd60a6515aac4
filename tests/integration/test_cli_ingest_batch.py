"""`barscope ingest` of a vendor's batch that dies half-way, and goes on."""

import hashlib
import json
import struct
import subprocess
import sys
import zipfile

import databento_dbn as dbn
import pytest

import barscope as bs
from barscope.jobs import InlineExecutor

T0 = 1_704_153_600_000_000_000
KILLED = """
import os, signal, sys
from barscope.workspace import ingestion
from barscope.cli.app import app

store, stored = ingestion._store, []

def dying(*args, **options):
    if len(stored) == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    stored.append(store(*args, **options))
    return stored[-1]

ingestion._store = dying
sys.argv = ["barscope", "ingest", *sys.argv[1:]]
app()
"""


@pytest.fixture
def archive(tmp_path):
    """An archive of four made-up files of one bar each."""
    head = dbn.Metadata(
        dataset="GLBX.MDP3",
        start=T0,
        stype_in=None,
        stype_out=dbn.SType.from_str("instrument_id"),
        schema=dbn.Schema.from_str("ohlcv-1d"),
        mappings=[],
    ).encode()
    query = {"dataset": "GLBX.MDP3", "schema": "ohlcv-1d", "encoding": "dbn", "stype_in": "raw_symbol"}
    names = {"result": {"ESH4": [{"d0": "2024-01-01", "d1": "2024-02-01", "s": "1"}]}}
    files = {"metadata.json": json.dumps({"query": query}).encode(), "symbology.json": json.dumps(names).encode()}
    for day in range(4):
        bar = struct.pack("<BBHIQqqqqQ", 14, 35, 1, 1, T0 + day * 86_400 * 10**9, 5, 5, 5, 5, 5)
        files[f"day{day}.ohlcv-1d.dbn"] = head + bar
    listed = [
        {"filename": name, "size": len(content), "hash": f"sha256:{hashlib.sha256(content).hexdigest()}"}
        for name, content in files.items()
    ]
    with zipfile.ZipFile(tmp_path / "batch.zip", "w") as packed:
        for name, content in {**files, "manifest.json": json.dumps({"files": listed}).encode()}.items():
            packed.writestr(name, content)
    return tmp_path / "batch.zip"


def test_a_killed_ingest_goes_on(archive, tmp_path):
    """What was stored before the kill is found and not read again; the rest follows; nothing is there twice."""
    folder = tmp_path / "ws"
    command = [sys.executable, "-c", KILLED, str(archive), "--workspace", str(folder)]
    killed = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert killed.returncode == -9, killed.stderr
    with bs.Workspace(folder, executor=InlineExecutor()) as ws:
        report = ws.ingest(archive)
        assert (report.read, report.inserted, report.unchanged) == (4, 2, 2)
        assert sum("not read again" in note for note in report.notes) == 2
        assert ws.coverage().max_ts[0].isoformat() == "2024-01-05T00:00:00+00:00"
