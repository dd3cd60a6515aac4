"""The work of a sweep as bytes for another process or machine, the classes of a notebook or workspace folder included.

What barscope and installed packages define travels by name; what only this process knows travels by value. This is the
only place that pickles, and nothing that was stored or received from elsewhere is ever unpickled.
"""

from __future__ import annotations

import pickle
import sys
import sysconfig
import threading
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cloudpickle

from barscope.domain.sampling import Combinations
from barscope.indicators.registry import catalogue, guests
from barscope.studies.sweep_frame import to_bytes
from barscope.studies.sweep_work import children_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from types import ModuleType

    from barscope.indicators import Indicator
    from barscope.studies.sweep_work import SweepDesk, SweepWork

_INSTALLED = tuple(Path(sysconfig.get_path(name)).resolve() for name in ("purelib", "platlib", "stdlib"))
_packing = threading.Lock()  # what travels by value is said to the whole process


@dataclass(frozen=True, eq=False, slots=True)
class ReceivedWork:
    """The work of a sweep in another process than the one it was asked in.

    Attributes:
        work: The work.
        indicators: The indicators that barscope does not come with, by name: the code of the work may ask for them.
    """

    work: SweepWork
    indicators: Mapping[str, type[Indicator]]

    def computed(
        self,
        desk: SweepDesk,
        numbers: Sequence[int],
        columns: Mapping[str, Sequence[Any]],
        is_cancelled: Callable[[], bool] = lambda: False,
    ) -> bytes:
        """The children of some combinations, as bytes of a frame; see `children_of`."""
        with guests(self.indicators):
            return to_bytes(children_of(desk, numbers, Combinations(columns), is_cancelled))


def packed(work: SweepWork) -> bytes:
    """The work as bytes that `unpacked` reads in a process that has barscope."""
    own = [cls for cls in catalogue() if not _is_installed(sys.modules.get(cls.__module__))]
    with _packing, ExitStack() as undo:
        for module in _only_here((work.target, *own)):
            cloudpickle.register_pickle_by_value(module)
            undo.callback(cloudpickle.unregister_pickle_by_value, module)
        data: bytes = cloudpickle.dumps((work, {cls.class_name: cls for cls in own if _can_travel(cls)}))
    return data


def unpacked(data: bytes) -> ReceivedWork:
    """The work from bytes that `packed` made for this sweep; its classes do not register in this process."""
    with guests({}):
        return ReceivedWork(*cloudpickle.loads(data))


def _can_travel(cls: type[Indicator]) -> bool:
    """Whether a class can be pickled; one that cannot be is missed only by work that asks for it by name."""
    try:
        cloudpickle.dumps(cls)
    except (pickle.PicklingError, TypeError, ValueError, AttributeError, RecursionError):
        return False
    return True


def _only_here(classes: Iterable[type]) -> list[ModuleType]:
    """The modules of classes and their bases that another process could not import by name."""
    names = {base.__module__ for cls in classes for base in cls.__mro__}
    modules = (sys.modules.get(name) for name in names if name != "__main__")
    return [module for module in modules if module is not None and not _is_installed(module)]


def _is_installed(module: ModuleType | None) -> bool:
    if module is None:
        return False
    if module.__name__.partition(".")[0] == "barscope" or module.__name__ in sys.builtin_module_names:
        return True
    file = getattr(module, "__file__", None)
    return file is not None and any(Path(file).resolve().is_relative_to(place) for place in _INSTALLED)
