"""`barscope scenario`: a loan secured by an asset, through its history, bare and protected by puts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from barscope.cli.console import STDERR, answer, plain
from barscope.cli.following import finish
from barscope.cli.options import (
    End,
    RequestFile,
    Start,
    SymbolType,
    WorkspaceFolder,
    chosen,
    open_workspace,
)

if TYPE_CHECKING:
    from barscope.studies.scenario_request import ScenarioRequest
    from barscope.studies.scenario_result import ScenarioResult
    from barscope.workspace import Run

_COLUMNS = (
    ("template", "template_slug"),
    ("survived", "survived"),
    ("max LTV", "max_ltv"),
    ("calls", "margin_call_days"),
    ("premiums", "total_hedge_cost"),
    ("net cost", "net_hedge_cost"),
    ("final equity", "final_equity"),
)
_RATIOS = ("max_ltv",)


def scenario(
    request: RequestFile = None,
    symbol: Annotated[str | None, typer.Option("--symbol", "-s", help="The asset.")] = None,
    template: Annotated[
        list[str] | None,
        typer.Option("--template", "-t", help="A template by its slug; can be repeated. --templates lists them."),
    ] = None,
    units: Annotated[float | None, typer.Option(help="Units of the asset pledged.")] = None,
    loan: Annotated[float | None, typer.Option(help="What is owed.")] = None,
    ltv: Annotated[float | None, typer.Option(help="Loan-to-value at which the lender calls, such as 0.75.")] = None,
    volatility: Annotated[
        str | None, typer.Option(help="A constant such as 0.16, or realised:60 for that of the last 60 days.")
    ] = None,
    source: Annotated[str | None, typer.Option(help="secmaster, databento or yfinance.")] = None,
    dataset: Annotated[str | None, typer.Option(help="The dataset of a vendor, such as XNAS.ITCH.")] = None,
    max_cost: Annotated[
        float | None, typer.Option(help="The most a vendor's prices may cost, in US dollars.", show_default="0")
    ] = None,
    publisher_id: Annotated[
        int | None, typer.Option(help="The publisher of the bars, where several have them.")
    ] = None,
    start: Start = None,
    end: End = None,
    symbol_type: SymbolType = None,
    templates: Annotated[bool, typer.Option("--templates", help="List the templates and do nothing else.")] = False,
    summary: Annotated[bool, typer.Option("--summary", help="Print the templates from best to worst too.")] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the whole result as JSON for another program.")
    ] = False,
    workspace: WorkspaceFolder = Path("data"),
) -> None:
    """Follow a pledged asset day by day, record it, and print the id of the run.

    Example: `barscope scenario -s IBM --start 2007-10-09 --end 2009-03-09 --units 1000 --loan 76000 --ltv 0.75
    -t protective-put-atm-12m --summary`
    """
    given = {
        "symbol": symbol,
        "template_slugs": template,
        "underlying_units": units,
        "loan_amount": loan,
        "margin_call_ltv": ltv,
        "volatility": None if volatility is None else _volatility(volatility),
        "data_source": source,
        "dataset": dataset,
        "max_cost_usd": max_cost,
        "publisher_id": publisher_id,
        "start_date": start,
        "end_date": end,
        "symbol_type": symbol_type,
    }
    with open_workspace(workspace) as ws:
        if templates:
            for known in ws.hedge_templates.all():
                answer(f"{known.slug}  {known.name}")
            return
        options = chosen(request, given)
        asked = _from_options(options) if request is None else _from_json(request.read())
        _tell(finish(ws.scenario(asked), "scenario"), summary=summary, as_json=as_json)


def _from_json(text: bytes) -> ScenarioRequest:
    from barscope.studies.scenario_request import ScenarioRequest

    return ScenarioRequest.from_json(text)


def _from_options(options: dict[str, Any]) -> ScenarioRequest:
    from barscope.studies.scenario_request import ScenarioRequest

    return ScenarioRequest(**{"template_slugs": (), **options})


def _volatility(text: str) -> dict[str, Any]:
    """A number is a constant, `realised:60` a window.

    Raises:
        BadParameter: If the text is neither.
    """
    kind, _, window = text.partition(":")
    try:
        if kind == "realised":
            return {"kind": "realised", **({"window": int(window)} if window else {})}
        return {"kind": "constant", "value": float(text)}
    except ValueError:
        raise typer.BadParameter(f"volatility {text!r}: write a number such as 0.16, or realised:60") from None


def _tell(run: Run, *, summary: bool, as_json: bool) -> None:
    if as_json:
        print(json.dumps(run.scenario.to_dict(), allow_nan=False))
        return
    answer(run.run_id)
    if summary:
        STDERR.print(_table(run.scenario))


def _table(result: ScenarioResult) -> Table:
    table = Table(*(label for label, _key in _COLUMNS), box=None)
    table.columns[0].no_wrap = True
    for row in result.ranking():
        table.add_row(*(plain(_text(key, row[key])) for _label, key in _COLUMNS))
    return table


def _text(key: str, value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.4f}" if key in _RATIOS else f"{value:,.2f}"
    return "–" if value is None else str(value)
