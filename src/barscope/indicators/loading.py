"""Indicators from the user's files and from installed packages; what fails to load is reported, not raised."""

from __future__ import annotations

import hashlib
import importlib.metadata
import linecache
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from barscope.errors import cut
from barscope.indicators import registry

Forget = Callable[[str], object]
"""Removes what a module registered, by the name of the module."""


@dataclass(frozen=True, slots=True)
class LoadFailure:
    """A file or package whose indicators could not be loaded.

    Attributes:
        source: The path of the file, or the name of the entry point.
        error: The error in one line.
        traceback: The whole traceback as text, from the user's code on.
    """

    source: str
    error: str
    traceback: str


def load_folder(folder: str | Path) -> tuple[LoadFailure, ...]:
    """Loads the user's indicators from the files of a folder; see `load_files`."""
    return load_files(folder, "barscope_user_indicators", registry.unregister_module)


def load_entry_points() -> tuple[LoadFailure, ...]:
    """Imports the modules that installed packages name under the entry points `barscope.indicators`."""
    return load_packages("barscope.indicators", registry.unregister_module)


def load_files(folder: str | Path, package: str, forget: Forget) -> tuple[LoadFailure, ...]:
    """Runs each `*.py` of a folder that does not start with `_`, in order of name; classes register themselves.

    Loading again takes up changes and drops what is gone. A file that fails registers nothing, and the others load
    all the same. Files are modules of their own: `sys.path` stays as it is and nothing is written to the folder.

    Args:
        folder: It need not exist.
        package: What the modules are named under.
        forget: Called for a module that goes or fails.
    """
    folder = Path(folder).resolve()
    prefix = f"{package}.{hashlib.sha256(str(folder).encode()).hexdigest()[:12]}"
    for name in [name for name in sys.modules if name.startswith(f"{prefix}.")]:
        forget(name)
        del sys.modules[name]
    files = sorted(path for path in folder.glob("*.py") if not path.name.startswith("_"))
    failures = [_load_file(path, f"{prefix}.{path.stem}", forget) for path in files]
    return tuple(failure for failure in failures if failure is not None)


def load_packages(group: str, forget: Forget) -> tuple[LoadFailure, ...]:
    """Imports the modules that installed packages name under a group of entry points."""
    failures = []
    for entry in sorted(importlib.metadata.entry_points(group=group), key=lambda entry: entry.name):
        try:
            entry.load()
        except (Exception, SystemExit) as error:  # noqa: BLE001  # another package may fail in any way; it is shown
            forget(entry.module)
            failures.append(_failure(f"{entry.name} ({entry.value})", error))
    return tuple(failures)


def _load_file(path: Path, module_name: str, forget: Forget) -> LoadFailure | None:
    module = ModuleType(module_name)
    module.__file__ = str(path)
    sys.modules[module_name] = module  # pickle, dataclasses and inspect look a class's module up there
    try:
        text = path.read_text(encoding="utf-8-sig")
        linecache.cache[str(path)] = (len(text), None, text.splitlines(keepends=True), str(path))  # the text that runs
        exec(compile(text, str(path), "exec"), module.__dict__)  # noqa: S102  # the user's own code is what this is for
    except (Exception, SystemExit) as error:  # noqa: BLE001  # a user's file may fail in any way; it is shown with its error
        forget(module_name)
        del sys.modules[module_name]
        return _failure(str(path), error)
    return None


def _failure(source: str, error: BaseException) -> LoadFailure:
    frames = traceback.extract_tb(error.__traceback__)[1:]  # without the frame of this module
    text = "".join([*traceback.format_list(frames), *traceback.format_exception_only(error)])
    return LoadFailure(source, f"{type(error).__name__}: {cut(error, 500)}", text)
