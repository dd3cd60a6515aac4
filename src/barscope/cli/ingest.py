"""`barscope ingest`: files into the security master."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from barscope.cli.console import answer, fail, progress_bar
from barscope.cli.options import WorkspaceFolder
from barscope.errors import BarscopeError

if TYPE_CHECKING:
    from barscope.ingest.report import IngestReport

_READING = "How the file is read"


def ingest(
    files: Annotated[
        list[Path], typer.Argument(help="CSV, Parquet, .dbn or .zip files, or folders of a batch.", metavar="FILE…")
    ],
    symbol: Annotated[
        str | None, typer.Option(help="Symbol of the bars, for a file that does not say it itself.")
    ] = None,
    rtype: Annotated[
        int | None,
        typer.Option(help="32 second, 33 minute, 34 hour, 35 day.", show_default="by the spacing of the times"),
    ] = None,
    symbol_type: Annotated[str, typer.Option(help="raw_symbol, continuous or ticker.")] = "raw_symbol",
    publisher: Annotated[str | None, typer.Option(help="Who publishes the bars.", show_default="local")] = None,
    dataset: Annotated[str | None, typer.Option(help="The publisher's dataset.")] = None,
    venue: Annotated[str | None, typer.Option(help="ISO 10383 code of the venue: the clock of the charts.")] = None,
    publisher_id: Annotated[int | None, typer.Option(help="Instead of these three: a known publisher.")] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Overwrite stored bars that differ.")] = False,
    time_zone: Annotated[
        str, typer.Option(help="IANA name of the clock of times without an offset.", rich_help_panel=_READING)
    ] = "UTC",
    ts_unit: Annotated[
        str | None, typer.Option(help="Unit of epoch numbers: s, ms, us or ns.", rich_help_panel=_READING)
    ] = None,
    decimal: Annotated[str | None, typer.Option(help="Decimal mark: . or ,", rich_help_panel=_READING)] = None,
    encoding: Annotated[str, typer.Option(help="Encoding of a text file.", rich_help_panel=_READING)] = "utf-8",
    sort: Annotated[
        bool, typer.Option("--sort", help="Accept rows that are out of order.", rich_help_panel=_READING)
    ] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="Refuse a file with a single bad row.", rich_help_panel=_READING)
    ] = False,
    negative_prices: Annotated[
        bool, typer.Option("--negative-prices", help="Accept prices below zero.", rich_help_panel=_READING)
    ] = False,
    workspace: WorkspaceFolder = Path("data"),
) -> None:
    """Store the bars of files: all good rows of a file, or nothing of it.

    A file that is refused does not stop the others; the exit status is then 1. Of a vendor's batch (.zip or folder)
    each file is stored by itself: run the command again to go on where it stopped.

    Example: `barscope ingest AAPL.csv --symbol AAPL --rtype 35 --venue XNAS`
    """
    from barscope.workspace import Workspace

    refused = False
    with Workspace(workspace) as ws:
        for file in files:
            try:
                with progress_bar(file.name) as tell:
                    report = ws.ingest(
                        file,
                        symbol=symbol,
                        rtype=rtype,
                        symbol_type=symbol_type,
                        publisher_id=publisher_id,
                        publisher=publisher,
                        dataset=dataset,
                        venue=venue,
                        replace=replace,
                        time_zone=time_zone,
                        ts_unit=ts_unit,
                        decimal=decimal,
                        encoding=encoding,
                        sort=sort,
                        strict=strict,
                        negative_prices=negative_prices,
                        on_progress=tell,
                    )
            except BarscopeError as error:
                fail(f"{file}: {error}")
                refused = True
            else:
                _print(report)
    if refused:
        raise typer.Exit(1)


def _print(report: IngestReport) -> None:
    for line in str(report).splitlines():
        answer(line)
