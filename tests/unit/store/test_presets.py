"""Named presets, explorer sessions and the indicators computed in them."""

from contextlib import closing
from dataclasses import replace

import numpy as np
import pytest

from barscope.errors import BarscopeError, InvalidParameterError, ReadOnlyStoreError, StoreError
from barscope.store.preset_values import DataSplit, SymbolPreset
from barscope.store.presets import GLOBAL_DEFAULTS, PresetStore
from barscope.store.session_values import IndicatorEntry, SessionIndicator

CONFIG_TABLES = ["explore_presets", "condition_presets", "indicator_defaults", "chart_settings"]
SPLIT = DataSplit(
    "split", "2024-01-01T00:00:00Z", 1, "p", 35, ("A", "B"), "raw_symbol", "2020-01-01", "2024-01-01", 60.0, 20.0,
    "2022-01-01", "2023-01-01", 10, 5, None,
)  # fmt: skip
SYMBOLS = SymbolPreset(33, "vendor", 1, ("MSFT", "AAPL", "NA"), "raw_symbol")
SMA = IndicatorEntry("SMA", '{"timeperiod": 20}', ("SMA_20",), "completed", "hash")
BANDS = IndicatorEntry("BBANDS", "{}", ("upper", "lower"), "completed", "hash2")


@pytest.fixture
def presets(tmp_path):
    """An empty presets database."""
    with closing(PresetStore(tmp_path / "presets.db")) as store:
        yield store


@pytest.fixture
def session(presets):
    """Session `s` on symbols B and A."""
    return presets.create_or_get_session(
        "s", 1, 33, ["B", "A"], None, "2024-02-01", "raw_symbol", "2024-03-01T00:00:00Z"
    )


def run_of(*entries, run_id="r1", created_at="2024-03-01T00:00:01Z", fingerprint="data"):
    """An indicator run of session `s`."""
    first = entries[0]
    return SessionIndicator(
        run_id, "s", first.class_name, first.params_canonical, "completed", "name", first.source_hash, fingerprint,
        created_at, None, entries,
    )  # fmt: skip


def breakage(presets, sql):
    """Damages a row as another program could."""
    with presets.database.atomic() as connection:
        connection.execute(sql)


@pytest.mark.parametrize("table", CONFIG_TABLES)
def test_a_config_is_kept_by_name(presets, table):
    """set, get, names, list, rename and delete work alike in every table of JSON values."""
    values = getattr(presets, table)
    values.set("b", {"x": [1, None, 'a"b']})
    values.set("a", {"y": float("inf")})
    values.set("a", {"y": 2})
    assert values.get("b") == {"x": [1, None, 'a"b']}
    assert values.get("none") is None
    assert values.names() == ("a", "b")
    values.rename("b", "c")
    assert tuple(values.list()) == (("a", {"y": 2}), ("c", {"x": [1, None, 'a"b']}))
    values.delete("a")
    values.delete("a")
    assert values.names() == ("c",)


def test_symbol_presets_and_splits_come_back_as_values(presets):
    """Both are kept with exact symbols in the order given."""
    presets.symbol_presets.set("tech", SYMBOLS)
    presets.data_splits.set("id", SPLIT)
    assert presets.symbol_presets.get("tech") == SYMBOLS
    assert tuple(presets.data_splits.list()) == (("id", SPLIT),)
    presets.data_splits.delete("id")
    assert presets.data_splits.get("id") is None


def test_global_defaults_are_one_more_name(presets):
    """The defaults of all indicators are stored under their own key."""
    presets.indicator_defaults.set(GLOBAL_DEFAULTS, {"bar_field": "CLOSE"})
    assert presets.database.rows("SELECT name FROM indicator_defaults") == [("__global__",)]


def test_renaming_needs_a_name_that_is_there_and_one_that_is_free(presets):
    """rename() overwrites nothing and invents nothing; to itself it is harmless."""
    presets.explore_presets.set("a", 1)
    presets.explore_presets.set("b", 2)
    with pytest.raises(InvalidParameterError, match="holds b already"):
        presets.explore_presets.rename("a", "b")
    with pytest.raises(InvalidParameterError, match="holds no c"):
        presets.explore_presets.rename("c", "d")
    presets.explore_presets.rename("a", "a")
    assert tuple(presets.explore_presets.list()) == (("a", 1), ("b", 2))


