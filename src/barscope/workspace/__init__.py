"""The workspace: the facade a notebook talks to."""

from barscope.workspace.run import Run
from barscope.workspace.workspace import Workspace

__all__ = ["Run", "Workspace"]
