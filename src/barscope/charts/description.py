"""What a chart shows, in words: for screen readers, and for whoever wants the figures at a glance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from barscope.charts.clock import local_ns, moment_text
from barscope.charts.text import compact, plain, price
from barscope.domain.periods import BarPeriod
from barscope.domain.time import date_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from barscope.charts.data import ChartData, ChartSeries
    from barscope.domain.bars import FloatArray
    from barscope.domain.performance import Summary
    from barscope.domain.roundtrips import RoundTrip

_PERIODS = {
    BarPeriod.SECOND: "1 second",
    BarPeriod.MINUTE: "1 minute",
    BarPeriod.HOUR: "1 hour",
    BarPeriod.DAY: "1 day",
}


@dataclass(frozen=True, slots=True)
class Description:
    """A chart in words; its text is one line.

    Attributes:
        title: What it is.
        facts: Label and text of each thing worth knowing, in order.
    """

    title: str
    facts: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        return ". ".join([self.title, *(f"{label}: {text}" for label, text in self.facts)]) + "."


def describe_chart(data: ChartData) -> Description:
    """Candlesticks: period, range, last close, high, low, change, the last value of each series, trades."""
    title = f"Candlesticks of {plain(data.title or data.symbol)}"
    return Description(title, tuple(_chart_facts(data)) if len(data.bars) else (("Bars", "none"),))


def describe_equity(numbers: Summary) -> Description:
    """Equity and drawdown of a backtest."""
    facts = (
        ("Range", f"{date_of(numbers.start_ts)} to {date_of(numbers.end_ts)}"),
        ("Began with", f"{numbers.starting_equity:,.2f}"),
        ("Ended with", f"{numbers.final_equity:,.2f}"),
        ("Total return", _share(numbers.total_return)),
        ("Annual return", _share(numbers.annual_return)),
        ("Deepest drawdown", _share(numbers.max_drawdown)),
        ("Sharpe", f"{numbers.sharpe:.2f}"),
    )
    return Description("Equity and drawdown", tuple((label, _said(text)) for label, text in facts))


def describe_trades(title: str, trips: Sequence[RoundTrip]) -> Description:
    """Round trips, as profit and loss or as their journeys: how many, how many won, the sum, the best, the worst."""
    if not trips:
        return Description(title, (("Trades", "none"),))
    results = [trip.pnl_after_commission for trip in trips]
    still_open = sum(trip.is_open for trip in trips)
    facts = (
        ("Trades", f"{len(trips):,}" + (f", {still_open:,} of them open" if still_open else "")),
        ("Won", f"{sum(result > 0 for result in results):,}"),
        ("Lost", f"{sum(result < 0 for result in results):,}"),
        ("Sum", f"{sum(results):+,.2f}"),
        ("Best", f"{max(results):+,.2f}"),
        ("Worst", f"{min(results):+,.2f}"),
    )
    return Description(title, facts)


def _chart_facts(data: ChartData) -> Iterator[tuple[str, str]]:
    bars = data.bars
    first, last = (moment_text(ts, data.period) for ts in local_ns(bars.ts[[0, -1]], data.zone, data.period).tolist())
    opened, closed = float(bars.open[0]), float(bars.close[-1])
    yield "Bars", f"{len(bars):,} of {data.timeframe.label if data.timeframe else _PERIODS[data.period]}"
    yield "Range", f"{first} to {last}" + ("" if data.period is BarPeriod.DAY else f", {data.zone}")
    yield "Last close", price(closed)
    yield "High", price(float(bars.high.max()))
    yield "Low", price(float(bars.low.min()))
    yield "Change", f"{closed - opened:+,.2f}" + (f" ({closed / opened - 1:+.2%})" if opened else "")
    for series in data.series:
        yield plain(series.name), _last_value(series)
    if data.markers:
        yield "Trades", f"{sum(marker.kind.startswith('entry') for marker in data.markers):,}"


def _last_value(series: ChartSeries) -> str:
    values: FloatArray = series.values[np.isfinite(series.values)]
    if not len(values):
        return "no value"
    return price(float(values[-1])) if series.pane == "price" else compact(float(values[-1]))


def _share(value: float) -> str:
    return f"{value:+.2%}"


def _said(text: str) -> str:
    """Not a number is "cannot be said"."""
    return "–" if "nan" in text else text
