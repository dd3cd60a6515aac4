"""One page of a whole run that needs no kernel and no network: charts that zoom to the finest detail they hold."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from barscope.charts.clock import local_ns, moment_text
from barscope.charts.config import CONFIG
from barscope.charts.data import ChartData, ChartSpec
from barscope.charts.drawing import Drawing
from barscope.charts.figure import figure_parts
from barscope.charts.markers import KINDS
from barscope.charts.pack import Pack, pack
from barscope.charts.parts import as_text, asset, packed, packed_plotly, plotly
from barscope.charts.text import compact, embedded, page, plain, price, style
from barscope.charts.theme import PALETTES
from barscope.charts.traces import drawn_series, trace_count
from barscope.errors import MissingBarsError

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from barscope.charts.data import ChartSeries
    from barscope.domain.roundtrips import RoundTrip

ShareTheme = Literal["auto", "light", "dark"]

DATA_BYTES = 2_950_000
"""Of all packed columns of a page, which with Plotly and as text then takes up to 6 MB."""

_HEIGHT = 600
_FIGURE_HEIGHT = 380
_ARRAYS = frozenset({"x", "x0", "dx", "y", "open", "high", "low", "close", "customdata", "meta", "text"})
_PRICE_PATHS = ("tickvals", "ticktext", "range")


@dataclass(frozen=True, eq=False)
class SharedRun:
    """What a page shows.

    Attributes:
        title: On top.
        facts: What is known of it, label and text.
        charts: A chart per symbol.
        figures: Heading → draws a figure at a spec.
        metrics: Label and text.
        trips: Round trips, listed one by one.
    """

    title: str
    facts: Sequence[tuple[str, str]]
    charts: Sequence[ChartData]
    figures: Mapping[str, Callable[[ChartSpec], go.Figure]] = field(default_factory=dict)
    metrics: Sequence[tuple[str, str]] = ()
    trips: Sequence[RoundTrip] = ()


def share_page(run: SharedRun, *, theme: ShareTheme = "auto", budget: int = DATA_BYTES) -> bytes:
    """The page.

    Args:
        run: What it shows.
        theme: Its colours; `auto` are those of the reader's system. The reader can change them.
        budget: Bytes of all packed columns; beyond it the finest candle is several bars, and the page says so.

    Raises:
        MissingBarsError: If there is nothing to chart.
    """
    if not run.charts:
        raise MissingBarsError("no bars to share: choose a run that has some")
    total = sum(len(chart.bars) for chart in run.charts)
    drawings = [Drawing(chart) for chart in run.charts]
    packs = [pack(d, _values_of(d.data), budget * len(d.data.bars) // total) for d in drawings]
    content = {
        "title": plain(run.title),
        "theme": theme,
        "config": CONFIG,
        "facts": _texts(run.facts),
        "charts": [_chart(d, p) for d, p in zip(drawings, packs, strict=True)],
        "figures": [_figure(heading, draw) for heading, draw in run.figures.items()],
        "metrics": _texts(run.metrics),
        "trades": _trades(run),
        "colours": {name: _colours(name) for name in ("light", "dark")},
    }
    body = [
        style(asset("crosshair.css") + asset("share.css")),
        asset("share.html"),
        embedded("share-content", packed(json.dumps(content).encode())),
        embedded("share-plotly", packed_plotly()),
        *(embedded(f"share-columns-{i}", as_text(p.blob)) for i, p in enumerate(packs)),
    ]
    scripts = (asset("crosshair.js"), asset("share_detail.js"), asset("share.js"))
    return page(run.title, "Canvas", "".join(body), scripts, (plotly(),)).encode()


def _values_of(data: ChartData) -> list[ChartSeries]:
    """The series that are packed: each once, though a fill may draw it twice."""
    return [s for s in data.series if not s.is_background]


def _chart(drawing: Drawing, packed_columns: Pack) -> dict[str, Any]:
    data = drawing.data
    return {
        "symbol": plain(data.symbol),
        "period": data.bar_length.label,
        "step": packed_columns.step,
        "bars": packed_columns.bars,
        "columns": packed_columns.columns,
        "traces": _traces(data),
        "marks": _marks(data),
        "says": _summary(drawing, packed_columns),
        "looks": {name: _look(drawing, ChartSpec(theme=name, height=_HEIGHT)) for name in ("light", "dark")},
    }


def _traces(data: ChartData) -> list[dict[str, Any]]:
    """What fills each trace, in the order of `figure_parts`."""
    place = {id(s.values): i for i, s in enumerate(_values_of(data))}
    found: list[dict[str, Any]] = [{"fill": "candles"}, {"fill": "volume", "up": True}, {"fill": "volume", "up": False}]
    for s in drawn_series(data):
        if not trace_count(s):
            continue
        from_series = {"series": place[id(s.values)], "levels": list(s.levels), "hidden": s.hidden}
        if trace_count(s) == 2:  # a histogram: bars up, bars down
            found += [{"fill": "histogram", "up": up, **from_series} for up in (True, False)]
        else:
            found.append({"fill": "price line" if s.pane == "price" else "line", **from_series})
    return found + ([{"fill": "marks", "kind": kind} for kind in KINDS] if data.markers else [])


def _marks(data: ChartData) -> dict[str, Any]:
    """Bar and text of every marker, by kind, in order of time."""
    inside = sorted((m for m in data.markers), key=lambda m: m.ts_ns)
    bars = np.searchsorted(data.bars.ts, np.array([m.ts_ns for m in inside], np.int64), "right") - 1
    return {
        kind: {
            "bars": [int(bar) for bar, m in zip(bars, inside, strict=True) if m.kind == kind],
            "texts": [plain(m.text) for m in inside if m.kind == kind],
        }
        for kind in (KINDS if data.markers else ())
    }


def _look(drawing: Drawing, spec: ChartSpec) -> dict[str, Any]:
    """The figure without the arrays of its traces and without what follows from the view: the page computes both."""
    parts = figure_parts(drawing, spec, hover=False)
    layout = {
        name: {k: v for k, v in part.items() if k not in _PRICE_PATHS} if name.startswith(("xaxis", "yaxis")) else part
        for name, part in parts["layout"].items()
    }
    layout["template"] = _plain_json(layout["template"])
    return {
        "traces": [{k: v for k, v in trace.items() if k not in _ARRAYS} for trace in parts["data"]],
        "layout": layout,
    }


def _figure(heading: str, draw: Callable[[ChartSpec], go.Figure]) -> dict[str, Any]:
    specs = {name: ChartSpec(theme=name, height=_FIGURE_HEIGHT) for name in ("light", "dark")}
    return {"heading": heading, "looks": {name: json.loads(draw(spec).to_json()) for name, spec in specs.items()}}


def _plain_json(template: Any) -> Any:  # noqa: ANN401  # Plotly's template, or the name of one
    import plotly.io as pio

    return json.loads(pio.templates[template].to_json()) if isinstance(template, str) else template


def _colours(theme: str) -> dict[str, str]:
    palette = PALETTES[theme]
    return {name: getattr(palette, name) for name in ("paper", "text", "muted", "grid", "border", "up", "down")}


def _texts(rows: Sequence[tuple[str, str]]) -> list[list[str]]:
    return [[plain(label), plain(text)] for label, text in rows]


def _summary(drawing: Drawing, packed_columns: Pack) -> str:
    """A chart in words, for those who cannot see it, and what its finest detail is."""
    data, bars = drawing.data, drawing.data.bars
    first, last = (moment_text(int(ns), data.period) for ns in (drawing.local[0], drawing.local[-1]))
    low, high = float(bars.low.min()), float(bars.high.max())
    change = bars.close[-1] / bars.open[0] - 1 if bars.open[0] else 0.0
    finest = "every bar" if packed_columns.step == 1 else f"candles of {packed_columns.step} bars"
    return (
        f"{plain(data.symbol)}: {len(bars):,} bars of {data.bar_length.label}, {first} to {last}. "
        f"Last close {compact(float(bars.close[-1]), drawing.decimals)}, {change:+.2%} since the first open; lowest "
        f"{compact(low, drawing.decimals)}, highest {compact(high, drawing.decimals)}. "
        f"Finest detail in this page: {finest}."
    )


def _trades(run: SharedRun) -> dict[str, Any]:
    """The round trips as the texts of a table."""
    period, zone = run.charts[0].period, run.charts[0].zone
    times = np.unique(np.array([(trip.entry_ts, trip.exit_ts) for trip in run.trips], np.int64))
    local = dict(zip(times.tolist(), local_ns(times, zone, period).tolist(), strict=True))
    heads = ["#", "Symbol", "Side", "Quantity", "Entry", "At", "Exit", "At", "Bars", "P&L"]
    rows = [
        [
            str(n),
            plain(trip.symbol),
            trip.direction.name.lower(),
            f"{trip.quantity:,.6g}",
            moment_text(local[trip.entry_ts], period),
            price(trip.entry_price),
            "open" if trip.is_open else moment_text(local[trip.exit_ts], period),
            price(trip.exit_price),
            f"{trip.duration_bars:,}",
            f"{trip.pnl_after_commission:+,.2f}",
        ]
        for n, trip in enumerate(run.trips, 1)
    ]
    return {"heads": heads, "rows": rows}
