"""The sample data of a workspace."""

from __future__ import annotations

import pytest

import barscope as bs


@pytest.fixture(scope="module")
def loaded(tmp_path_factory):
    """A new workspace with the sample data, and what loading said."""
    with bs.Workspace(tmp_path_factory.mktemp("samples") / "ws") as ws:
        yield ws, ws.load_samples()


def test_the_stocks_are_of_publisher_1_in_new_york_time(loaded):
    """In a new workspace the stocks are publisher 1, and their charts are drawn in New York time."""
    ws, counts = loaded
    assert counts.publisher_id == 1
    assert ws.zone_of(1) == "America/New_York"


def test_there_are_five_stocks_by_day_and_a_synthetic_symbol_by_minute_and_second(loaded):
    """Five stocks have daily bars; SYN-A has about a year of minutes and some seconds."""
    ws, counts = loaded
    coverage = ws.secmaster.coverage()
    assert {c.symbol for c in coverage if c.publisher_id == 1} == {"AAPL", "FB", "GOOG", "IBM", "MSFT"}
    assert {c.rtype for c in coverage if c.publisher_id == 1} == {35}
    made_up = {c.rtype: c for c in coverage if c.publisher_id == counts.synthetic_publisher_id}
    assert set(made_up) == {32, 33}
    assert made_up[33].max_ts - made_up[33].min_ts > 360 * 86_400 * 10**9
    assert 140_000 < counts.inserted < 170_000


def test_loading_twice_changes_nothing(loaded):
    """The second time every bar is there already."""
    ws, counts = loaded
    again = ws.load_samples()
    assert (again.inserted, again.unchanged) == (0, counts.inserted)
    assert again.publisher_id == counts.publisher_id


def test_the_folder_of_a_workspace_can_come_from_the_environment(tmp_path, monkeypatch):
    """`Workspace()` is the folder that BARSCOPE_WORKSPACE names, and `data` without it."""
    from barscope.workspace.paths import WorkspacePaths

    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("BARSCOPE_WORKSPACE", raising=False)
    assert WorkspacePaths.of().folder == tmp_path / "data"
    assert WorkspacePaths.of(None, {"BARSCOPE_WORKSPACE": "elsewhere"}).folder == tmp_path / "elsewhere"
    assert WorkspacePaths.of("mine", {"BARSCOPE_WORKSPACE": "elsewhere"}).folder == tmp_path / "mine"