@pytest.mark.parametrize("name", ["", " ", "x" * 256, "a\nb", "\ud800", None])
def test_a_name_is_plain_text(presets, name):
    """A blank, endless or broken name is refused and nothing is stored."""
    with pytest.raises(InvalidParameterError, match="choose another"):
        presets.explore_presets.set(name, 1)
    assert presets.explore_presets.names() == ()


@pytest.mark.parametrize("name", ["'; DROP TABLE explore_presets; --", "<img src=x>", "../..", "%", "ä €"])
def test_hostile_names_are_only_names(presets, name):
    """SQL, HTML and paths in a name are kept as they are."""
    presets.explore_presets.set(name, 1)
    assert presets.explore_presets.names() == (name,)


def test_a_value_that_is_no_json_is_refused(presets):
    """An object in a config raises InvalidParameterError and keeps the earlier value."""
    presets.explore_presets.set("a", 1)
    with pytest.raises(InvalidParameterError, match="JSON"):
        presets.explore_presets.set("a", {"x": object()})
    assert presets.explore_presets.get("a") == 1


@pytest.mark.parametrize("broken", ["{", "", '{"x": 1'])
def test_a_broken_preset_is_named_and_the_others_load(presets, broken):
    """One damaged JSON value is reported with its table and name beside the good ones, and can be deleted."""
    presets.explore_presets.set("good", 1)
    presets.explore_presets.set("bad", 2)
    breakage(presets, f"UPDATE explore_presets SET config = '{broken}' WHERE name = 'bad'")  # noqa: S608
    loaded = presets.explore_presets.list()
    assert loaded.values == (("good", 1),)
    assert len(loaded) == 1
    assert ["bad in explore_presets" in str(problem) for problem in loaded.problems] == [True]
    with pytest.raises(StoreError, match="bad in explore_presets holds broken JSON"):
        presets.explore_presets.get("bad")
    presets.explore_presets.delete("bad")
    assert presets.explore_presets.list().problems == ()


@pytest.mark.parametrize("broken", ["{}", "[1]", "nonsense"])
def test_symbols_that_are_no_list_of_texts_are_named(presets, broken):
    """Well-formed JSON of the wrong kind is a problem of that preset, too."""
    presets.symbol_presets.set("bad", SYMBOLS)
    breakage(presets, f"UPDATE symbol_presets SET symbols = '{broken}'")  # noqa: S608
    with pytest.raises(StoreError, match="symbols of bad in symbol_presets"):
        presets.symbol_presets.get("bad")


def test_a_session_is_created_once(presets, session):
    """The same id returns the session as it was first created, its symbols sorted."""
    assert session.symbols == ("A", "B")
    again = presets.create_or_get_session("s", 9, 9, ["X"], None, None, "ticker", "2025-01-01T00:00:00Z")
    assert again == session == presets.get_session("s")
    assert presets.database.rows("SELECT symbols FROM explorer_sessions") == [('["A", "B"]',)]


def test_sessions_are_listed_by_when_they_were_opened(presets, session):
    """Opening an older session puts it in front; its pin stays with it."""
    presets.create_or_get_session("t", 1, 33, ["A"], None, None, "raw_symbol", "2024-03-02T00:00:00Z")
    assert [s.session_id for s in presets.list_sessions()] == ["t", "s"]
    presets.touch("s", "2024-03-03T00:00:00Z")
    presets.set_pinned("s", True)
    assert [s.session_id for s in presets.list_sessions()] == ["s", "t"]
    assert presets.get_session("s") == replace(session, pinned=True, last_opened_at="2024-03-03T00:00:00Z")
    presets.set_pinned("s", False)
    assert not presets.get_session("s").pinned


def test_an_unknown_session_is_named(presets):
    """Reading or changing a session that is not there is a StoreError."""
    for ask in (
        lambda: presets.get_session("x"),
        lambda: presets.touch("x", "now"),
        lambda: presets.set_pinned("x", True),
    ):
        with pytest.raises(StoreError, match="no explorer session x"):
            ask()


def test_a_broken_session_does_not_hide_the_others(presets, session):
    """A session with damaged symbols is a problem in the list."""
    presets.create_or_get_session("t", 1, 33, ["A"], None, None, "raw_symbol", "2024-03-02T00:00:00Z")
    breakage(presets, "UPDATE explorer_sessions SET symbols = '[' WHERE session_id = 's'")
    loaded = presets.list_sessions()
    assert [s.session_id for s in loaded] == ["t"]
    assert "symbols of session s" in str(loaded.problems[0])


