"""Colours of a chart and the Plotly templates made of them, registered when first used."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from barscope.charts.data import Theme

FONT = 'Inter, -apple-system, "Segoe UI", "Helvetica Neue", "Liberation Sans", Arial, sans-serif'


@dataclass(frozen=True, slots=True)
class Palette:
    """The colours of a theme. Up candles are the lighter ones: hue is never the only cue."""

    paper: str
    text: str
    muted: str
    grid: str
    border: str
    crosshair: str
    up: str
    down: str
    up_candle: str
    down_candle: str
    volume_opacity: float
    lines: tuple[str, ...]


PALETTES: dict[str, Palette] = {
    "light": Palette(
        paper="#ffffff",
        text="#131722",
        muted="#6a7080",
        grid="#f0f2f6",
        border="#dfe2e9",
        crosshair="#9598a1",
        up="#067d6c",
        down="#d12a37",
        up_candle="#2bb3a0",
        down_candle="#d8323f",
        volume_opacity=0.42,
        lines=("#2962ff", "#f57c00", "#8e24aa", "#00838f", "#c2185b", "#558b2f", "#5d4037", "#3949ab"),
    ),
    "dark": Palette(
        paper="#131722",
        text="#d6d9e0",
        muted="#8d93a1",
        grid="#1e2330",
        border="#2d3342",
        crosshair="#6b7180",
        up="#2ebd9f",
        down="#f7525f",
        up_candle="#2ebd9f",
        down_candle="#d63a47",
        volume_opacity=0.45,
        lines=("#5b8cff", "#ffa726", "#ba68c8", "#4dd0e1", "#f06292", "#aed581", "#bcaaa4", "#9fa8da"),
    ),
    "colour-blind": Palette(
        paper="#ffffff",
        text="#131722",
        muted="#6a7080",
        grid="#f0f2f6",
        border="#dfe2e9",
        crosshair="#9598a1",
        up="#0072b2",
        down="#b84f00",
        up_candle="#56b4e9",
        down_candle="#d55e00",
        volume_opacity=0.45,
        lines=("#CC79A7", "#009E73", "#E69F00", "#56B4E9", "#000000", "#8c6d00"),
    ),
    "colour-blind-dark": Palette(
        paper="#131722",
        text="#d6d9e0",
        muted="#8d93a1",
        grid="#1e2330",
        border="#2d3342",
        crosshair="#6b7180",
        up="#56b4e9",
        down="#f08b46",
        up_candle="#56b4e9",
        down_candle="#d55e00",
        volume_opacity=0.5,
        lines=("#CC79A7", "#009E73", "#F0E442", "#D55E00", "#FFFFFF", "#0072B2"),
    ),
}


def text_on(colour: str) -> str:
    """White or near black, whichever reads better on a ground of a `#rrggbb` colour."""
    red, green, blue = ((int(colour[i : i + 2], 16) / 255) ** 2.2 for i in (1, 3, 5))
    return "#ffffff" if 0.2126 * red + 0.7152 * green + 0.0722 * blue < 0.25 else "#131722"


def template(theme: Theme) -> str:
    """The name of a theme's Plotly template, registered in `plotly.io.templates` on first use."""
    import plotly.io as pio

    name = f"barscope-{theme}"
    if name not in pio.templates:
        pio.templates[name] = {"layout": _layout(PALETTES[theme])}
    return name


def _layout(p: Palette) -> dict[str, Any]:
    axis = {
        "gridcolor": p.grid,
        "linecolor": p.border,
        "tickcolor": p.border,
        "tickfont": {"color": p.muted, "size": 11},
        "zeroline": False,
    }
    hover = {"bgcolor": p.paper, "bordercolor": p.border, "font": {"color": p.text, "size": 12}, "align": "left"}
    return {
        "paper_bgcolor": p.paper,
        "plot_bgcolor": p.paper,
        "font": {"family": FONT, "size": 12, "color": p.text},
        "xaxis": axis,
        "yaxis": axis,
        "hoverlabel": hover,
        "modebar": {"bgcolor": p.paper, "color": p.muted, "activecolor": p.text, "orientation": "h"},
        "colorway": list(p.lines),
    }
