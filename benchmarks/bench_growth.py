"""How time and memory of an exploration grow with the bars: linear in them, and at most ten times the columns.

Each size has a process of its own, whose peak is that of this size alone.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

CHILD = Path(__file__).with_name("growth_child.py")
SMALLEST_JUDGED = 100_000
"""Below it what is fixed outweighs the columns."""


def test_growth(grown_to, tmp_path, figure, grown):
    """Every bar is recorded, and memory stays within its budget."""
    command = [sys.executable, CHILD, tmp_path / "market", str(grown_to)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  # our own script
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout)
    assert found["rows"] == grown_to
    assert found["finite"]
    columns = found["columns_megabytes"]
    for key, what in (("ready", "columns ready to draw"), ("recorded", "recorded")):
        grown(what=what, n_bars=grown_to, columns_megabytes=columns, **found[key])
    if grown_to >= SMALLEST_JUDGED:
        times = found["recorded"]["megabytes"] / columns
        figure(f"peak memory, {grown_to:,} bars × 5", f"{times:.1f} × columns", "at most 10", times <= 10)
