"""A hash of the code behind an indicator, so that edited code is never mistaken for the old.

Code from a file counts whole, as it read when the class was defined: helpers and constants beside the indicator
matter too. All code of the user counts as its functions, the functions and values they name or enclose, and theirs,
wherever the user keeps them: in cells, or in files that they import. The package's own classes count as their modules
and TA-Lib's version.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import inspect
import linecache
import sys
import sysconfig
from functools import cache
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from barscope.indicators.core import Indicator

_PACKAGE = "barscope."
_KERNELS = "barscope.indicators.kernels"
_STANDARD_LIBRARY = sysconfig.get_path("stdlib")
_OF_PACKAGES = {"site-packages", "dist-packages"}
_NO_CODE = {"source_text", "__firstlineno__", "__static_attributes__"}
_DEEPEST = 5


def capture_source(cls: type[Indicator]) -> str:
    """The text of the user's file that defines a class; empty for a notebook and for the package itself."""
    if cls.__module__.startswith(_PACKAGE):
        return ""
    file = getattr(sys.modules.get(cls.__module__), "__file__", None)
    return "".join(linecache.getlines(file)) if file else ""


def source_hash(indicator: Indicator) -> str:
    """Hex SHA-256 of the code of an indicator, of the classes it derives from, and of its sources."""
    digest = _digest_of(type(indicator))
    for source in indicator.sources:
        digest.update(source_hash(source).encode())
    return digest.hexdigest()


def class_hash(cls: type) -> str:
    """Hex SHA-256 of the code of a class and of the classes it derives from."""
    return _digest_of(cls).hexdigest()


def _digest_of(cls: type) -> hashlib._Hash:
    digest = hashlib.sha256()
    for base in cls.__mro__[:-1]:
        digest.update(_code_of(base).encode())
    return digest


def _code_of(cls: type) -> str:
    if cls.__module__.startswith(_PACKAGE):
        return f"{cls.__qualname__} {_module_digest(cls.__module__)} {_module_digest(_KERNELS)} {_talib_version()}"
    return "\n".join([cls.__qualname__, cls.__dict__.get("source_text", ""), *live_code(cls)])


@cache
def _module_digest(module: str) -> str:
    return hashlib.sha256(inspect.getsource(sys.modules[module]).encode()).hexdigest()


@cache
def _talib_version() -> str:
    return importlib.metadata.version("ta-lib")


def live_code(cls: type) -> Iterator[str]:
    """The code of a class as it runs: its plain attributes, its functions, and what these refer to."""
    seen: set[int] = set()
    for name, value in sorted(cls.__dict__.items()):
        if name not in _NO_CODE:
            yield from _describe(name, value, seen)


def _describe(name: str, value: object, seen: set[int]) -> Iterator[str]:
    value = getattr(value, "fget", value)  # a property by its getter
    value = getattr(value, "__func__", value)
    value = inspect.unwrap(value) if callable(value) else value
    plain = _plain_text(value)
    if plain is not None:
        yield f"{name} = {plain}"
    elif id(value) in seen or not _is_of_user(value):
        return
    elif isinstance(value, FunctionType):
        seen.add(id(value))
        yield from _describe_function(value, seen)
    elif isinstance(value, type):
        seen.add(id(value))
        for attribute, inner in sorted(value.__dict__.items()):
            yield from _describe(attribute, inner, seen)


def _describe_function(function: FunctionType, seen: set[int]) -> Iterator[str]:
    yield _function_text(function)
    names = _names(function.__code__)
    for name, value in sorted({**_named(names, function.__globals__), **_enclosed(function)}.items()):
        if isinstance(value, ModuleType) and _is_of_user(value):
            for inner_name, inner in sorted(_named(names, vars(value)).items()):
                yield from _describe(f"{name}.{inner_name}", inner, seen)
        else:
            yield from _describe(name, value, seen)


def _named(names: set[str], scope: dict[str, Any]) -> dict[str, Any]:
    return {name: scope[name] for name in names & scope.keys()}


def _enclosed(function: FunctionType) -> dict[str, Any]:
    """The variables of surrounding functions that it uses."""
    found = {}
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        try:
            found[name] = cell.cell_contents
        except ValueError:  # nothing was ever assigned, or it was deleted
            continue
    return found


def _is_of_user(value: object) -> bool:
    """Whether something was written by the user: in a notebook, or in a file that is not an installed package's."""
    name = value.__name__ if isinstance(value, ModuleType) else getattr(value, "__module__", None)
    module = sys.modules.get(name) if isinstance(name, str) else None
    if module is None or module.__name__ in sys.builtin_module_names or f"{name}.".startswith(_PACKAGE):
        return False
    file = _file_of(module)
    return file is None or not (file.startswith(_STANDARD_LIBRARY) or _OF_PACKAGES & {*Path(file).parts})


def _file_of(module: ModuleType) -> str | None:
    file = getattr(module, "__file__", None)
    return file if isinstance(file, str) else None


def _plain_text(value: object, depth: int = 0) -> str | None:
    """A value without code, as text; None for all others."""
    if value is None or isinstance(value, bool | int | float | str | bytes):
        return repr(value)
    if isinstance(value, np.ndarray | np.generic) and not value.dtype.hasobject:
        return f"{value.dtype}{value.shape} {hashlib.sha256(value.tobytes()).hexdigest()}"
    if depth > _DEEPEST or not isinstance(value, tuple | list | set | frozenset | dict):
        return None
    items = value.items() if isinstance(value, dict) else value
    texts = [text for item in items if (text := _plain_text(item, depth + 1)) is not None]
    if len(texts) < len(value):
        return None
    ordered = sorted(texts) if isinstance(value, set | frozenset) else texts  # sets have another order in each process
    return f"{type(value).__name__}({', '.join(ordered)})"


def _function_text(function: FunctionType) -> str:
    module = sys.modules.get(function.__module__)
    if module is not None and _file_of(module) is not None:  # the file may have changed since it was imported
        code = hashlib.sha256(_bytecode(function.__code__).encode()).hexdigest()
        return f"{function.__qualname__} {_plain_text(function.__defaults__)} {code}"
    try:
        return inspect.getsource(function)
    except (OSError, TypeError):
        return _bytecode(function.__code__)


def _bytecode(code: CodeType) -> str:
    inner = [_bytecode(c) if isinstance(c, CodeType) else _plain_text(c) or repr(c) for c in code.co_consts]
    return f"{code.co_code.hex()} {inner} {code.co_names} {code.co_varnames}"


def _names(code: CodeType) -> set[str]:
    inner = (const for const in code.co_consts if isinstance(const, CodeType))
    return set(code.co_names).union(*(_names(const) for const in inner))
