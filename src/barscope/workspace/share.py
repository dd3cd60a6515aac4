"""What the page of a shared run shows."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from barscope.charts.share import SharedRun
from barscope.domain.time import iso
from barscope.studies.publication import public_record

if TYPE_CHECKING:
    from collections.abc import Sequence

    from barscope.charts.data import ChartData
    from barscope.store.run_reader import RunRecord
    from barscope.workspace.run import Run


def shared_run(run: Run, symbols: Sequence[str] | None = None) -> SharedRun:
    """A completed run as its page shows it: what is published of it, and no more.

    Args:
        run: The run.
        symbols: Which of its symbols to chart; None charts all.

    Raises:
        UnknownRunError: If the run is not completed.
        UnknownSymbolError: If it has no such symbol.
    """
    charts = [_own(run.chart_data(symbol)) for symbol in (symbols or run.symbols)]
    record = public_record(run.record, run.zone)
    if run.config.get("mode") == "scenario":
        return SharedRun(record.name, _facts(record), charts, {"Loan-to-value": run.ltv_figure}, _outcome(run))
    if run.config.get("mode") != "backtest":
        return SharedRun(record.name, _facts(record), charts)
    return SharedRun(
        record.name,
        _facts(record),
        charts,
        figures={"Equity and drawdown": run.equity_figure, "Profit and loss": run.pnl_figure},
        metrics=run.summary().rows(),
        trips=run.result.round_trips,
    )


def _outcome(run: Run) -> list[tuple[str, str]]:
    """What a scenario came to: the loan, then the bare collateral and each template."""
    flat = run.scenario.summary
    said = "max LTV {:.3f}, margin-call days {}, final equity {:,.0f}".format
    units, amount, called_at = flat["underlying_units"], flat["loan_amount"], flat["margin_call_ltv"]
    bare_equity = flat["end_value_unhedged"] - amount
    return [
        ("Loan", f"{amount:,.2f} on {units:,.10g} units, called at {called_at:g}"),
        ("Days", f"{flat['start_date']} to {flat['end_date']}"),
        ("Unhedged", said(flat["max_ltv_unhedged"] or math.inf, flat["margin_call_days_unhedged"], bare_equity)),
        *(
            (row["template_name"], said(row["max_ltv"] or math.inf, row["margin_call_days"], row["final_equity"]))
            for row in run.scenario.ranking()
        ),
        *(("Note", note) for note in flat["notes"]),
    ]


def _own(chart: ChartData) -> ChartData:
    """A chart without what does not come from its run: annotations and other symbols stay private."""
    return replace(chart, annotations=(), compared=())


def _facts(record: RunRecord) -> list[tuple[str, str]]:
    parameters = [
        f"{strategy['name']} " + ", ".join(f"{name} {value}" for name, value in strategy["params"].items())
        for strategy in record.config.get("strategies", ())
    ]
    return [
        *(("Strategy", text) for text in parameters),
        ("Run", record.run_id),
        ("Recorded", f"{iso(record.ts_start)}"),
        ("Times in", record.config["zone"]),
    ]
