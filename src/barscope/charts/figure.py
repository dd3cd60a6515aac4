"""A chart as a Plotly figure: the layout of its axes and lines, and the static figure itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from barscope.charts.data import ChartData, ChartSpec
from barscope.charts.drawing import Drawing, View
from barscope.charts.legend import Reading, hover_trace, legend_annotations, legend_meta
from barscope.charts.markers import marker_styles
from barscope.charts.panes import PaneBox, panes
from barscope.charts.theme import PALETTES, Palette, template, text_on
from barscope.charts.traces import Arrays, styles, unlisted

if TYPE_CHECKING:
    import plotly.graph_objects as go

CONFIG: dict[str, Any] = {
    # Plotly 7 offers to upload the chart to its cloud unless told not to.
    "showSendToCloud": False,
    "plotlyServerURL": "",
    "displaylogo": False,
    "scrollZoom": True,
    "responsive": True,
    "modeBarButtonsToRemove": ["autoScale2d", "select2d", "lasso2d", "toggleSpikelines"],
}
"""Plotly's options, the same on every path to a screen or a file."""

MARGINS = {"l": 8, "t": 8, "b": 26, "pad": 0}


def figure(data: ChartData, spec: ChartSpec | None = None) -> go.Figure:
    """A static figure: candles at the level of detail of the visible range, overlays, volume and own panes.

    Raises:
        MissingBarsError: If there are no bars.
    """
    from barscope.charts.static import StaticFigure

    spec = spec or ChartSpec()
    return StaticFigure(figure_parts(Drawing(data), spec, hover=True))


def figure_parts(drawing: Drawing, spec: ChartSpec, *, hover: bool, view: View | None = None) -> dict[str, Any]:
    """A whole figure as Plotly's `data` and `layout`.

    Args:
        drawing: The data made ready.
        spec: The view of it.
        hover: True where Plotly draws legend and hover labels by itself, False where the crosshair script does.
        view: The drawn view where it is already known.
    """
    view = view or drawing.view(spec, wire=False)
    data, palette, boxes = drawing.data, PALETTES[spec.theme], panes(drawing.data, spec)
    looks = styles(data, boxes, palette) + (unlisted(marker_styles(palette)) if data.markers else [])
    traces = [_nested(style, arrays) for style, arrays in zip(looks, view.arrays, strict=True)]
    layout = _nested(_layout(drawing, spec, boxes, palette), view.layout)
    if hover:
        reading = Reading(drawing, view, palette)
        traces.append(hover_trace(reading, view))
        layout["annotations"] += legend_annotations(reading, view, boxes)
        spikes(layout, palette, boxes)
    else:
        layout["meta"] = legend_meta(drawing, spec, boxes, palette)
    return {"data": traces, "layout": layout}


def empty_parts(spec: ChartSpec) -> dict[str, Any]:
    """A figure of nothing yet, in the colours and the height of one to come."""
    hidden = {"visible": False, "fixedrange": True}
    margin = {**MARGINS, "r": MARGINS["l"]}
    layout = {"template": template(spec.theme), "height": spec.height, "margin": margin, "hovermode": False}
    return {"data": [], "layout": {**layout, "xaxis": hidden, "yaxis": hidden}}


def _nested(fixed: dict[str, Any], dotted: Arrays) -> dict[str, Any]:
    """`fixed` with values added at dotted paths; None adds nothing."""
    whole = dict(fixed)
    for path, value in dotted.items():
        if value is None:
            continue
        *parents, name = path.split(".")
        place = whole
        for parent in parents:
            place[parent] = dict(place.get(parent, {}))
            place = place[parent]
        place[name] = value
    return whole


