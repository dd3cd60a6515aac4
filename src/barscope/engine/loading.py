"""Strategies from the user's files and from installed packages; what fails to load is reported, not raised."""

from __future__ import annotations

import hashlib
import importlib.metadata
import linecache
import sys
import traceback
from pathlib import Path
from types import ModuleType

from barscope.engine import registry
from barscope.errors import cut
from barscope.indicators import LoadFailure
from barscope.indicators import registry as indicator_registry

ENTRY_POINTS = "barscope.strategies"
_MODULES = "barscope_user_strategies"


def load_folder(folder: str | Path) -> tuple[LoadFailure, ...]:
    """Runs each `*.py` of a folder that does not start with `_`, in order of name, and registers what it defines.

    Loading again takes up changes and drops what is gone. A file that fails registers nothing, and the others load
    all the same. A file may define indicators too.
    """
    folder = Path(folder).resolve()
    prefix = f"{_MODULES}.{hashlib.sha256(str(folder).encode()).hexdigest()[:12]}"
    for name in [name for name in sys.modules if name.startswith(f"{prefix}.")]:
        _forget(name)
    files = sorted(path for path in folder.glob("*.py") if not path.name.startswith("_"))
    failures = [_load_file(path, f"{prefix}.{path.stem}") for path in files]
    return tuple(failure for failure in failures if failure is not None)


def load_entry_points() -> tuple[LoadFailure, ...]:
    """Imports the modules that installed packages name under the entry points `barscope.strategies`."""
    failures = []
    for entry in sorted(importlib.metadata.entry_points(group=ENTRY_POINTS), key=lambda entry: entry.name):
        try:
            entry.load()
        except (Exception, SystemExit) as error:  # noqa: BLE001  # another package may fail in any way; it is shown
            registry.unregister_module(entry.module)
            failures.append(_failure(f"{entry.name} ({entry.value})", error))
    return tuple(failures)


def _load_file(path: Path, module_name: str) -> LoadFailure | None:
    module = ModuleType(module_name)
    module.__file__ = str(path)
    sys.modules[module_name] = module  # inspect and dataclasses look a class's module up there
    try:
        text = path.read_text(encoding="utf-8-sig")
        linecache.cache[str(path)] = (len(text), None, text.splitlines(keepends=True), str(path))  # the text that runs
        exec(compile(text, str(path), "exec"), module.__dict__)  # noqa: S102  # the user's own code is what this is for
    except (Exception, SystemExit) as error:  # noqa: BLE001  # a user's file may fail in any way; it is shown with its error
        _forget(module_name)
        return _failure(str(path), error)
    return None


def _forget(module_name: str) -> None:
    registry.unregister_module(module_name)
    indicator_registry.unregister_module(module_name)
    sys.modules.pop(module_name, None)


def _failure(source: str, error: BaseException) -> LoadFailure:
    frames = traceback.extract_tb(error.__traceback__)[1:]  # without the frame of this module
    text = "".join([*traceback.format_list(frames), *traceback.format_exception_only(error)])
    return LoadFailure(source, f"{type(error).__name__}: {cut(error, 500)}", text)
