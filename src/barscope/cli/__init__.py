"""The command line. Each command is a module of its own; heavy libraries are imported when a command runs."""

from __future__ import annotations

__all__ = ["main"]


def main() -> None:
    """Run the command that the arguments of this process name."""
    from barscope.cli.app import app

    app(prog_name="barscope")