def _layout(drawing: Drawing, spec: ChartSpec, boxes: tuple[PaneBox, ...], palette: Palette) -> dict[str, Any]:
    data, n = drawing.data, len(drawing.data.bars)
    slack = max(10.0, 0.05 * n)
    last_close = f"{float(data.bars.close[-1]):,.{drawing.decimals}f}"
    right = max(56, 14 + 7 * len(last_close))
    layout: dict[str, Any] = {
        "template": template(spec.theme),
        "height": spec.height,
        "margin": {**MARGINS, "r": right},
        "dragmode": "pan",
        "hovermode": False,
        "uirevision": "barscope",
        "bargap": 0.35,
        "barmode": "relative",
        "boxgap": 0.35,
        "showlegend": False,
        "annotations": [_last_price_tag(data, last_close, palette)],
        "shapes": [_last_price_line(data, palette), *separators(boxes, palette), *_levels(data, boxes, palette)],
        "xaxis": {
            "type": "linear",
            "anchor": boxes[-1].axis,
            "tickmode": "array",
            "tickangle": 0,
            "ticks": "outside",
            "ticklen": 4,
            "showline": True,
            "rangeslider": {"visible": False},
            "minallowed": -0.5 - slack,
            "maxallowed": n - 0.5 + slack,
        },
    }
    return layout | {box.layout_key: _value_axis(box, drawing, spec) for box in boxes}


def _value_axis(box: PaneBox, drawing: Drawing, spec: ChartSpec) -> dict[str, Any]:
    pixels = (box.domain[1] - box.domain[0]) * spec.height
    return {
        "anchor": "x",
        "side": "right",
        "domain": list(box.domain),
        "fixedrange": True,
        "nticks": max(2, int(pixels / 46)),
        "tickformat": f",.{drawing.decimals}f" if box.key == "price" else "",
        "showline": True,
        "automargin": False,
        "ticklabelposition": "outside",
        "showgrid": box.key != "volume",
    }


def _last_price_line(data: ChartData, palette: Palette) -> dict[str, Any]:
    close = float(data.bars.close[-1])
    line = {"color": _direction(data, palette), "width": 1, "dash": "1px,3px"}
    return {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "yref": "y", "y0": close, "y1": close, "line": line}


def _last_price_tag(data: ChartData, text: str, palette: Palette) -> dict[str, Any]:
    return value_tag("y", float(data.bars.close[-1]), text, _direction(data, palette))


def value_tag(axis: str, y: float, text: str, colour: str) -> dict[str, Any]:
    """A value on a ground of its colour, beside its axis."""
    return {
        "xref": "paper",
        "x": 1,
        "xanchor": "left",
        "yref": axis,
        "y": y,
        "text": text,
        "showarrow": False,
        "font": {"color": text_on(colour), "size": 11},
        "bgcolor": colour,
        "borderpad": 2,
        "xshift": 1,
    }


def _direction(data: ChartData, palette: Palette) -> str:
    return palette.up if data.bars.close[-1] >= data.bars.open[-1] else palette.down


def separators(boxes: tuple[PaneBox, ...], palette: Palette) -> list[dict[str, Any]]:
    """A line between each two panes."""
    line = {"color": palette.border, "width": 1}
    return [
        {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "yref": "paper", "y0": y, "y1": y, "line": line}
        for y in (box.domain[1] for box in boxes[1:])
    ]


def _levels(data: ChartData, boxes: tuple[PaneBox, ...], palette: Palette) -> list[dict[str, Any]]:
    axis = {box.key: box.axis for box in boxes}
    line = {"color": palette.muted, "width": 1, "dash": "3px,4px"}
    return [
        {
            "type": "line",
            "xref": "paper",
            "x0": 0,
            "x1": 1,
            "yref": where,
            "y0": y,
            "y1": y,
            "line": line,
            "opacity": 0.6,
        }
        for where, y in dict.fromkeys((axis[s.pane_key], level) for s in data.series for level in s.levels)
    ]


def spikes(layout: dict[str, Any], palette: Palette, boxes: tuple[PaneBox, ...]) -> None:
    """Plotly's own crosshair: one hover label for all panes and lines across them."""
    spike = {"showspikes": True, "spikemode": "across", "spikethickness": 1, "spikedash": "3px,3px"}
    spike["spikecolor"] = palette.crosshair
    layout |= {"hovermode": "x", "hoversubplots": "axis", "hoverdistance": -1, "spikedistance": -1}
    layout["xaxis"] |= {**spike, "spikesnap": "hovered data", "showticklabels": True}
    for box in boxes:
        layout[box.layout_key] |= {**spike, "spikesnap": "cursor"}
