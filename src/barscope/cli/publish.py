"""`barscope publish`: runs that others may look at, as a snapshot for the dashboard or as one page."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from barscope.cli.console import answer, say
from barscope.cli.options import WorkspaceFolder, open_workspace
from barscope.errors import InvalidParameterError, cut

if TYPE_CHECKING:
    from collections.abc import Sequence

    from barscope.store.run_reader import RunRecord
    from barscope.workspace import Workspace

THEMES = ("auto", "light", "dark")


def publish(
    run: Annotated[list[str] | None, typer.Argument(metavar="[RUN]...", help="Ids of runs.")] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", metavar="FILE", help="Where.", show_default="snapshot.db, or RUN.html with --html"
        ),
    ] = None,
    last: Annotated[int | None, typer.Option(min=1, help="The newest completed runs, so many.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="All completed runs.")] = False,
    title: Annotated[str | None, typer.Option(help="What visitors read on top of a snapshot.")] = None,
    html: Annotated[bool, typer.Option("--html", help="One run as a page that needs no server.")] = False,
    symbol: Annotated[list[str] | None, typer.Option("--symbol", "-s", help="A symbol to chart on the page.")] = None,
    theme: Annotated[str, typer.Option(help="Colours of the page: auto, light or dark.")] = "auto",
    workspace: WorkspaceFolder = Path("data"),
) -> None:
    """Write runs to a file that others may look at, and say what becomes visible.

    A snapshot (for `barscope dashboard`) holds the chosen completed runs; one that is there is replaced whole. With
    `--html` one run becomes a page that opens in any browser, without a network.

    Example: `barscope publish --last 5 -o snapshot.db --title "Momentum, first tests"`
    """
    _check(html=html, symbol=symbol, title=title, theme=theme)
    with open_workspace(workspace) as ws:
        chosen = _chosen(ws, run or [], last, everything=everything)
        if html:
            answer(_page(ws, chosen, output, symbol, theme))
        else:
            answer(_snapshot(ws, chosen, output or Path("snapshot.db"), title))


def _check(*, html: bool, symbol: list[str] | None, title: str | None, theme: str) -> None:
    if theme not in THEMES:
        raise typer.BadParameter(f"--theme {cut(theme)} is not one of {', '.join(THEMES)}")
    if html and title:
        raise typer.BadParameter("--title is of a snapshot: a page has the name of its run")
    if not html and (symbol or theme != "auto"):
        raise typer.BadParameter("--symbol and --theme are of a page: add --html")


def _chosen(ws: Workspace, run_ids: Sequence[str], last: int | None, *, everything: bool) -> tuple[RunRecord, ...]:
    from barscope.workspace.publish import publishable

    if bool(run_ids) + bool(last) + everything != 1:
        raise typer.BadParameter("say which runs: their ids, --last N, or --all")
    if not run_ids:
        run_ids = [record.run_id for record in ws.runs_store.list_runs(status="completed", limit=last)]
    return publishable(ws.runs_store, run_ids)


def _snapshot(ws: Workspace, runs: Sequence[RunRecord], output: Path, title: str | None) -> Path:
    path = ws.publish([record.run_id for record in runs], output, title)
    say(f"visible to whoever can open it, {path.stat().st_size / 1e6:,.1f} MB:")
    for record in runs:
        say(f"  {record.run_id}  {record.name}")
    say("of each: name, times, all bars and indicator series, parameters, broker settings, orders, fills, session")
    say("not in it: other runs, source code, versions and revisions, settings of the data feed, paths, saved choices")
    return path


def _page(ws: Workspace, runs: Sequence[RunRecord], output: Path | None, symbols: list[str] | None, theme: str) -> Path:
    if len(runs) != 1:
        raise InvalidParameterError(f"--html makes a page of one run, not of {len(runs)}: name one")
    run = ws.run(runs[0].run_id)
    path = run.share(output or Path(f"{run.run_id}.html"), symbols, theme)  # type: ignore[arg-type]  # checked above
    say(
        f"visible to whoever opens the page, {path.stat().st_size / 1e6:,.1f} MB: the run {run.run_id}, its parameters,"
    )
    say(f"bars and series of {', '.join(symbols or run.symbols)}, trades and metrics of a backtest")
    return path
