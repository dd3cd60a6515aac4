"""The memory of the explorer: what counts as computed before, and what a killed process leaves behind."""

from dataclasses import replace

import pytest

from barscope.indicators.registry import build_indicator
from barscope.jobs import JobStatus
from barscope.store.presets import PresetStore
from barscope.store.runs import RunStore
from barscope.store.session_values import SessionIndicator
from barscope.studies.session_log import SessionLog, entry_of

SMA = build_indicator("SimpleMovingAverage", {"period": 20})
RSI = build_indicator("RSI")


@pytest.fixture
def stores(tmp_path):
    """Presets with the session `s`, and runs."""
    presets, runs = PresetStore(tmp_path / "presets.db"), RunStore(tmp_path / "runs.db")
    presets.create_or_get_session("s", 1, 33, ["A"], None, None, "raw_symbol", "2024-03-01T00:00:00Z")
    yield presets, runs
    presets.close()
    runs.close()


def recorded(stores, run_id, *indicators, fingerprint="data", **changes):
    """A completed run of some indicators; changes are made to the entry of the first."""
    presets, runs = stores
    runs.begin(run_id, "a run", 1, {}).complete(2, {})
    entries = [replace(entry_of(indicator), status="completed") for indicator in indicators]
    entries[0] = replace(entries[0], **changes)
    place = f"2024-03-01T00:00:0{len(presets.indicators_of('s'))}Z"
    row = SessionIndicator(run_id, "s", "x", "{}", "completed", None, None, fingerprint, place, None, tuple(entries))
    presets.put_indicator(row)


def find(stores, *indicators, session="s", fingerprint="data"):
    """The run that holds these indicators over bars of a fingerprint."""
    return SessionLog(*stores).find(session, indicators, lambda: fingerprint)


def test_the_newest_run_that_holds_an_indicator_is_found(stores):
    """Alone or among others."""
    recorded(stores, "old", SMA)
    recorded(stores, "new", RSI, SMA)
    assert find(stores, SMA) == "new"
    assert find(stores, RSI) == "new"


def test_several_indicators_are_found_only_where_a_run_holds_them_and_no_other(stores):
    """A request of two is answered by a run of these two, in any order."""
    recorded(stores, "both", RSI, SMA)
    recorded(stores, "more", RSI, SMA, build_indicator("ATR"))
    assert find(stores, SMA, RSI) == "both"
    assert find(stores, SMA, build_indicator("ROC")) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"class_name": "Other"},
        {"params_canonical": "{}"},
        {"series": ("Other",)},
        {"source_hash": "other"},
        {"status": "failed"},
        {"fingerprint": "other"},
    ],
)
def test_anything_that_differs_is_another_result(stores, changes):
    """Class, parameters, series, code, bars, or that it failed."""
    recorded(stores, "r", SMA, **changes)
    assert find(stores, SMA) is None


def test_another_session_is_another_result(stores):
    """Equal indicators over another choice of bars are not found."""
    recorded(stores, "r", SMA)
    assert find(stores, SMA, session="t") is None


def test_bars_are_not_asked_for_without_a_candidate(stores):
    """The fingerprint, which may have to read a million bars, is asked for only when it can matter."""
    recorded(stores, "r", RSI)

    def never():
        raise AssertionError("the bars were read")

    assert SessionLog(*stores).find("s", [SMA], never) is None


def test_a_deleted_run_is_not_found(stores):
    """What runs.db no longer has is no answer, whatever the session says."""
    recorded(stores, "r", SMA)
    stores[1].delete(["r"])
    assert find(stores, SMA) is None


@pytest.mark.parametrize(("ended", "status", "error"), [(True, "completed", None), (False, "failed", "interrupted")])
def test_rows_of_a_gone_process_follow_runs_db(stores, ended, status, error):
    """A row still `running` takes the status of its run, or is interrupted where that has none."""
    presets, runs = stores
    log = SessionLog(presets, runs)
    log.began("r", "s", [SMA], "2024-03-01T00:00:00Z")
    if ended:
        runs.begin("r", "a run", 1, {}).complete(2, {})
    assert log.settle() == ("r",)
    (state,) = log.states("s")
    assert (state.status, state.error) == (status, error)
    assert JobStatus(state.status).is_terminal
