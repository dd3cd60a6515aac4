"""`barscope demo`: sample prices, an exploration of them, and the notebook or the dashboard to go on with."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from barscope.cli.console import answer, say
from barscope.cli.dashboard import serve_dashboard
from barscope.cli.following import finish
from barscope.cli.jupyter import open_lab
from barscope.cli.notebooks import FIRST, notebook_folder
from barscope.cli.options import Browser, Port, WorkspaceFolder

if TYPE_CHECKING:
    from barscope.studies.request import ExplorerRequest


def demo(
    workspace: WorkspaceFolder = Path("data"),
    dashboard: Annotated[bool, typer.Option("--dashboard", help="Open the dashboard instead of JupyterLab.")] = False,
    port: Port = None,
    browser: Browser = True,
) -> None:
    """Load sample prices, explore AAPL, and open the explorer notebook in JupyterLab.

    Example: `barscope demo --workspace demo-data`
    """
    from barscope.workspace import Workspace

    with Workspace(workspace) as ws:
        say("loading sample prices: five US stocks, daily, and a synthetic symbol, by minute and second")
        publisher_id = ws.load_samples().publisher_id
        run = finish(ws.explore(_request(publisher_id)), "exploring")
    answer(f"run {run.run_id}: {run.record.name}")
    if dashboard:
        serve_dashboard(workspace, token=secrets.token_urlsafe(24), port=port, browser=browser)
        return
    folder = notebook_folder(workspace)
    open_lab(folder.parent, f"{folder.name}/{FIRST}", workspace, port=port, browser=browser)


def _request(publisher_id: int) -> ExplorerRequest:
    from barscope.studies.request import ExplorerRequest, IndicatorConfig

    indicators = (
        IndicatorConfig(class_name="SMA", params={"timeperiod": 50}),
        IndicatorConfig(class_name="BBANDS", params={"timeperiod": 20}),
        IndicatorConfig(class_name="RSI"),
    )
    return ExplorerRequest(symbols=("AAPL",), rtype=35, publisher_id=publisher_id, indicators=indicators)
