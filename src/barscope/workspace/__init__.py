"""The workspace: the facade a notebook talks to. Each name is imported when it is first used: a reader never writes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from barscope.workspace.run import Run
    from barscope.workspace.workspace import Workspace

__all__ = ["Run", "Workspace"]


def __getattr__(name: str) -> Any:  # noqa: ANN401  # PEP 562
    if name == "Run":
        from barscope.workspace.run import Run

        return Run
    if name == "Workspace":
        from barscope.workspace.workspace import Workspace

        return Workspace
    raise AttributeError(f"module 'barscope.workspace' has no attribute {name!r}")
