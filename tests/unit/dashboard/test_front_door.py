from __future__ import annotations

import ipywidgets as widgets
import pytest

from barscope.dashboard.front_door import FrontDoor
from barscope.widgets.live_figure import LiveFigure
from barscope.widgets.surroundings import Surroundings


@pytest.fixture
def door():
    """A function that shows a widget and tells what of a message to another is let in."""

    def ask(shown, widget, data):
        front_door = FrontDoor()
        front_door.show(shown.model_id)
        return front_door.admitted(widget.model_id, data)

    yield ask
    widgets.Widget.close_all()


def update(**state):
    """What a page says when it sets traits."""
    return {"method": "update", "state": state, "buffer_paths": []}


def test_of_an_update_what_an_input_makes_is_kept(door):
    """Of a message that sets a value and more, the value is let in."""
    slider = widgets.IntSlider()
    assert door(slider, slider, update(value=3, max=9, layout="x")) == update(value=3)


@pytest.mark.parametrize("hide", [{"display": "none"}, {"visibility": "hidden"}])
def test_what_is_inside_of_something_hidden_is_hidden(door, hide):
    """An input in a box that is not shown hears nothing."""
    text = widgets.Text()
    page = widgets.VBox([widgets.HBox([text], layout=hide)])
    assert door(page, text, update(value="x")) is None


def test_what_becomes_visible_hears(door):
    """The state of the moment decides, not that of the start."""
    text = widgets.Text(layout={"display": "none"})
    page = widgets.VBox([text])
    assert door(page, text, update(value="x")) is None
    text.layout.display = ""
    assert door(page, text, update(value="x")) == update(value="x")


def test_a_widget_that_is_not_displayed_hears_nothing(door):
    """Not even a request for its state is let in."""
    assert door(widgets.Label("page"), widgets.Text(), update(value="x")) is None
    assert door(widgets.Label("page"), widgets.Text(), {"method": "request_state"}) is None


def test_a_widget_of_ours_hears_what_it_declares(door):
    """The traits a class declares can be set, its others not."""
    page = Surroundings()
    assert door(page, page, update(dark=True, _css="")) == update(dark=True)


def test_a_chart_hears_the_tool_of_a_drag_and_nothing_else_of_its_layout(door):
    """A page can choose between pan and zoom; titles, shapes and images it cannot set."""
    figure = LiveFigure()
    tool = {"_js2py_relayout": {"relayout_data": {"dragmode": "pan"}, "source_view_id": "v"}}
    more = {"_js2py_relayout": {"relayout_data": {"dragmode": "pan", "title.text": "x"}, "source_view_id": "v"}}
    assert door(figure, figure, update(**tool)) == update(**tool)
    assert door(figure, figure, update(**more)) is None


def test_a_chart_out_of_sight_is_told_what_it_needs_to_draw(door):
    """A question of a page is let in for a hidden chart; a move of it is not."""
    figure = LiveFigure()
    page = widgets.VBox([figure], layout={"display": "none"})
    asked = {"method": "custom", "content": {"ask": "bundle"}}
    assert door(page, figure, asked) == asked
    assert door(page, figure, {"method": "custom", "content": {"barscope": "home"}}) is None


@pytest.mark.parametrize(
    "data",
    [{}, {"method": "update"}, {"method": "update", "state": []}, {"method": "custom"}, {"method": []}],
)
def test_a_message_of_no_known_form_is_refused(door, data):
    """What is neither an update, nor a message, nor a question is not delivered."""
    text = widgets.Text()
    assert door(text, text, data) is None
