"""The page of a shared run: what it holds, and that nothing of it can run or be fetched but its own."""

import base64
import gzip
import hashlib
import json
import re
from dataclasses import replace

import pytest

from barscope.charts.export import html
from barscope.charts.share import SharedRun, share_page
from barscope.charts.text import page
from barscope.errors import MissingBarsError

EVIL = "</script><script>alert(1)</script><img src=x onerror=alert(2)>"


def content_of(markup: str) -> dict:
    """What the page knows besides its columns."""
    packed = re.search(r'id="share-content" type="text/plain">([^<]*)<', markup)[1]
    return json.loads(gzip.decompress(base64.b64decode(packed)))


def test_one_file_without_an_address(session_data):
    """Plotly and the columns are in it, nothing is fetched, and two renderings are equal byte by byte."""
    run = SharedRun("a run", [("Run", "r")], [session_data])
    first = share_page(run)
    assert first == share_page(run)
    markup = re.sub(r'type="text/plain">[^<]*<', "", first.decode())
    assert len(first) < 2_600_000
    assert len(markup) < 60_000
    assert not re.findall(r'(?:src|href)\s*=\s*"(?!data:)|https?://', markup)


def test_the_traces_match_what_fills_them(session_data):
    """Each trace of the figure has its filler, in both themes, and carries no array of its own."""
    (chart,) = content_of(share_page(SharedRun("a", [], [session_data])).decode())["charts"]
    assert chart["step"] == 1
    for look in chart["looks"].values():
        assert [len(look["traces"]), look["traces"][0]["type"]] == [len(chart["traces"]), "candlestick"]
        for trace, filler in zip(look["traces"], chart["traces"], strict=True):
            assert not {"x", "y", "open", "customdata"} & trace.keys()
            assert (trace["type"] == "bar") == (filler["fill"] in ("volume", "histogram"))
    names = [column["name"] for column in chart["columns"] if not column["name"].endswith("known")]
    assert names[:6] == ["time", "close", "open", "high", "low", "volume"]
    used = {filler["series"] for filler in chart["traces"] if "series" in filler}
    assert used == set(range(len(names) - 6)) == set(range(len(session_data.series)))


def test_texts_of_users_are_no_markup(session_data):
    """Title, symbol, series, facts and metrics of any text leave no tag in the page."""
    data = replace(session_data, symbol=EVIL, series=(replace(session_data.series[0], name=EVIL, band=None),))
    markup = share_page(SharedRun(EVIL, [(EVIL, EVIL)], [data], metrics=[(EVIL, EVIL)])).decode()
    assert "alert(1)</script>" not in markup
    assert "<img" not in markup
    assert markup.count("<script>") == 3
    assert content_of(markup)["charts"][0]["symbol"].startswith("</script>")


def test_nothing_to_chart_is_an_error():
    """A run without bars has no page."""
    with pytest.raises(MissingBarsError, match="no bars to share"):
        share_page(SharedRun("a", [], []))


@pytest.mark.parametrize("make", [html, lambda data: share_page(SharedRun("a", [], [data]))])
def test_the_policy_names_every_script(session_data, make):
    """A page may run its own scripts, the packed Plotly among them, and may fetch nothing."""
    markup = make(session_data).decode()
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', markup)[1]
    scripts = re.findall(r"<script>(.*?)</script>", markup, re.DOTALL)
    packed = re.search(r'id="(?:barscope|share)-plotly" type="text/plain">([^<]*)<', markup)[1]
    scripts.append(gzip.decompress(base64.b64decode(packed)).decode())
    hashes = [base64.b64encode(hashlib.sha256(s.encode()).digest()).decode() for s in scripts]
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert re.findall(r"'sha256-([^']*)'", policy) == hashes
    assert "unsafe-eval" not in policy
    assert not re.search(r"script-src[^;]*unsafe-inline", policy)


def test_a_page_without_packed_scripts_allows_its_own_only():
    """One script, one hash."""
    assert page("t", "#fff", "", ("run()",)).count("sha256-") == 1
