"""What a workspace keeps about charts: settings by owner, presets of settings, annotations."""

from __future__ import annotations

import datetime as dt

import pytest

from barscope.charts.settings import ChartSettings, SeriesSettings
from barscope.errors import InvalidParameterError, StoreError, UnknownPublisherError
from barscope.store.json_text import to_json
from barscope.store.presets import PresetStore
from barscope.studies.request import ExplorerRequest, IndicatorConfig
from barscope.studies.session import session_id_of
from barscope.workspace.saved_charts import SavedCharts, indicator_owner, run_owner, session_owner

SMA = IndicatorConfig(class_name="SMA", params={"timeperiod": 5})
SOURCE = ExplorerRequest(symbols=("SYN",), rtype=33, publisher_id=1, indicators=(SMA,))


@pytest.fixture
def run(workspace):
    """A recorded exploration of one moving average."""
    return workspace.explore(SOURCE).result()


def test_a_runs_settings_lie_over_its_sessions_over_its_indicators(workspace, run):
    """Each is found by its owner and counts where nothing above it does."""
    name, key = run.chart_data().series[0].name, run.chart_data().series[0].key
    keep = workspace.charts.save
    keep(indicator_owner("SMA"), ChartSettings(series={key: SeriesSettings(width=4, draw="dots", pane="above")}))
    keep(session_owner(session_id_of(SOURCE)), ChartSettings(scale="log", series={name: SeriesSettings(draw="dotted")}))
    keep(run_owner(run.run_id), ChartSettings(chart_type="ohlc", series={name: SeriesSettings(colour="#ff0000")}))
    s = run.chart_data().series[0]
    assert (s.width, s.draw, s.colour, s.pane) == (4, "dotted", "#ff0000", "above")
    assert (run.chart_spec.chart_type, run.chart_spec.scale) == ("ohlc", "log")
    assert run.figure().data[0].type == "ohlc"
    assert run.chart().spec.scale == "log"


def test_settings_are_there_when_the_workspace_is_opened_again(workspace, run):
    """What was saved is read from the file by another store."""
    workspace.charts.save(run_owner(run.run_id), ChartSettings(volume=False))
    again = SavedCharts(PresetStore(workspace.paths.presets, readonly=True))
    assert again.of_run(run.run_id, run.config).settings == ChartSettings(volume=False)
    workspace.charts.save(run_owner(run.run_id), ChartSettings())
    assert workspace.presets.chart_settings.names() == ()


def test_settings_that_cannot_be_used_are_named_and_the_rest_counts(workspace, run):
    """Broken JSON and settings of a newer barscope are told by owner; the chart is drawn from what lies below."""
    session = session_owner(session_id_of(SOURCE))
    workspace.charts.save(session, ChartSettings(scale="log"))
    workspace.presets.chart_settings.set(indicator_owner("SMA"), {"version": 9})
    with workspace.presets.database.atomic() as connection:
        connection.execute("INSERT INTO chart_settings VALUES (?, '{')", (run_owner(run.run_id),))
    kept = workspace.charts.of_run(run.run_id, run.config, ["SMA"])
    assert kept.settings == ChartSettings(scale="log")
    assert [problem.split(" cannot")[0] for problem in kept.problems] == [
        f"The chart settings of run:{run.run_id}",
        "The chart settings of indicator:SMA",
    ]
    assert "version 9" in kept.problems[1]
    assert run.chart_spec.scale == "log"


def test_presets_of_settings_by_name(workspace):
    """Saved, listed, loaded, replaced and deleted; an unknown name is refused with those there are."""
    named = workspace.charts.named
    assert workspace.saved.chart_settings is named
    named.save("  night ", ChartSettings(chart_type="close"))
    named.save("day", ChartSettings(volume=False))
    named.save("day", ChartSettings(volume=True), before=ChartSettings(volume=False))
    assert named.names() == ("day", "night")
    assert named.load("night") == ChartSettings(chart_type="close")
    assert named.load("day").volume is True
    named.delete("night")
    with pytest.raises(InvalidParameterError, match="no chart settings preset night: there is day"):
        named.load("night")
    with pytest.raises(InvalidParameterError, match="blank"):
        named.save(" ", ChartSettings())


