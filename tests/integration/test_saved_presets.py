"""What is kept by name in a workspace: round trips, files of presets, and two processes at one preset."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace

import pytest
from typer.testing import CliRunner

import barscope as bs
from barscope.charts.settings import ChartSettings, SeriesSettings
from barscope.cli.app import app
from barscope.errors import InvalidParameterError, PresetConflictError, SchemaVersionError, StoreError
from barscope.store.presets import GLOBAL_DEFAULTS
from barscope.studies.segments import ByCondition
from barscope.workspace import preset_files
from barscope.workspace.layouts import IndicatorSet, Layout, ShownIndicator, stored_source

SMA = ShownIndicator(bs.IndicatorConfig(class_name="SMA", params={"timeperiod": 20}), visible=False)
RSI = ShownIndicator(bs.IndicatorConfig(class_name="RSI", params={"period": 14}, timeframe="1h"))
CHART = ChartSettings(chart_type="ohlc", order=("a", "b"), series={"RSI": SeriesSettings(colour="#ff0000")})
CONDITION = ByCondition(bs.Comparison("close", "crosses_above", "SMA(20, CLOSE)") & bs.Comparison("volume", ">", 1), 5)


@pytest.fixture
def source():
    """The minute bars of both symbols."""
    return bs.ExplorerRequest(
        symbols=["SYN", "ALT"], rtype=33, publisher_id=1, start_date="2024-01-02", timeframe="5min"
    )


@pytest.fixture
def saved(workspace, source):
    """A workspace's presets, one of each kind."""
    saved = workspace.saved
    saved.watchlists.save("both", saved.watchlists.of(source))
    saved.indicator_sets.save("two", IndicatorSet((SMA, RSI)))
    saved.layouts.save("morning", Layout(source, "test", "ALT", (SMA, RSI), CHART, CONDITION))
    saved.conditions.save("crossing", CONDITION)
    saved.chart_settings.save("red", CHART)
    saved.indicator_defaults.save("SMA", {"timeperiod": 50})
    return saved


@pytest.fixture
def empty(tmp_path):
    """Another workspace."""
    with bs.Workspace(tmp_path / "other") as workspace:
        yield workspace


def values(saved):
    """All presets there are, as values."""
    return {kind: list(presets.list()) for kind, presets in saved.kinds.items()}


def file_of(**kinds):
    """The content of a file of presets."""
    return json.dumps({"barscope_presets": 1, **kinds}).encode()


def test_each_kind_comes_back_equal_also_by_way_of_a_file(saved, empty, tmp_path):
    """What was saved is loaded; exported and imported it is the same in another workspace."""
    before = values(saved)
    assert [len(of_kind) for of_kind in before.values()] == [1] * 6
    assert saved.layouts.load("morning").condition == CONDITION
    path = saved.export(tmp_path / "presets.json")
    report = empty.saved.import_(path)
    assert (len(report.loaded), report.skipped, report.problems) == (6, (), ())
    assert values(empty.saved) == before
    assert [entry.name for entry in tmp_path.iterdir() if "presets.json" in entry.name] == ["presets.json"]


def test_a_part_of_them_is_exported(saved, tmp_path):
    """By kind and by name; a kind or a name that is not there is refused and no file is written."""
    path = tmp_path / "part.json"
    whole = json.loads(saved.export(path, kinds=["layouts", "conditions"], names=["morning"]).read_text())
    assert whole.pop("barscope_presets") == 1
    assert {kind: list(found) for kind, found in whole.items()} == {"layouts": ["morning"]}
    path.unlink()
    for options in ({"kinds": ["charts"]}, {"names": ["evening"]}, {"kinds": "layouts"}):
        with pytest.raises(InvalidParameterError, match=r"charts|evening|give a list"):
            saved.export(path, **options)
    assert not path.exists()
    with pytest.raises(StoreError):
        saved.export(tmp_path / "no folder" / "part.json")


