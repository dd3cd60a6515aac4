"""`barscope doctor`: what is installed, what the workspace holds, and what is wrong with either."""

from __future__ import annotations

import os
import platform
import shutil
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

import typer
from rich.table import Table

import barscope
from barscope.cli.console import STDOUT, fail, plain
from barscope.cli.options import WorkspaceFolder

if TYPE_CHECKING:
    from collections.abc import Iterator

    from barscope.store.health import Health
    from barscope.workspace.paths import WorkspacePaths

_LIBRARIES = (
    "numpy",
    "pandas",
    "polars",
    "pydantic",
    "plotly",
    "ipywidgets",
    "anywidget",
    "jupyterlab",
    "ipykernel",
    "databento-dbn",
)
_BROWSERS = ("chromium", "chromium-browser", "google-chrome")
_LEAST_FREE_BYTES = 200_000_000


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report; it is broken when it has a remedy."""

    what: str
    is_: str
    remedy: str | None = None


def doctor(workspace: WorkspaceFolder = Path("data")) -> None:
    """Check the installation and the workspace; the exit status is 1 when something is broken.

    Example: `barscope doctor --workspace data`
    """
    from barscope.workspace.paths import WorkspacePaths

    findings = [*_installation(), *_workspace(WorkspacePaths.of(workspace))]
    table = Table("", "", box=None, show_header=False)
    table.columns[0].no_wrap = True
    for found in findings:
        table.add_row(plain(found.what), plain(found.is_, "red" if found.remedy else ""))
    STDOUT.print(table)
    broken = [found for found in findings if found.remedy]
    for found in broken:
        fail(f"{found.what}: {found.is_}. {found.remedy}")
    if broken:
        raise typer.Exit(1)


def _installation() -> Iterator[Finding]:
    yield Finding("barscope", barscope.__version__)
    yield Finding("Python", platform.python_version())
    yield _sqlite()
    yield _talib()
    for library in _LIBRARIES:
        yield _library(library)
    browser = next(filter(None, map(shutil.which, _BROWSERS)), None)
    yield Finding("pictures (PNG)", browser or "not possible: no Chromium or Chrome on the PATH")


def _sqlite() -> Finding:
    import apsw

    return Finding("SQLite", f"{apsw.sqlite_lib_version()} (apsw {version('apsw')})")


def _talib() -> Finding:
    try:
        import talib
    except ImportError as error:
        return Finding(
            "TA-Lib", f"cannot be imported: {error}", "Install it again: pip install --force-reinstall ta-lib"
        )
    core = talib.__ta_version__.decode().split()[0]
    return Finding("TA-Lib", f"{core} (ta-lib {version('ta-lib')}), {len(talib.get_functions())} functions")


def _library(name: str) -> Finding:
    try:
        return Finding(name, version(name))
    except PackageNotFoundError:
        return Finding(name, "not installed", f"Install it: pip install {name}")


def _workspace(paths: WorkspacePaths) -> Iterator[Finding]:
    from barscope.store.health import examine
    from barscope.store.presets_schema import PRESETS
    from barscope.store.runs_schema import RUNS
    from barscope.store.secmaster_schema import SECMASTER

    yield _folder(paths.folder)
    for path, schema, tables in (
        (paths.secmaster, SECMASTER, ("publishers", "instruments", "ohlcv")),
        (paths.runs, RUNS, ("runs", "bars_processed")),
        (paths.presets, PRESETS, ("explorer_sessions", "session_indicators")),
    ):
        yield _database(schema.kind, path, examine(path, schema, tables))
    yield _space(_nearest(paths.folder))


def _folder(folder: Path) -> Finding:
    there = _nearest(folder)
    if not os.access(there, os.W_OK | os.X_OK) or not there.is_dir():
        return Finding("workspace", f"{folder}: cannot be written", f"Make {there} a folder you can write to")
    return Finding("workspace", str(folder) if there == folder else f"{folder} (not there yet)")


def _database(kind: str, path: Path, health: Health) -> Finding:
    if health.problem:
        return Finding(kind, f"{path}: {health.problem}", "Move the file away and ingest again, or restore a backup")
    if not health.exists:
        return Finding(kind, f"{path}: not there yet")
    counts = ", ".join(f"{n:,} {table}" for table, n in health.counts.items())
    return Finding(kind, f"{path}: sound, version {health.version}; {counts}")


def _space(folder: Path) -> Finding:
    free = shutil.disk_usage(folder).free
    remedy = None if free >= _LEAST_FREE_BYTES else "Free some space: a full disk refuses to record"
    return Finding("free disk space", f"{free / 1e9:,.1f} GB", remedy)


def _nearest(folder: Path) -> Path:
    """The folder, or the nearest one above it that exists."""
    return next(there for there in (folder, *folder.parents) if there.exists())
