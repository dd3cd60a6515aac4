"""Indicator classes by name: registration, lookup, search, and building one from its JSON form.

The named classes and TA-Lib's functions are loaded at the first lookup, so that importing barscope stays cheap.
"""

from __future__ import annotations

import importlib
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from barscope.errors import BarscopeError, IndicatorError, InvalidParameterError, UnknownIndicatorError, cut

if TYPE_CHECKING:
    from barscope.indicators.core import Indicator
    from barscope.indicators.parameters import Parameter

_PACKAGE = "barscope."
_NAMED = ("barscope.indicators.averages", "barscope.indicators.wilder", "barscope.indicators.fields")
_TALIB_PREFIX = "TA_"
_classes: dict[str, type[Indicator]] = {}
_changing = threading.Lock()
_loading = threading.RLock()  # held while modules are imported, whose own locks must not wait for it: two locks
_loaded = False
_guests: ContextVar[Mapping[str, type[Indicator]] | None] = ContextVar("guests", default=None)


def register(cls: type[Indicator]) -> None:
    """Adds a class under its name; a redefinition (same module and qualified name) replaces the earlier one.

    Raises:
        IndicatorError: If another class has the name.
    """
    if not cls.__module__.startswith(_PACKAGE):
        if has_guests():
            return
        _load_builtins()
    with _changing:
        other = _classes.get(cls.class_name)
        if other is not None and (other.__module__, other.__qualname__) != (cls.__module__, cls.__qualname__):
            raise IndicatorError(
                f"an indicator {cls.class_name} is already defined in {_origin(other)}: give this one another name"
            )
        _classes[cls.class_name] = cls


@contextmanager
def guests(classes: Mapping[str, type[Indicator]]) -> Iterator[None]:
    """For work that came from another process: its classes are known by name, and none that it makes registers here."""
    token = _guests.set(classes)
    try:
        yield
    finally:
        _guests.reset(token)


def has_guests() -> bool:
    """Whether work of another process is being done."""
    return _guests.get() is not None


def unregister_module(module: str) -> tuple[type[Indicator], ...]:
    """Removes and returns every class that was defined in a module."""
    with _changing:
        gone = tuple(cls for cls in _classes.values() if cls.__module__ == module)
        for cls in gone:
            del _classes[cls.class_name]
    return gone


def indicator_class(name: str, *, role: str = "indicator") -> type[Indicator]:
    """The class registered under a name.

    Raises:
        UnknownIndicatorError: With close matches.
    """
    _load_builtins()
    cls = _known(name) if isinstance(name, str) else None
    if cls is None:
        raise UnknownIndicatorError(str(name), _classes, role=role)
    return cls


def _known(name: str) -> type[Indicator] | None:
    found = (_guests.get() or {}).get(name)
    return found or _classes.get(name)


def parameters_of(indicator: object) -> Mapping[str, Parameter]:
    """The parameters of a class, given itself or its registered name; none for anything else."""
    if isinstance(indicator, str):
        _load_builtins()
    cls = _classes.get(indicator) if isinstance(indicator, str) else indicator
    known: Mapping[str, Parameter] = getattr(cls, "parameters", {})
    return known if isinstance(cls, type) else {}


def build_indicator(class_name: str, params: Mapping[str, Any] | None = None, *, role: str = "indicator") -> Indicator:
    """An indicator from its JSON form: enums by member name, a source by registered name, its arguments in `X_kwargs`.

    Four names stand for two classes (RSI, ATR, ADX, ROC): with TA-Lib's own parameter names the TA-Lib function
    is built (`RSI` with `timeperiod` is `TA_RSI`), otherwise the named class.

    Raises:
        UnknownIndicatorError: With close matches.
        InvalidParameterError: If a parameter is unknown, of the wrong type or out of range.
        IndicatorError: If its own constructor fails.
    """
    cls = indicator_class(class_name, role=role)
    params = {} if params is None else params
    if not isinstance(params, Mapping) or not all(isinstance(name, str) for name in params):
        raise InvalidParameterError(f"the parameters of {cut(class_name)} must be an object of names and values")
    twin = _classes.get(_TALIB_PREFIX + class_name)
    if twin is not None and any(name not in cls.parameters and name in twin.parameters for name in params):
        cls = twin
    return _made(cls, params)


def _made(cls: type[Indicator], params: Mapping[str, Any]) -> Indicator:
    try:
        made = cls(**params)
    except (BarscopeError, KeyboardInterrupt):
        raise
    except BaseException as error:
        what = f"{type(error).__name__}: {cut(error, 500)}"
        raise IndicatorError(f"{cut(cls.class_name)} cannot be made: {what}") from error
    if "_params" not in vars(made):
        raise IndicatorError(f"{cut(cls.class_name)} cannot be made: its __init__ does not call super().__init__")
    return made


def catalogue() -> tuple[type[Indicator], ...]:
    """Every registered class: first the user's, then the named ones, then TA-Lib's, each by title."""
    _load_builtins()
    return tuple(sorted(_classes.values(), key=lambda cls: (_rank(cls), cls.title.casefold(), cls.class_name)))


def search(text: str) -> tuple[type[Indicator], ...]:
    """The classes whose name, title or group holds every word of a text, best match first."""
    words = text.casefold().split()
    whole = " ".join(words)

    def distance(cls: type[Indicator]) -> int:
        name = cls.class_name.casefold()
        return 0 if name == whole else 1 if name.startswith(whole) else 2 if whole in cls.title.casefold() else 3

    found = [c for c in catalogue() if all(w in f"{c.class_name} {c.title} {c.group}".casefold() for w in words)]
    return tuple(sorted(found, key=distance))


def talib_name(function: str) -> str:
    """The registered name of a TA-Lib function: its own, or `TA_` before it where a named class has that."""
    return _TALIB_PREFIX + function if function in _classes else function


def _load_builtins() -> None:
    global _loaded
    if _loaded:
        return
    with _loading:
        if not _loaded:
            for module in _NAMED:
                importlib.import_module(module)
            importlib.import_module("barscope.indicators.talib_functions").define_all()
            _loaded = True


def is_own(cls: type[Indicator]) -> bool:
    """Whether a class is the user's, and does not come with barscope."""
    return not cls.__module__.startswith(_PACKAGE)


def _rank(cls: type[Indicator]) -> int:
    if is_own(cls):
        return 0
    return 2 if cls.__module__.endswith(".talib_functions") else 1


def _origin(cls: type[Indicator]) -> str:
    if cls.__module__.startswith(_PACKAGE):
        return "barscope itself"
    return "this notebook" if cls.__module__ == "__main__" else cls.__module__
