"""Charts as files: a page that needs no network, a picture, and the values at full resolution."""

from __future__ import annotations

import errno
import importlib.util
import json
import shutil
import subprocess
import tempfile
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from barscope.charts.clock import local_ns
from barscope.charts.config import CONFIG
from barscope.charts.data import ChartData, ChartSpec
from barscope.charts.drawing import Drawing
from barscope.charts.figure import figure, figure_parts
from barscope.charts.parts import asset, packed_plotly, plotly, script_json
from barscope.charts.text import embedded, page, style
from barscope.charts.theme import PALETTES
from barscope.errors import MissingRendererError, ReadOnlyStoreError, StoreFullError

if TYPE_CHECKING:
    import plotly.graph_objects as go
    import polars as pl

    from barscope.charts.share import SharedRun, ShareTheme

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "microsoft-edge")
RENDER_SECONDS = 60


def html(chart: ChartData | go.Figure, spec: ChartSpec | None = None) -> bytes:
    """One self-contained page of about 2 MB: the figure at level of detail and Plotly, compressed, once.

    Data get the crosshair legend and a y axis that follows the view; a figure keeps its own hover labels.
    """
    if isinstance(chart, ChartData):
        spec = spec or ChartSpec(max_candles=1300)
        drawn = _figure(figure_parts(Drawing(chart), spec, hover=False))
        title, paper = chart.title or chart.symbol, PALETTES[spec.theme].paper
    else:
        drawn, title, paper = chart, "chart", "#ffffff"
    parts = json.loads(drawn.to_json())
    content = {
        "data": parts["data"],
        "layout": parts["layout"],
        "config": CONFIG,
        "crosshair": isinstance(chart, ChartData),
    }
    body = [
        style(asset("crosshair.css")),
        '<div id="barscope-chart"></div>',
        embedded("barscope-figure", script_json(content), "application/json"),
        embedded("barscope-plotly", packed_plotly()),
    ]
    return page(title, paper, "".join(body), (asset("crosshair.js"), asset("page.js")), (plotly(),)).encode()


def png(chart: go.Figure, *, width: int = 1280, height: int | None = None, scale: int = 2) -> bytes:
    """A picture of a figure, drawn by kaleido or by a Chromium on the PATH.

    Args:
        chart: The figure.
        width: Pixels of the page.
        height: Pixels; the figure's own where it is None.
        scale: Picture pixels per page pixel.

    Raises:
        MissingRendererError: If neither is there, or the browser fails.
    """
    height = height or chart.layout.height or 640
    if importlib.util.find_spec("kaleido"):
        return bytes(chart.to_image("png", width=width, height=height, scale=scale))
    browser = next((path for path in map(shutil.which, BROWSERS) if path), None)
    if browser is None:
        remedy = "pip install kaleido, or install Chromium"
        raise MissingRendererError(f"no program to draw a picture with: {remedy}; html() needs neither")
    with tempfile.TemporaryDirectory(prefix="barscope-") as folder:
        return _photograph(browser, chart, Path(folder), (width, height, scale))


def _photograph(browser: str, chart: go.Figure, folder: Path, size: tuple[int, int, int]) -> bytes:
    width, height, scale = size
    source, picture = folder / "chart.html", folder / "chart.png"
    markup = chart.to_html(
        include_plotlyjs=True, default_height=f"{height}px", config={"displayModeBar": False, "responsive": False}
    )
    source.write_text(markup.replace("<body>", '<body style="margin:0">'), encoding="utf-8")
    command = [
        *(browser, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run"),
        *(
            f"--user-data-dir={folder / 'profile'}",
            "--virtual-time-budget=5000",
            f"--force-device-scale-factor={scale}",
        ),
        *(f"--window-size={width},{height}", f"--screenshot={picture}", source.as_uri()),
    ]
    try:
        done = subprocess.run(command, capture_output=True, timeout=RENDER_SECONDS, check=False)  # noqa: S603
    except subprocess.TimeoutExpired:
        raise MissingRendererError(f"{browser} drew no picture in {RENDER_SECONDS} s: pip install kaleido") from None
    if not picture.exists():
        raise MissingRendererError(f"{browser} ended with {done.returncode} and no picture: pip install kaleido")
    return picture.read_bytes()


def csv(data: ChartData) -> bytes:
    """All bars and series as CSV: ISO times in UTC and exchange-local, values at full resolution."""
    import polars as pl

    text = "%Y-%m-%dT%H:%M:%S%.f"
    times = [pl.col("time_utc").dt.strftime(text + "Z"), pl.col("time_local").dt.strftime(text)]
    return table(data).with_columns(times).write_csv().encode()


def parquet(data: ChartData) -> bytes:
    """All bars and series as Parquet, times as timestamps of nanoseconds."""
    buffer = BytesIO()
    table(data).write_parquet(buffer)
    return buffer.getvalue()


def write_html(data: ChartData, path: str | Path, spec: ChartSpec | None = None) -> Path:
    """Writes `html`; returns where it is."""
    return write_file(path, html(data, spec))


def write_share(run: SharedRun, path: str | Path, theme: ShareTheme = "auto") -> Path:
    """Writes `share_page`; returns where it is."""
    from barscope.charts.share import share_page

    return write_file(path, share_page(run, theme=theme))


def write_png(data: ChartData, path: str | Path, spec: ChartSpec | None = None) -> Path:
    """Writes `png` of the static figure; returns where it is."""
    return write_file(path, png(figure(data, spec)))


def write_csv(data: ChartData, path: str | Path) -> Path:
    """Writes `csv`; returns where it is."""
    return write_file(path, csv(data))


def write_parquet(data: ChartData, path: str | Path) -> Path:
    """Writes `parquet`; returns where it is."""
    return write_file(path, parquet(data))


def write_file(path: str | Path, content: bytes) -> Path:
    """The whole file or none: written beside its place, then moved there.

    Raises:
        ReadOnlyStoreError: If the folder cannot be written.
        StoreFullError: If the disk is full.
    """
    target = Path(path)
    part = target.with_name(f".{target.name}.part")
    try:
        part.write_bytes(content)
        part.replace(target)
    except OSError as error:
        part.unlink(missing_ok=True)
        kind = StoreFullError if error.errno == errno.ENOSPC else ReadOnlyStoreError
        raise kind(f"cannot write {target}: {error.strerror}; choose another folder") from error
    return target


def table(data: ChartData) -> pl.DataFrame:
    """All bars and series as a frame; NaN becomes null. `time_local` is what a clock at the exchange shows."""
    import polars as pl

    bars = data.bars
    local = local_ns(bars.ts, data.zone, data.period)
    times = {
        "time_utc": pl.Series(bars.ts).cast(pl.Datetime("ns", "UTC")),
        "time_local": pl.Series(local).cast(pl.Datetime("ns")),
    }
    prices = {name: getattr(bars, name) for name in ("open", "high", "low", "close", "volume")}
    series = {s.name: pl.Series(s.values).fill_nan(None) for s in data.series if s.name not in {*times, *prices}}
    return pl.DataFrame({**times, **prices, **series})


def _figure(parts: dict[str, Any]) -> go.Figure:
    from barscope.charts.static import StaticFigure

    return StaticFigure(parts)
