"""What the command line says about itself, and what it costs to ask."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import pytest
from typer.testing import CliRunner

import barscope
from barscope.cli.app import COMMANDS, app

HEAVY = {
    "IPython",
    "anywidget",
    "databento_dbn",
    "ipywidgets",
    "jupyterlab",
    "numpy",
    "pandas",
    "plotly",
    "polars",
    "pydantic",
    "talib",
}
NAMES = [command.__name__ for command in COMMANDS]
REPORT = """
import atexit, json, sys
atexit.register(lambda: print(json.dumps(sorted(sys.modules)), file=sys.stderr))
"""


@pytest.mark.parametrize("name", NAMES)
def test_every_command_shows_what_it_does_and_an_example(name):
    """The help of a command opens with what it does, gives an example of itself, and explains every option."""
    shown = CliRunner().invoke(app, [name, "--help"], prog_name="barscope")
    assert shown.exit_code == 0
    text = re.sub(r"\x1b\[[0-9;]*m", "", shown.stdout)  # some build servers make typer use colours
    assert f"Example: barscope {name}" in " ".join(text.split())


def test_every_option_of_every_command_has_a_help_text():
    """No option or argument is left unexplained."""
    from typer.main import get_command

    commands = get_command(app).commands
    assert set(commands) == set(NAMES)
    silent = [f"{name} {p.name}" for name, command in commands.items() for p in command.params if not p.help]
    assert not silent


def test_the_version_is_that_of_the_package():
    """`--version` prints the version and nothing else."""
    shown = CliRunner().invoke(app, ["--version"])
    assert (shown.exit_code, shown.stdout) == (0, f"{barscope.__version__}\n")


@pytest.mark.parametrize(
    "doing", ["import barscope", "from barscope.cli import main; sys.argv[1:] = ['--help']; main()"]
)
def test_importing_barscope_or_asking_for_help_loads_no_heavy_library(doing):
    """Neither `import barscope` nor `barscope --help` imports a library that takes long to load."""
    done = subprocess.run([sys.executable, "-c", REPORT + doing], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    loaded = set(json.loads(done.stderr.splitlines()[-1]))
    assert "barscope" in loaded
    assert not loaded & HEAVY


def test_barscope_runs_as_a_module():
    """`python -m barscope` is the same command."""
    done = subprocess.run([sys.executable, "-m", "barscope", "--version"], capture_output=True, text=True, timeout=60)
    assert done.stdout == f"{barscope.__version__}\n"


def test_a_wrong_option_is_a_usage_error():
    """An option that does not exist ends with status 2."""
    assert CliRunner().invoke(app, ["runs", "--bogus"]).exit_code == 2