def test_names_that_are_taken_are_skipped_or_replaced(saved):
    """Presets that are there stay unless `replace` says otherwise."""
    file = file_of(indicator_defaults={"SMA": {"timeperiod": 9}, "EMA": {"timeperiod": 8}})
    report = saved.import_(file)
    assert report.loaded == (("indicator_defaults", "EMA"),)
    assert report.skipped == (("indicator_defaults", "SMA"),)
    assert str(report) == "1 loaded, 1 skipped, 0 with problems; names taken: SMA in indicator defaults"
    assert saved.indicator_defaults.load("SMA") == {"timeperiod": 50}
    assert len(saved.import_(file, replace=True).loaded) == 2
    assert saved.indicator_defaults.load("SMA") == {"timeperiod": 9}


def test_what_is_broken_or_newer_in_a_file_is_named_and_the_rest_loads(saved, empty):
    """Each entry is judged by itself: versions of the future, unknown kinds, wrong types, names, depth and size."""
    good = json.loads(saved.text())
    watchlist, layout = good["watchlists"]["both"], good["layouts"]["morning"]
    deep = []
    for _ in range(100):
        deep = [deep]
    broken = {
        "newer": {**layout, "version": 2},
        "newer chart": {**layout, "chart": {"version": 7}},
        "bare": {"version": 1, "kind": "layout"},
        "grid": {**layout, "kind": "grid"},
        "list": [],
        "deep": {**layout, "symbol": deep},
        "big": {**layout, "symbol": "x" * 1_000_001},
        "extra": {**layout, "code": "import os"},
        "seen": {**layout, "indicators": [{"class_name": "SMA", "visible": "yes"}]},
    }
    lists = {
        "no symbols": {**watchlist, "symbols": []},
        "text": {**watchlist, "symbols": "AAPL"},
        "rtype": {**watchlist, "rtype": "33"},
        "huge": {**watchlist, "publisher_id": 2**70},
        "control": {**watchlist, "symbols": ["A\n"]},
        " ": watchlist,
    }
    file = file_of(layouts={**good["layouts"], **broken}, watchlists=lists, grids={"a": 1}, conditions=[])
    report = empty.saved.import_(file)
    assert report.loaded == (("layouts", "morning"),)
    problems = "\n".join(report.problems)
    assert len(report.problems) == len(broken) + len(lists) + 2
    assert "newer in layouts: the layout preset newer has version 2, this barscope reads up to 1" in problems
    assert "the layout preset newer chart has version 7" in problems
    assert "grids is no kind of preset" in problems
    assert values(empty.saved)["watchlists"] == []


@pytest.mark.parametrize(
    ("content", "error", "message"),
    [
        (b"", InvalidParameterError, "this file is not JSON"),
        (b"\xff\xfe", InvalidParameterError, "is not JSON"),
        (b"[" * 100_000, InvalidParameterError, "is not JSON"),
        (b'{"barscope_presets": 1, "layouts": NaN}', InvalidParameterError, "NaN is no number of JSON"),
        (b'{"layouts": {}}', InvalidParameterError, "is no file of presets: it has no barscope_presets"),
        (b"[]", InvalidParameterError, "is no file of presets"),
        (b'{"barscope_presets": 2}', SchemaVersionError, "has version 2, this barscope reads up to 1"),
        (b" " * 10_000_001, InvalidParameterError, "larger than 10,000,000 bytes"),
    ],
)
def test_a_file_that_is_not_ours_is_refused(empty, content, error, message):
    """Nothing of it is read."""
    with pytest.raises(error, match=message):
        empty.saved.import_(content)


def test_a_file_that_is_not_there_is_told(empty, tmp_path):
    """The message names it."""
    with pytest.raises(InvalidParameterError, match=r"there is no file .*none\.json"):
        empty.saved.import_(tmp_path / "none.json")


def test_a_preset_from_the_future_is_named_and_the_others_load(saved, workspace):
    """Of every kind: a row of a newer barscope or with broken JSON is a problem of its own."""
    workspace.presets.explore_presets.set("future", {"version": 3, "kind": "layout"})
    workspace.presets.explore_presets.set("future set", {"version": 3, "kind": "indicator set"})
    with workspace.presets.database.atomic() as connection:
        connection.execute("INSERT INTO symbol_presets VALUES ('torn', 33, 'p', 1, '[', 'raw_symbol')")
        connection.execute("INSERT INTO symbol_presets VALUES ('typed', 'x', 'p', 1, '[\"A\"]', 'raw_symbol')")
    assert values(saved)["layouts"][0][0] == "morning"
    problems = [str(problem) for problem in saved.problems()]
    for name in ("layout preset future ", "indicator set preset future set", "torn", "watchlist preset typed"):
        assert [problem for problem in problems if name in problem], name
    assert "future" not in saved.text()


