"""The place of a figure: the wheel zooms at once, finer detail follows, a double click brings all of it back."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from barscope.jobs import InlineExecutor, JobRunner
from barscope.widgets.figure_view import FigureView
from barscope.widgets.live_figure import Move


def parts(first, last, n=5):
    """A line of n points from first to last."""
    x = np.linspace(first, last, n)
    trace = {"type": "scatter", "x": x, "y": x * 2}
    return {"data": [trace], "layout": {"xaxis": {"range": [first, last]}, "yaxis": {"range": [0.0, 2.0 * last]}}}


@pytest.fixture
def drawn():
    """The ranges that detail was drawn of."""
    return []


@pytest.fixture
def view(drawn):
    """A view of 0 to 100 that draws detail inline."""
    runner = JobRunner(InlineExecutor(), clock=lambda: dt.datetime(2026, 1, 1, tzinfo=dt.UTC))

    def draw(visible):
        drawn.append(visible)
        return runner.submit(f"detail-{len(drawn)}", lambda _context: parts(*visible, n=9), ())

    made = FigureView(300)
    made.show(parts(0.0, 100.0), draw)
    return made


def test_the_wheel_zooms_at_once_and_detail_follows(view, drawn):
    """The range changes with the move; the points of it come with the update that finds them drawn."""
    view._move(Move("wheel", "v", range=(20.0, 40.0)))
    assert tuple(view.widget.layout.xaxis.range) == (20.0, 40.0)
    assert len(view.traces[0].x) == 5
    assert drawn == []
    assert view.update() is True
    assert view.update() is False
    assert len(view.traces[0].x) == 9
    assert (view.traces[0].x[0], tuple(view.widget.layout.yaxis.range)) == (20.0, (0.0, 80.0))


def test_only_the_newest_of_many_moves_is_drawn(view, drawn):
    """Moves that come between two updates cost one drawing, and the range stays that of the last move."""
    for last in (90.0, 80.0, 70.0):
        view._move(Move("wheel", "v", range=(0.0, last)))
    view.update()
    view._move(Move("wheel", "v", range=(0.0, 60.0)))
    view.update()  # takes over the detail of the move before
    assert tuple(view.widget.layout.xaxis.range) == (0.0, 60.0)
    while view.update():
        pass
    assert drawn == [(0.0, 70.0), (0.0, 60.0)]
    assert tuple(view.widget.layout.xaxis.range) == (0.0, 60.0)


def test_home_brings_back_all_of_it(view):
    """After a zoom the Home button shows the figure as it was, and no detail is drawn any more."""
    view._move(Move("wheel", "v", range=(20.0, 40.0)))
    view._move(Move("home", "v"))
    assert tuple(view.widget.layout.xaxis.range) == (0.0, 100.0)
    assert view.visible is None
    assert view.update() is False


def test_an_expected_figure_takes_the_place_when_it_is_there(view):
    """What is shown stays until the figure that was asked for is drawn."""
    runner = JobRunner(InlineExecutor(), clock=lambda: dt.datetime(2026, 1, 1, tzinfo=dt.UTC))
    view.expect(runner.submit("next", lambda _context: parts(0.0, 7.0), ()))
    assert tuple(view.widget.layout.xaxis.range) == (0.0, 100.0)
    assert view.update() is False
    assert tuple(view.widget.layout.xaxis.range) == (0.0, 7.0)


def test_the_same_figure_is_not_drawn_twice(view):
    """Showing what is shown keeps the zoom."""
    view._move(Move("wheel", "v", range=(20.0, 40.0)))
    view.show(view._parts)
    assert tuple(view.widget.layout.xaxis.range) == (20.0, 40.0)
    view.show(parts(0.0, 10.0))
    assert tuple(view.widget.layout.xaxis.range) == (0.0, 10.0)


def test_another_state_of_the_same_figure_changes_in_place(view):
    """Values change without the page drawing the figure anew; another axis or another kind of trace is a new figure."""
    view.show(parts(0.0, 10.0))
    drawn = view.widget._answers["_revision"]
    other = parts(0.0, 10.0)
    other["data"][0]["y"] = np.array(other["data"][0]["y"]) + 1
    view.refresh(other)
    assert view.widget._answers["_revision"] == drawn
    assert list(view.traces[0].y) == list(other["data"][0]["y"])
    view.refresh(parts(0.0, 20.0))
    assert view.widget._answers["_revision"] == drawn + 1


def test_a_click_with_a_tool_is_no_zoom(view):
    """A point or a brush tells whoever listens, and leaves the view where it is."""
    for move in (Move("point", "v", range=(2.0, 3.0)), Move("brush", "v", range=(0.2, 0.4), place=1.0)):
        view._move(move)
    assert view.visible is None
