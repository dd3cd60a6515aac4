"""The commands together, and what becomes of their errors."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

import barscope
from barscope.cli import (
    backtest,
    dashboard,
    demo,
    doctor,
    explore,
    ingest,
    lab,
    presets,
    publish,
    quality,
    runs,
    scenario,
    sweep,
)
from barscope.cli.console import answer, fail, say
from barscope.errors import BarscopeError

if TYPE_CHECKING:
    from collections.abc import Callable

INTERRUPTED = 128 + signal.SIGINT


class Commands(TyperGroup):
    """Turns an error into one line and an exit status: 1 for what barscope refuses, 130 for Ctrl-C."""

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401  # as in TyperGroup
        """Run the chosen command."""
        try:
            return super().invoke(ctx)
        except BarscopeError as error:
            fail(error)
            raise typer.Exit(1) from None
        except KeyboardInterrupt:
            say("stopped")
            raise typer.Exit(INTERRUPTED) from None


app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)


def _print_version(wanted: bool) -> None:
    if wanted:
        answer(barscope.__version__)
        raise typer.Exit


@app.callback()
def options(
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Explore bars, test strategies, and keep every result."""


COMMANDS: tuple[Callable[..., None], ...] = (
    demo.demo,
    lab.lab,
    dashboard.dashboard,
    ingest.ingest,
    explore.explore,
    backtest.backtest,
    runs.runs,
    sweep.sweep,
    scenario.scenario,
    publish.publish,
    presets.presets,
    quality.quality,
    doctor.doctor,
)
for command in COMMANDS:
    app.command()(command)
