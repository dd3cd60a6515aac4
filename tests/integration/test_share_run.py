"""The page of a run holds what is published of it, and nothing the user keeps beside it."""

import base64
import gzip
import re

import pytest

import barscope as bs
from barscope.domain.annotations import Annotation, Point
from barscope.errors import UnknownSymbolError


@pytest.fixture
def run(workspace):
    """A backtest of two symbols."""
    params = {"fast_period": 5, "slow_period": 10}
    request = bs.BacktestRequest(
        strategy="SMACrossover", strategy_params=params, symbols=["SYN", "ALT"], rtype=33, publisher_id=1
    )
    return workspace.backtest(request).result()


def content(path):
    """All text of a page, unpacked."""
    packed = re.findall(r'id="share-content" type="text/plain">([^<]*)<', path.read_text())
    return gzip.decompress(base64.b64decode(packed[0])).decode()


def test_a_page_tells_the_run_and_not_its_source(run, tmp_path):
    """Parameters, metrics and trades are there; code, versions and folders are not."""
    text = content(run.share(tmp_path / "run.html"))
    assert "SMACrossover fast_period 5, slow_period 10" in text
    assert text.count('"Sharpe"') == 1
    for secret in ("def on_bar", "source_hash", "git_revision", str(tmp_path)):
        assert secret not in text


def test_what_was_drawn_stays_private(workspace, run, tmp_path):
    """An annotation on the symbol is in the chart of the notebook, not in the page."""
    note = Annotation("text", (Point(int(run.columns("SYN").bars.ts[3]), 100.0),), "SECRET")
    workspace.charts.annotate(note, "SYN", 1)
    assert run.chart_data("SYN").annotations
    assert "SECRET" not in content(run.share(tmp_path / "run.html"))


def test_only_the_named_symbols_are_charted(run, tmp_path):
    """A page of one symbol has its columns alone; an unknown symbol is an error."""
    assert run.share(tmp_path / "one.html", ["ALT"]).read_text().count('id="share-columns-') == 1
    with pytest.raises(UnknownSymbolError):
        run.share(tmp_path / "none.html", ["SYM"])
    assert not (tmp_path / "none.html").exists()
