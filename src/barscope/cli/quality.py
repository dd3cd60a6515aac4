"""`barscope quality`: what may be wrong with stored bars."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from barscope.cli.console import STDOUT, plain, say
from barscope.cli.following import finish
from barscope.cli.options import End, Start, WorkspaceFolder, open_workspace
from barscope.domain.time import iso

if TYPE_CHECKING:
    from barscope.workspace.quality import QualityReport


def quality(
    symbols: Annotated[list[str], typer.Argument(help="Whose bars to examine.", metavar="SYMBOL…")],
    rtype: Annotated[
        int | None, typer.Option(help="32 second, 33 minute, 34 hour, 35 day.", show_default="the one there is")
    ] = None,
    publisher_id: Annotated[
        int | None, typer.Option(help="The publisher of the bars.", show_default="the one there is")
    ] = None,
    start: Start = None,
    end: End = None,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print the findings as CSV for another program.")] = False,
    workspace: WorkspaceFolder = Path("data"),
) -> None:
    """Examine stored bars: missing sessions, gaps, stale bars, outliers, probable splits. Nothing is repaired.

    Example: `barscope quality AAPL MSFT`
    """
    from barscope.workspace.quality import choice_of, enqueue_quality

    with open_workspace(workspace) as ws:
        choice = choice_of(ws, symbols, rtype, publisher_id, start, end)
        report = finish(enqueue_quality(ws, choice), "examining")
    if as_csv:
        print(report.frame().to_csv(index=False), end="")
    else:
        _show(report)


def _show(report: QualityReport) -> None:
    if report.findings:
        table = Table("symbol", "kind", "from (UTC)", "what")
        for column in table.columns[:3]:
            column.no_wrap = True
        for symbol, found in report.findings:
            table.add_row(plain(symbol), plain(found.kind), plain(iso(found.start_ns)), plain(found.detail))
        STDOUT.print(table)
    for examined in report.symbols:
        if examined.same_as:
            say(f"{examined.symbol} has the very same bars as {', '.join(examined.same_as)}")
    say(f"{report.said}. {report.checked}.")