def test_annotations_are_kept_by_symbol_and_drawn_on_its_charts(workspace, run):
    """They are listed as a table, drawn on every chart of their symbol and no other, and gone when deleted."""
    workspace.secmaster.ensure_publisher("another", "OTHER.BARS")
    ids = [
        workspace.annotate("level", "SYN", [("2024-01-02 15:00", 100.5)], publisher_id=1, text="top"),
        workspace.annotate("trend", "SYN", [("2024-01-02T16:00-05:00", 1), (0, 2)], publisher_id=1, colour="#ff0000"),
        workspace.annotate("level", "ALT", [(0, 7)], publisher_id=1),
        workspace.annotate("level", "SYN", [(0, 7)], publisher_id=2),
    ]
    assert workspace.annotations()["annotation_id"].tolist() == ids
    table = workspace.annotations("SYN", publisher_id=1)
    assert table["kind"].tolist() == ["level", "trend"]
    assert [str(end) for end in table["end"]] == ["2024-01-02 15:00:00+00:00", "2024-01-02 21:00:00+00:00"]
    assert [a.text for a in run.chart_data().annotations] == ["top", ""]
    workspace.delete_annotation(ids[0])
    assert [a.kind for a in run.chart_data().annotations] == ["trend"]
    with pytest.raises(StoreError, match=f"no annotation {ids[0]}"):
        workspace.delete_annotation(ids[0])


@pytest.mark.parametrize("time", ["soon", None, "NaT", float("nan"), 10**30])
def test_a_time_that_is_none_is_refused(workspace, time):
    """Nothing is stored, and the error names the value."""
    with pytest.raises(InvalidParameterError, match="time"):
        workspace.annotate("level", "SYN", [(time, 1.0)], publisher_id=1)
    assert workspace.annotations().empty


@pytest.mark.parametrize(
    ("owner", "error"),
    [
        ({"symbol": ""}, InvalidParameterError),
        ({"symbol_type": "stock"}, InvalidParameterError),
        ({"publisher_id": 9}, UnknownPublisherError),
    ],
)
def test_an_annotation_of_nothing_is_refused(workspace, owner, error):
    """What no chart could ever show is not stored."""
    with pytest.raises(error):
        workspace.annotate("level", **{"symbol": "SYN", "points": [(0, 1.0)], "publisher_id": 1, **owner})
    assert workspace.annotations().empty


def test_a_broken_annotation_harms_only_itself(workspace):
    """One of a newer barscope is named; the others are listed."""
    workspace.annotate("level", "SYN", [(0, 7)], publisher_id=1)
    with workspace.presets.database.atomic() as connection:
        row = ("bad", 1, "SYN", "raw_symbol", to_json({"version": 8}), "2024")
        connection.execute("INSERT INTO annotations VALUES (?, ?, ?, ?, ?, ?)", row)
    found = workspace.charts.annotations("SYN")
    assert len(found) == 1
    assert "bad in annotations is broken: an annotation of a newer barscope" in str(found.problems[0])


def test_ids_and_times_are_injected(tmp_path):
    """The clock and the ids of annotations come from outside."""
    from barscope.domain.annotations import Annotation, Point

    store = PresetStore(tmp_path / "presets.db")
    charts = SavedCharts(store, now=lambda: dt.datetime(2024, 5, 6, tzinfo=dt.UTC), new_id=lambda: "a1")
    stored = charts.annotate(Annotation("level", (Point(0, 1),)), "A", 1)
    assert (stored.annotation_id, stored.created_at) == ("a1", "2024-05-06T00:00:00.000+00:00")
    assert charts.annotations().values == (stored,)
    store.close()
