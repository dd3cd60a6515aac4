"""A chart as a Plotly figure: the layout of its axes and lines, and the static figure itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from barscope.charts.data import ChartData, ChartSpec
from barscope.charts.drawing import Drawing, View
from barscope.charts.legend import Reading, hover_trace, legend_annotations, legend_meta
from barscope.charts.markers import marker_styles
from barscope.charts.panes import PaneBox, label_count, panes
from barscope.charts.theme import PALETTES, Palette, template
from barscope.charts.traces import Arrays, styles, unlisted

if TYPE_CHECKING:
    import plotly.graph_objects as go

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
    looks = styles(data, spec, boxes, palette) + (unlisted(marker_styles(palette)) if data.markers else [])
    traces = [_nested(style, arrays) for style, arrays in zip(looks, view.arrays, strict=True)]
    layout = _nested(_layout(drawing, spec, boxes), view.layout)
    if hover:
        reading = Reading(drawing, spec, view, palette)
        traces.append(hover_trace(reading, view))
        layout["annotations"] = [*layout["annotations"], *legend_annotations(reading, view, boxes)]
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


def _layout(drawing: Drawing, spec: ChartSpec, boxes: tuple[PaneBox, ...]) -> dict[str, Any]:
    n = len(drawing.data.bars)
    slack = max(10.0, 0.05 * n)
    right = max(56, 14 + 7 * len(drawing.scale(spec).text(float(drawing.data.bars.close[-1]))))
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
    is_price = box.key == "price"
    return {
        "type": "log" if is_price and drawing.scale(spec).kind == "log" else "linear",
        "anchor": "x",
        "side": "right",
        "domain": list(box.domain),
        "fixedrange": True,
        "nticks": label_count(box, spec),
        "tickformat": f",.{drawing.decimals}f" if is_price else "",
        "showline": True,
        "automargin": False,
        "ticklabelposition": "outside",
        "showgrid": box.key != "volume",
    }


def spikes(layout: dict[str, Any], palette: Palette, boxes: tuple[PaneBox, ...]) -> None:
    """Plotly's own crosshair: one hover label for all panes and lines across them."""
    spike = {"showspikes": True, "spikemode": "across", "spikethickness": 1, "spikedash": "3px,3px"}
    spike["spikecolor"] = palette.crosshair
    layout |= {"hovermode": "x", "hoversubplots": "axis", "hoverdistance": -1, "spikedistance": -1}
    layout["xaxis"] |= {**spike, "spikesnap": "hovered data", "showticklabels": True}
    for box in boxes:
        layout[box.layout_key] |= {**spike, "spikesnap": "cursor"}