def test_a_layout_tells_what_is_stored_of_it(workspace, source):
    """Symbols that are gone are left out and named; a publisher is found by its name whatever its id."""
    found, problems = stored_source(source.model_copy(update={"publisher_id": 77}), "test", workspace.secmaster)
    assert (found, problems) == (source, ())
    more = source.model_copy(update={"symbols": ("SYN", "OLD", "GONE")})
    found, problems = stored_source(more, "test", workspace.secmaster)
    assert found.symbols == ("SYN",)
    assert problems == ("No bars of rtype 33 from test are stored of OLD, GONE: left out.",)
    with pytest.raises(InvalidParameterError, match="are stored of OLD: ingest"):
        stored_source(source.model_copy(update={"symbols": ("OLD",)}), "test", workspace.secmaster)
    with pytest.raises(InvalidParameterError, match="no publisher nobody is stored here"):
        stored_source(source, "nobody", workspace.secmaster)


def test_defaults_of_an_indicator(workspace):
    """Its own count; where it has none, those of all indicators that it has parameters for."""
    defaults = workspace.saved.indicator_defaults
    assert defaults.of("SMA") == {}
    defaults.save(GLOBAL_DEFAULTS, {"timeperiod": 30, "colour": "red"})
    assert defaults.of("SMA") == {"timeperiod": 30}
    defaults.save("SMA", {"timeperiod": 50})
    assert defaults.of("SMA") == {"timeperiod": 50}
    assert defaults.of("RSI") == {}


def test_two_processes_that_change_one_layout_conflict(saved, workspace):
    """What another process saved since the layout was loaded is not overwritten by accident."""
    layout = saved.layouts.load("morning")
    folder = str(workspace.paths.folder)
    script = (
        "import sys, barscope as bs; from dataclasses import replace; ws = bs.Workspace(sys.argv[1]);"
        "mine = ws.saved.layouts.load('morning');"
        "ws.saved.layouts.save('morning', replace(mine, symbol='SYN'), before=mine); ws.close()"
    )
    subprocess.run([sys.executable, "-c", script, folder], check=True)
    with pytest.raises(PresetConflictError, match="layout preset morning was changed by another session"):
        saved.layouts.save("morning", replace(layout, indicators=()), before=layout)
    assert saved.layouts.load("morning") == replace(layout, symbol="SYN")


def test_a_file_of_the_limit_is_read(empty, monkeypatch):
    """The limit of a file is its last good size."""
    file = file_of()
    monkeypatch.setattr(preset_files, "LARGEST_FILE", len(file))
    assert empty.saved.import_(file).problems == ()
    with pytest.raises(InvalidParameterError, match="larger"):
        empty.saved.import_(file + b" ")


def test_the_command_carries_presets(saved, workspace, tmp_path):
    """`barscope presets` exports, lists and imports; what cannot be read is told, and no file is no command."""
    runner = CliRunner()
    here, file = ["--workspace", str(workspace.paths.folder)], str(tmp_path / "presets.json")
    assert runner.invoke(app, ["presets", "export", file, "--kind", "layouts", *here]).exit_code == 0
    saved.layouts.delete("morning")
    workspace.presets.explore_presets.set("future", {"version": 3, "kind": "layout"})
    done = runner.invoke(app, ["presets", "import", file, *here])
    assert "1 loaded, 0 skipped, 0 with problems" in done.output
    done = runner.invoke(app, ["presets", "list", *here])
    assert "layout: morning\nlayout: future" in done.output or "layout: future\nlayout: morning" in done.output
    assert "the layout preset future has version 3" in done.output
    assert runner.invoke(app, ["presets", "list", file, *here]).exit_code == 2
    assert runner.invoke(app, ["presets", "import", str(tmp_path / "none.json"), *here]).exit_code == 1
