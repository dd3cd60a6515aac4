"""Strategy classes by name: the shipped ones, and those of notebooks, workspaces and installed packages."""

from __future__ import annotations

import importlib
import threading
from typing import TYPE_CHECKING

from barscope.errors import InvalidParameterError, UnknownStrategyError
from barscope.indicators.registry import has_guests

if TYPE_CHECKING:
    from barscope.engine.strategy import Strategy

_PACKAGE = "barscope."
_SHIPPED = "barscope.engine.strategies"
_classes: dict[str, type[Strategy]] = {}
_lock = threading.RLock()


def register(cls: type[Strategy]) -> None:
    """Adds a class under its name; a redefinition (same module and qualified name) replaces the earlier one.

    Raises:
        InvalidParameterError: If another class has the name.
    """
    if not cls.__module__.startswith(_PACKAGE):
        if has_guests():
            return
        load_shipped()
    with _lock:
        other = _classes.get(cls.__name__)
        if other is not None and (other.__module__, other.__qualname__) != (cls.__module__, cls.__qualname__):
            raise InvalidParameterError(
                f"a strategy {cls.__name__} is already defined in {other.__module__}: give this one another name"
            )
        _classes[cls.__name__] = cls


def unregister_module(module: str) -> None:
    """Removes every class that was defined in a module."""
    with _lock:
        for name in [name for name, cls in _classes.items() if cls.__module__ == module]:
            del _classes[name]


def strategy_class(name: str) -> type[Strategy]:
    """The class registered under a name.

    Raises:
        UnknownStrategyError: `invalid strategy: X`, with close matches.
    """
    load_shipped()
    cls = _classes.get(name) if isinstance(name, str) else None
    if cls is None:
        raise UnknownStrategyError(str(name), _classes)
    return cls


def strategies() -> tuple[type[Strategy], ...]:
    """Every registered class: first the user's, then the shipped ones, each by name."""
    load_shipped()
    return tuple(sorted(_classes.values(), key=lambda cls: (cls.__module__.startswith(_PACKAGE), cls.__name__)))


def load_shipped() -> None:
    """Registers the strategies of the package."""
    importlib.import_module(_SHIPPED)
