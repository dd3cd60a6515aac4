"""The work of a sweep as bytes for another process or machine, the classes of a notebook or workspace folder included.

What barscope and installed packages define travels by name; what only this process knows travels by value. This is the
only place that pickles, and nothing that was stored or received from elsewhere is ever unpickled.
"""

from __future__ import annotations

import sys
import sysconfig
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import cloudpickle

if TYPE_CHECKING:
    from types import ModuleType

    from barscope.studies.sweep_work import SweepWork

_INSTALLED = tuple(Path(sysconfig.get_path(name)).resolve() for name in ("purelib", "platlib", "stdlib"))


def packed(work: SweepWork) -> bytes:
    """The work as bytes that `unpacked` reads in a process that has barscope."""
    with ExitStack() as undo:
        for module in _only_here(work):
            cloudpickle.register_pickle_by_value(module)
            undo.callback(cloudpickle.unregister_pickle_by_value, module)
        data: bytes = cloudpickle.dumps(work)
    return data


def unpacked(data: bytes) -> SweepWork:
    """The work from bytes that `packed` made for this sweep."""
    work: SweepWork = cloudpickle.loads(data)
    return work


def _only_here(work: SweepWork) -> list[ModuleType]:
    """The modules of the target and its bases that another process could not import by name."""
    names = {base.__module__ for base in work.target.__mro__}
    modules = (sys.modules.get(name) for name in names if name != "__main__")
    return [module for module in modules if module is not None and not _is_installed(module)]


def _is_installed(module: ModuleType) -> bool:
    if module.__name__.partition(".")[0] == "barscope" or module.__name__ in sys.builtin_module_names:
        return True
    file = getattr(module, "__file__", None)
    return file is not None and any(Path(file).resolve().is_relative_to(place) for place in _INSTALLED)
