"""A hash of the code behind an indicator, so that edited code is never mistaken for the old.

Code from a file counts whole, as it read when the class was defined: helpers and constants beside the indicator
matter too. Code from a notebook counts as its functions, the functions and plain values they name, and theirs.
The package's own classes count as their modules and TA-Lib's version.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import inspect
import linecache
import sys
from functools import cache
from types import CodeType, FunctionType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from barscope.indicators.core import Indicator

_PACKAGE = "barscope."
_KERNELS = "barscope.indicators.kernels"


def capture_source(cls: type[Indicator]) -> str:
    """The text of the user's file that defines a class; empty for a notebook and for the package itself."""
    if cls.__module__.startswith(_PACKAGE):
        return ""
    file = getattr(sys.modules.get(cls.__module__), "__file__", None)
    return "".join(linecache.getlines(file)) if file else ""


def source_hash(indicator: Indicator) -> str:
    """Hex SHA-256 of the code of an indicator, of the classes it derives from, and of its sources."""
    digest = hashlib.sha256()
    for cls in type(indicator).__mro__[:-1]:
        digest.update(_code_of(cls).encode())
    for source in indicator.sources:
        digest.update(source_hash(source).encode())
    return digest.hexdigest()


def _code_of(cls: type[Indicator]) -> str:
    if cls.__module__.startswith(_PACKAGE):
        return f"{cls.__qualname__} {_module_digest(cls.__module__)} {_module_digest(_KERNELS)} {_talib_version()}"
    text = cls.__dict__.get("source_text", "")
    return f"{cls.__qualname__} {text}" if text else "\n".join([cls.__qualname__, *live_code(cls)])


@cache
def _module_digest(module: str) -> str:
    return hashlib.sha256(inspect.getsource(sys.modules[module]).encode()).hexdigest()


@cache
def _talib_version() -> str:
    return importlib.metadata.version("ta-lib")


def live_code(cls: type) -> Iterator[str]:
    """The code of a class without a file: its plain attributes, its functions, and what these refer to."""
    seen: set[int] = set()
    for name, value in sorted(cls.__dict__.items()):
        yield from _describe(name, value, cls.__module__, seen)


def _describe(name: str, value: object, module: str, seen: set[int]) -> Iterator[str]:
    value = getattr(value, "fget", value)  # a property by its getter
    value = getattr(value, "__func__", value)
    if _is_plain(value):
        yield f"{name} = {value!r}"
    elif id(value) in seen or getattr(value, "__module__", None) != module:
        return
    elif isinstance(value, FunctionType):
        seen.add(id(value))
        function = inspect.unwrap(value)
        yield _function_text(function)
        for mentioned in sorted(_names(function.__code__) & function.__globals__.keys()):
            yield from _describe(mentioned, function.__globals__[mentioned], module, seen)
    elif isinstance(value, type):
        seen.add(id(value))
        for attribute, inner in sorted(value.__dict__.items()):
            yield from _describe(attribute, inner, module, seen)


def _is_plain(value: object) -> bool:
    if isinstance(value, tuple):
        return all(map(_is_plain, value))
    return value is None or isinstance(value, bool | int | float | str)


def _function_text(function: FunctionType) -> str:
    try:
        return inspect.getsource(function)
    except (OSError, TypeError):
        return _bytecode(function.__code__)


def _bytecode(code: CodeType) -> str:
    inner = [_bytecode(const) if isinstance(const, CodeType) else repr(const) for const in code.co_consts]
    return f"{code.co_code.hex()} {inner} {code.co_names} {code.co_varnames}"


def _names(code: CodeType) -> set[str]:
    inner = (const for const in code.co_consts if isinstance(const, CodeType))
    return set(code.co_names).union(*(_names(const) for const in inner))
