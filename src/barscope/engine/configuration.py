"""Configuration by class attributes: a run is made of classes, and a configured class is a subclass of its own."""

from __future__ import annotations

import inspect
from typing import Any, TypeVar

from barscope.errors import InvalidParameterError, close_matches, cut

C = TypeVar("C", bound=type)


def configured(cls: C, /, **settings: object) -> C:
    """A subclass with some class attributes set, named `_` and the name of the class.

        configured(SimulatedBroker, commission_per_unit=0.005, slippage_bps=1)

    Raises:
        InvalidParameterError: If the class has no such setting.
    """
    known = settings_of(cls)
    for name in settings:
        if name not in known:
            near = close_matches(name, known)
            hint = f"did you mean {near[0]}? " if near else ""
            raise InvalidParameterError(
                f"{public_name(cls)} has no setting {cut(name)}: {hint}there is {', '.join(known)}"
            )
    return type(f"_{public_name(cls)}", (cls,), {"__module__": cls.__module__, "__doc__": cls.__doc__, **settings})  # type: ignore[return-value]


def settings_of(cls: type) -> dict[str, Any]:
    """The settings of a class and their values: its annotated public class attributes, and its parameters."""
    names: dict[str, None] = {}
    for base in reversed(cls.__mro__):
        names |= dict.fromkeys(name for name in inspect.get_annotations(base) if not name.startswith("_"))
    names |= dict.fromkeys(getattr(cls, "parameters", ()))
    return {name: getattr(cls, name) for name in names if hasattr(cls, name)} | {
        name: spec.default for name, spec in getattr(cls, "parameters", {}).items() if not hasattr(cls, name)
    }


def public_name(cls: type) -> str:
    """The name of the class a configured subclass was made of."""
    return public_class(cls).__name__


def public_class(cls: type) -> type:
    """The class a configured subclass was made of."""
    return next((base for base in cls.__mro__ if not base.__name__.startswith("_")), cls)
