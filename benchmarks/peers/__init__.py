"""The same work in other libraries. Each script is a process of its own and measures itself.

It is given a folder with the bars as `.npy` files, one a column, and prints one JSON object: `peer` (name and version),
`seconds`, and what came out. Those that cannot be installed beside barscope run in an environment of their own, which
`make bench` makes.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

HERE = Path(__file__).parent
ENVIRONMENTS = HERE.parents[1] / ".venv"
COLUMNS = ("ts", "open", "high", "low", "close", "volume")


def hand_over(bars, folder):
    """Write the columns of bars for a peer to read."""
    folder.mkdir(exist_ok=True)
    for name in COLUMNS:
        np.save(folder / f"{name}.npy", getattr(bars, name))


def measured(script, folder, *args, environment=None, variables=None):
    """What a script printed; the test is skipped where its environment is not there.

    Args:
        script: Its name in this folder.
        folder: Where the bars are.
        args: Further arguments.
        environment: The environment it runs in, `.venv/peers-NAME`; None is this one.
        variables: Environment variables of its process; None are those of this one.
    """
    python = sys.executable if environment is None else ENVIRONMENTS / f"peers-{environment}" / "bin" / "python"
    if not Path(python).exists():
        pytest.skip(f"no environment for {environment}: `make peers` makes it")
    command = [python, "-W", "ignore", HERE / f"{script}.py", folder, *map(str, args)]
    done = subprocess.run(command, capture_output=True, text=True, env=variables, check=False)  # noqa: S603
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])
