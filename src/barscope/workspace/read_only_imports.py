"""A process that only reads: modules that write cannot be imported in it."""

from __future__ import annotations

import sys
from importlib.abc import MetaPathFinder
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType

WRITE_PATHS = (
    # databases
    "barscope.store.annotations",
    "barscope.store.bar_writer",
    "barscope.store.database",
    "barscope.store.health",
    "barscope.store.locks",
    "barscope.store.named_table",
    "barscope.store.presets",
    "barscope.store.run_rows",
    "barscope.store.run_writer",
    "barscope.store.runs",
    "barscope.store.secmaster",
    "barscope.store.snapshot",
    "barscope.store.state_writer",
    "barscope.store.sweep_writer",
    # files
    "barscope.charts.export",
    "barscope.ingest",
    "barscope.workspace.ingestion",
    # work that ends in a record
    "barscope.engine.datafeed",
    "barscope.engine.orchestrator",
    "barscope.engine.recorder",
    "barscope.studies.backtest",
    "barscope.studies.exploration",
    "barscope.studies.vendor_prices",
    "barscope.studies.explorer",
    "barscope.studies.retention",
    "barscope.studies.session_log",
    "barscope.studies.sweep_crew",
    "barscope.studies.sweep_dask",
    "barscope.studies.sweep_executors",
    "barscope.studies.sweep_packing",
    "barscope.studies.sweep_plan",
    "barscope.studies.sweep_processes",
    "barscope.studies.sweep_resume",
    "barscope.studies.sweep_run",
    "barscope.studies.sweep_threads",
    "barscope.studies.sweep_work",
    "barscope.studies.sweeps",
    "barscope.workspace.publish",
    "barscope.workspace.repetition",
    "barscope.workspace.sweeps",
    "barscope.workspace.workspace",
    "barscope.cli",
)
"""The modules, each with those below it."""


class WritePathError(ImportError):
    """A module that writes, asked for in a process that only reads."""


class _Refusal(MetaPathFinder):
    """Finds no module of a write path, before anything else looks for it."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if _is_write_path(fullname):
            raise WritePathError(f"{fullname} writes: this process only reads", name=fullname)
        return None


def forbid_write_paths() -> None:
    """Refuses to import every module that writes to a database or a file, for the rest of this process.

    A guard against mistakes: a call that would end in a write fails where it begins. What keeps hostile code out is
    that the process takes no code from anybody.

    Raises:
        WritePathError: If one is imported already.
    """
    present = sorted(name for name in sys.modules if _is_write_path(name))
    if present:
        raise WritePathError(
            f"{', '.join(present)} can write and is imported already: forbid it first", name=present[0]
        )
    if not any(isinstance(finder, _Refusal) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Refusal())


def _is_write_path(name: str) -> bool:
    return any(name == path or name.startswith(f"{path}.") for path in WRITE_PATHS)
