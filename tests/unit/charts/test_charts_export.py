"""Charts as files."""

from __future__ import annotations

import base64
import gzip
import importlib.util
import io
import json
import re
from dataclasses import replace

import numpy as np
import plotly.io as pio
import polars as pl
import pytest

from barscope.charts import export
from barscope.charts.data import ChartSpec
from barscope.charts.export import csv, html, parquet, png, write_csv, write_html
from barscope.charts.figure import figure
from barscope.errors import MissingRendererError, ReadOnlyStoreError


def figure_of(page: str) -> dict:
    """The figure an exported page holds."""
    return json.loads(re.search(r'id="barscope-figure" type="application/json">(.*?)</script>', page, re.S)[1])


def test_page_is_small_and_needs_no_network(session_data):
    """About 2 MB, Plotly in it once, and nothing that is fetched from anywhere."""
    page = html(session_data).decode()
    assert len(page) < 2_300_000
    packed = re.findall(r'id="barscope-plotly" type="text/plain">([^<]*)<', page)
    assert len(packed) == 1
    assert gzip.decompress(base64.b64decode(packed[0])).startswith(b"/**\n* plotly.js")
    rest = page.replace(packed[0], "")
    assert not re.findall(r'(?:src|href)\s*=\s*"(?!data:)|https?://', rest)


@pytest.mark.parametrize("make", [lambda d: html(d), lambda d: html(figure(d))])
def test_page_has_the_cloud_button_off(session_data, make):
    """Exports of data and of a figure tell Plotly not to offer an upload."""
    config = figure_of(make(session_data).decode())["config"]
    assert config["showSendToCloud"] is False
    assert config["plotlyServerURL"] == ""


def test_figure_has_the_cloud_button_off_wherever_it_goes(session_data, monkeypatch):
    """HTML and the display of a notebook carry the option, even where a caller asks for the button."""
    fig = figure(session_data)
    for wanted in (None, {"showSendToCloud": True}):
        text = fig.to_html(wanted, include_plotlyjs=False)
        assert '"showSendToCloud": false' in text
        assert '"showSendToCloud": true' not in text
    monkeypatch.setattr(pio.renderers, "default", "plotly_mimetype")
    bundle = fig._repr_mimebundle_()["application/vnd.plotly.v1+json"]
    assert bundle["config"]["showSendToCloud"] is False


def test_hostile_symbol_cannot_leave_its_script(session_data):
    """A symbol that closes a script element stays text in the page."""
    evil = replace(session_data, symbol="</script><script>alert(1)</script>")
    page = html(evil).decode()
    assert "<script>alert" not in page
    assert figure_of(page)["layout"]["meta"]["title"] == "</script><script>alert(1)</script>"


def test_csv_has_every_bar_in_both_times(session_data):
    """Full resolution, ISO times, NaN as nothing."""
    frame = pl.read_csv(io.BytesIO(csv(session_data)))
    assert frame.shape == (len(session_data.bars), 7 + 6)
    assert frame.row(0)[:2] == ("2024-02-12T14:30:00Z", "2024-02-12T09:30:00")
    assert frame.row(-1)[:2] == ("2024-04-05T19:59:00Z", "2024-04-05T15:59:00")
    np.testing.assert_array_equal(frame["close"].to_numpy(), session_data.bars.close)
    assert frame["RSI_14_CLOSE"].null_count() == 14


def test_parquet_reads_back_equal(session_data):
    """Times are timestamps in ns, values bit for bit."""
    frame = pl.read_parquet(io.BytesIO(parquet(session_data)))
    np.testing.assert_array_equal(frame["time_utc"].to_physical().to_numpy(), session_data.bars.ts)
    np.testing.assert_array_equal(frame["volume"].to_numpy(), session_data.bars.volume)
    np.testing.assert_array_equal(frame["signal"].to_numpy(), session_data.series[5].values)


def test_files_are_whole_or_absent(session_data, tmp_path):
    """A file is written in one step; a folder that is not there is a typed error and leaves nothing."""
    assert write_csv(session_data, tmp_path / "a.csv").read_bytes() == csv(session_data)
    assert write_html(session_data, tmp_path / "a.html", ChartSpec(theme="dark")).stat().st_size > 1_000_000
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.csv", "a.html"]
    with pytest.raises(ReadOnlyStoreError, match="choose another folder"):
        write_csv(session_data, tmp_path / "none" / "a.csv")


def test_no_renderer_says_what_to_install(session_data, monkeypatch):
    """Without kaleido and Chromium a picture is a typed error with the remedy."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(export.shutil, "which", lambda name: None)
    with pytest.raises(MissingRendererError, match="pip install kaleido, or install Chromium"):
        png(figure(session_data))
