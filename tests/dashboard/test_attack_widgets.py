"""Attacks on the widgets of a page, over the websocket of its viewer: nothing changes, nothing leaks."""

from __future__ import annotations

import math

import pytest
from ipywidgets.widgets.widget import _registry

MARKED = "hunter2"


def _without_echo(states):
    """States without the text that tells what the handlers heard so far."""
    return {model_id: state for model_id, state in states.items() if "t-told" not in state.get("_dom_classes", ())}


def test_an_enabled_and_visible_input_works(viewer, runner):
    """What a person can do in the page reaches the kernel: or no refusal below would prove anything."""

    async def use():
        await viewer.press("button")
        await viewer.update("slider", value=7)
        await viewer.update("dropdown", index=2)
        await viewer.update("several", index=[0, 2])
        await viewer.update("text", value="typed")
        await viewer.update("table", current="a row")
        return await viewer.value("told"), await viewer.value("slider"), await viewer.value("several", "index")

    told, slider, several = runner.run(use())
    assert set(told.split()) == {"button", "slider", "dropdown", "several", "text", "table"}
    assert (slider, several) == (7, [0, 2])


@pytest.mark.parametrize("name", ["disabled-button", "hidden-button"])
def test_a_button_that_nobody_can_press_is_not_pressed(viewer, runner, name):
    """A click on a disabled or hidden button reaches no handler."""
    runner.run(viewer.press(name))
    assert name not in runner.run(viewer.value("told"))


REFUSED = [
    ("disabled-slider", {"value": 9}),
    ("disabled-slider", {"disabled": False, "value": 9}),
    ("hidden-number", {"value": 9}),
    ("stacked", {"value": "changed"}),
    ("told", {"value": "changed"}),
    ("label", {"value": "<script>alert(1)</script>"}),
    ("html", {"value": "<script>alert(1)</script>"}),
    ("progress", {"value": 99}),
    ("valid", {"value": False}),
    ("upload", {"value": [{"name": "a.py", "content": "x"}]}),
    ("slider", {"min": -100, "max": 10**9}),
    ("slider", {"layout": "IPY_MODEL_x", "style": "IPY_MODEL_x"}),
    ("slider", {"_model_name": "HTMLModel", "_view_module": "evil", "description": "changed"}),
    ("text", {"_dom_classes": ["changed"], "tooltip": "changed", "placeholder": "changed"}),
    ("text", {"value": "x" * 50_000}),
    ("text", {"value": {"deep": [[[[["list"]]]]]}}),
    ("dropdown", {"index": 3}),
    ("dropdown", {"index": -1}),
    ("dropdown", {"index": "a"}),
    ("dropdown", {"index": 10**30}),
    ("dropdown", {"_options_labels": ["x"], "index": 0.5}),
    ("several", {"index": [0, 99]}),
    ("several", {"index": {"a": 1}}),
    ("tab", {"selected_index": 99}),
    ("tab", {"children": [], "titles": ["changed"]}),
    ("table", {"page": {"first": 0, "rows": []}, "total": 9, "label": "changed", "columns": []}),
    ("table", {"_esm": "alert(1)", "_css": "changed"}),
    ("figure", {"_widget_data": [], "_widget_layout": {"title": "changed"}}),
    ("figure", {"_js2py_relayout": {"relayout_data": {"title": "changed"}, "source_view_id": ""}, "_config": {}}),
]


@pytest.mark.parametrize(("name", "state"), REFUSED, ids=[f"{name}-{'-'.join(state)}" for name, state in REFUSED])
def test_what_no_person_could_set_stays_as_it_is(viewer, runner, name, state):
    """No trait of any widget changes by an update that the page's inputs do not make."""
    before = _without_echo(runner.run(viewer.load()))
    runner.run(viewer.update(name, **state))
    assert _without_echo(runner.run(viewer.load())) == before


@pytest.mark.parametrize(("wanted", "got"), [(999, 10), (-999, 0)])
def test_a_slider_stays_within_its_bounds(viewer, runner, wanted, got):
    """A value beyond the ends of a slider becomes the end."""
    runner.run(viewer.update("slider", value=wanted))
    assert runner.run(viewer.value("slider")) == got


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_no_slider_holds_what_is_no_number(viewer, runner, value):
    """NaN and infinity, which JSON does not have, do not arrive."""
    before = runner.run(viewer.value("slider"))
    runner.run(viewer.update("slider", value=value))
    assert runner.run(viewer.value("slider")) == before


def test_a_page_makes_no_widget_of_any_registered_model(viewer, runner):
    """After a request to make one of every model the kernel has the widgets it had."""
    before = set(runner.run(viewer.load()))
    names = (
        "_model_module",
        "_model_module_version",
        "_model_name",
        "_view_module",
        "_view_module_version",
        "_view_name",
    )

    async def make_all():
        for place, (key, _class) in enumerate(_registry.items()):
            state = dict(zip(names, key, strict=True)) | {"value": "<img src=x onerror=alert(1)>"}
            content = {"comm_id": f"{place:032x}", "target_name": "jupyter.widget", "data": {"state": state}}
            await viewer.send("comm_open", content)
        await viewer.settle()
        return await viewer.load()

    assert len(list(_registry.items())) > 50
    assert set(runner.run(make_all())) == before


def test_a_page_learns_of_what_it_shows_and_of_nothing_else(viewer, runner):
    """A widget that was made but not displayed is in no list of widgets."""

    async def listed():
        await viewer.load()
        await viewer.send("comm_info_request", {"target_name": "jupyter.widget"})
        return next(content for _, head, content, _ in await viewer.settle() if head["msg_type"] == "comm_info_reply")

    comms = runner.run(listed())["comms"]
    assert set(comms) == set(viewer.states)
    assert not [state for state in viewer.states.values() if "t-undisplayed-button" in state.get("_dom_classes", ())]


def test_an_exception_that_holds_a_secret_is_for_the_owner_alone(viewer, runner, dashboard):
    """Of a failing handler, its output and its traceback a page hears nothing; the server's log has it."""
    viewer.received.clear()
    runner.run(viewer.press("failing"))
    runner.run(viewer.settle())
    came = b"".join(viewer.received)
    assert MARKED.encode() not in came
    assert b"Traceback" not in came
    assert MARKED in dashboard.log.read_text()


def test_the_kernel_has_nothing_around_it_to_give_away(viewer, runner, dashboard):
    """Its folder is empty, and neither secret, token nor the page's query string is in its environment."""
    runner.run(viewer.press("looking"))
    told = runner.run(viewer.value("told"))
    assert "'files': []" in told
    assert f"'cwd': '{dashboard.published.parent}" not in told
    for kept_out in (MARKED, "a-query-string", "a-token-nobody-can-guess", "AWS_SECRET", "BARSCOPE_DASHBOARD_TOKEN"):
        assert kept_out not in told


@pytest.mark.soak
def test_three_thousand_new_widgets_are_none(viewer, runner):
    """A flood of requests for new widgets ends with the widgets there were, and a page that still works."""
    before = set(runner.run(viewer.load()))

    async def flood():
        for place in range(3_000):
            state = {"_model_name": "HTMLModel", "_model_module": "@jupyter-widgets/controls"}
            content = {"comm_id": f"{place:032x}", "target_name": "jupyter.widget", "data": {"state": state}}
            await viewer.send("comm_open", content)
        await viewer.press("button")
        return await viewer.load()

    assert set(runner.run(flood())) == before