@pytest.mark.usefixtures("session")
def test_indicator_runs_come_back(presets):
    """The runs of a session are listed oldest first with every indicator they hold."""
    later = run_of(SMA, BANDS, run_id="r2", created_at="2024-03-01T00:00:02Z")
    presets.put_indicator(later)
    presets.put_indicator(run_of(SMA))
    assert presets.indicators_of("s").values == (run_of(SMA), later)
    assert presets.indicators_of("other").values == ()


@pytest.mark.usefixtures("session")
def test_an_indicator_run_is_updated(presets):
    """Any field but the keys can change; an unknown field or run is refused."""
    presets.put_indicator(run_of(replace(SMA, status="running")))
    failed = replace(SMA, status="failed", error="because")
    presets.update_indicator("r1", status="failed", error="because", indicators=(failed,))
    (stored,) = presets.indicators_of("s")
    assert (stored.status, stored.error, stored.indicators) == ("failed", "because", (failed,))
    for changes in ({"run_id": "x"}, {"session_id": "x"}, {"status = 1; --": "x"}, {}):
        with pytest.raises(InvalidParameterError):
            presets.update_indicator("r1", **changes)
    with pytest.raises(StoreError, match="no session holds run nope"):
        presets.update_indicator("nope", status="failed")


def test_an_indicator_run_needs_its_session_and_its_own_id(presets):
    """A run of no session, or a second one of an id, is a StoreError."""
    with pytest.raises(StoreError, match="refused a row"):
        presets.put_indicator(run_of(SMA))
    presets.create_or_get_session("s", 1, 33, ["A"], None, None, "raw_symbol", "2024-03-02T00:00:00Z")
    presets.put_indicator(run_of(SMA))
    with pytest.raises(StoreError, match="refused a row"):
        presets.put_indicator(run_of(SMA))


@pytest.mark.usefixtures("session")
@pytest.mark.parametrize("broken", ["[", "{}", "[1]", '[{"class_name": "SMA"}]'])
def test_a_broken_list_of_indicators_harms_only_its_run(presets, broken):
    """The list of a session works around a damaged row, and names it."""
    presets.put_indicator(run_of(SMA, run_id="bad"))
    presets.put_indicator(run_of(SMA, run_id="good"))
    breakage(presets, f"UPDATE session_indicators SET indicators = '{broken}' WHERE run_id = 'bad'")  # noqa: S608
    loaded = presets.indicators_of("s")
    assert [run.run_id for run in loaded] == ["good"]
    assert "indicators of run bad" in str(loaded.problems[0])


def test_deleting_a_session_removes_its_indicators(presets, session):
    """Sessions go with their indicator rows; other sessions and unknown ids are not touched."""
    presets.create_or_get_session("t", 1, 33, ["A"], None, None, "raw_symbol", "2024-03-02T00:00:00Z")
    presets.put_indicator(run_of(SMA))
    presets.put_indicator(replace(run_of(SMA, run_id="r2"), session_id="t"))
    presets.delete_sessions([session.session_id, "unknown"])
    assert [s.session_id for s in presets.list_sessions()] == ["t"]
    assert len(presets.indicators_of("s")) == 0
    assert len(presets.indicators_of("t")) == 1


def test_choices_are_still_there_after_reopening(presets, session):
    """Nothing is dropped at start-up."""
    presets.explore_presets.set("a", 1)
    presets.close()
    with closing(PresetStore(presets.database.path)) as again:
        assert again.explore_presets.get("a") == 1
        assert again.get_session("s") == session


def test_a_reader_refuses_to_write(presets):
    """A read-only store shows presets and keeps them as they are."""
    presets.explore_presets.set("a", 1)
    with closing(PresetStore(presets.database.path, readonly=True)) as reader:
        assert reader.explore_presets.get("a") == 1
        with pytest.raises(ReadOnlyStoreError):
            reader.explore_presets.set("a", 2)


def test_numbers_of_numpy_and_hostile_ids_are_handled(presets):
    """Numpy ids are stored as numbers; half a character is a BarscopeError."""
    presets.create_or_get_session(
        "s", np.int64(1), np.int64(33), ["A"], None, None, "raw_symbol", "2024-03-02T00:00:00Z"
    )
    presets.symbol_presets.set("p", replace(SYMBOLS, publisher_id=np.int64(4)))
    assert presets.get_session("s").publisher_id == 1
    assert presets.symbol_presets.get("p").publisher_id == 4
    with pytest.raises(BarscopeError):
        presets.get_session("\ud800")
