"""The chart settings of a recorded run, in the runs panel over a real workspace whose jobs run inline."""

from __future__ import annotations

import pytest

import barscope as bs
from barscope.charts.settings import ChartSettings
from barscope.studies.session import session_id_of
from barscope.widgets.guard import Guard
from barscope.widgets.results_view import ResultsView
from barscope.workspace.saved_charts import run_owner, session_owner

REQUEST = bs.ExplorerRequest(
    symbols=["SYN"], rtype=33, publisher_id=1, indicators=[bs.IndicatorConfig(class_name="SMA")]
)


@pytest.fixture
def run_id(workspace):
    """A recorded moving average."""
    return workspace.explore(REQUEST).run_id


@pytest.fixture
def results(workspace, run_id):
    """The results of that run, its chart drawn, its settings folded away."""
    view = ResultsView(workspace, Guard(), 600, lambda: None, "nothing")
    view.open(run_id)
    view.update()
    yield view
    view.close()


def test_the_form_is_made_when_it_is_asked_for(results):
    """Folded away there is no form; unfolded it shows the series as they are drawn."""
    assert (results.looks.form, results.looks.widget.layout.display) == (None, "none")
    results.looks.button.value = True
    assert list(results.looks.form.rows) == [s.name for s in results.view.chart.series]
    assert results.looks.widget.layout.display == ""


def test_a_choice_is_kept_with_the_run_and_drawn_with_the_zoom_kept(workspace, results, run_id):
    """Type and style of the chart of a run change, are stored under the run, and leave its session alone."""
    results.chart.zoom(100.0, 200.0)
    results.looks.button.value = True
    results.looks.form.chart_type.value = "ohlc"
    next(iter(results.looks.form.rows.values())).draw.value = "dots"
    results.update()
    assert results.chart.spec.chart_type == "ohlc"
    assert results.chart.data.series[0].draw == "dots"
    assert results.chart.visible == (100, 200)
    assert workspace.charts.kept([run_owner(run_id)]).settings.chart_type == "ohlc"
    assert workspace.charts.kept([session_owner(session_id_of(REQUEST))]).settings == ChartSettings()
    results.looks.form.reset.click()
    results.update()
    assert (results.chart.spec.chart_type, results.chart.data.series[0].draw) == ("candlestick", "line")


def test_a_run_begins_with_the_settings_of_its_session(workspace, run_id):
    """What was chosen in the explorer counts in the results of a run, and the form says so."""
    workspace.charts.save(session_owner(session_id_of(REQUEST)), ChartSettings(scale="log", volume=False))
    view = ResultsView(workspace, Guard(), 600, lambda: None, "nothing")
    view.open(run_id)
    view.update()
    view.looks.button.value = True
    assert (view.chart.spec.scale, view.looks.form.scale.value, view.looks.form.volume.value) == ("log", "log", False)
    view.close()
