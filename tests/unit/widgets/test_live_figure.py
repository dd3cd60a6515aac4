"""The figure that lives as long as its panel, without a browser: what it puts on the wire."""

from __future__ import annotations

import gzip
import json
import threading

import comm
import ipywidgets
import numpy as np
import pytest

from barscope.widgets.live_figure import LiveFigure, Move


class Wire:
    """Everything the kernel side sends: (message, bytes)."""

    def __init__(self) -> None:
        self.messages: list[tuple[dict, int]] = []

    def publish(self, _comm, msg_type, data=None, metadata=None, buffers=None, **_keys) -> None:
        """Takes note of a message and its size."""
        size = len(json.dumps(data or {})) + sum(memoryview(b).nbytes for b in buffers or ())
        self.messages.append(({"type": msg_type, **(data or {})}, size))

    def take(self) -> list[tuple[dict, int]]:
        """What was sent since the last time."""
        taken, self.messages = self.messages, []
        return taken


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch) -> Wire:
    """Listens to every comm."""
    found = Wire()
    monkeypatch.setattr(comm.DummyComm, "publish_msg", lambda self, *a, **k: found.publish(self, *a, **k))
    return found


def parts(n: int) -> dict:
    """A figure of two lines."""
    x = np.arange(n, dtype=np.float32)
    return {"data": [{"type": "scatter", "x": x, "y": x, "name": str(i)} for i in range(2)], "layout": {"height": 400}}


def custom(figure: LiveFigure, content: dict) -> None:
    """What a page says to a figure."""
    figure._handle_msg({"content": {"data": {"method": "custom", "content": content}}, "buffers": []})


def test_bundle_is_not_in_the_state_of_a_figure(wire):
    """A further figure costs less than 45 kB on the wire; plotly's own costs 5 MB."""
    LiveFigure()
    first = sum(size for _, size in wire.take())
    LiveFigure()
    assert sum(size for _, size in wire.take()) == pytest.approx(first, rel=0.01)
    assert first < 45_000


def test_bundle_comes_when_a_page_asks(wire):
    """The page that has no plotly yet gets it compressed, in one buffer."""
    figure = LiveFigure()
    wire.take()
    custom(figure, {"ask": "bundle"})
    (message, size), *rest = wire.take()
    assert message["content"] == {"barscope": "bundle"}
    assert 1_000_000 < size < 2_000_000
    assert not rest


def test_bundle_is_plotlys_own(monkeypatch):
    """What is sent unpacks to the widget code of the installed plotly."""
    sent = []
    figure = LiveFigure()
    monkeypatch.setattr(figure, "send", lambda content, buffers=None: sent.extend(buffers))
    custom(figure, {"ask": "bundle"})
    assert b"FigureView" in gzip.decompress(sent[0])


def test_another_figure_is_one_message(wire):
    """Replacing data and layout sends the new state once, with a revision that tells views to draw anew."""
    figure = LiveFigure()
    figure.replace(parts(10))
    wire.take()
    figure.replace(parts(20))
    updates = [m["state"] for m, _ in wire.take() if "_widget_data" in m.get("state", {})]
    assert len(updates) == 1
    assert updates[0]["_revision"] == 2
    assert [t["name"] for t in updates[0]["_widget_data"]] == ["0", "1"]


def test_no_plotly_message_reaches_views_during_a_replacement(wire):
    """Views see no half-built figure: plotly's own add, delete and relayout messages stay empty."""
    figure = LiveFigure()
    figure.replace(parts(10))
    wire.take()
    figure.replace(parts(20))
    sent = [value for m, _ in wire.take() for key, value in m.get("state", {}).items() if key.startswith("_py2js")]
    assert not any(sent)


def test_a_step_is_binary_and_small(wire):
    """Arrays travel as float32 buffers: 1,000 points of two traces take 16 kB and little else."""
    figure = LiveFigure()
    figure.replace(parts(10))
    wire.take()
    y = np.arange(1000, dtype=np.float32)
    figure.step([{"x": y, "y": y}, {"x": y, "y": y}], {"xaxis.range": [0, 10]})
    assert 16_000 < sum(size for _, size in wire.take()) < 17_500


def test_state_is_that_of_now_for_a_page_that_opens_later(wire):
    """The state asked for by a new page has the arrays and ranges of the latest step."""
    figure = LiveFigure()
    figure.replace(parts(10))
    y = np.full(5, 7, dtype=np.float32)
    figure.step([{"x": y, "y": y}, {"y": y}], {"xaxis.range": [3, 4]})
    wire.take()
    custom(figure, {"ask": "sync", "token": "abc"})
    state = next(m["state"] for m, _ in wire.take() if "_sync" in m.get("state", {}))
    assert state["_sync"] == "abc"
    assert state["_widget_layout"]["xaxis"]["range"] == [3, 4]
    assert state["_widget_data"][1]["y"]["shape"] == (5,)
    assert figure.get_state()["_widget_layout"]["xaxis"]["range"] == [3, 4]


def test_moves_reach_the_listener():
    """A wheel turn in a browser is a Move in Python; unknown messages are ignored."""
    figure, seen = LiveFigure(), []
    figure.on_move(seen.append)
    custom(figure, {"barscope": "wheel", "view": "v1", "width": 900, "range": [1, 2.5]})
    custom(figure, {"barscope": "rm -rf", "view": "v1"})
    custom(figure, {"something": "else"})
    assert seen == [Move("wheel", "v1", 900, (1.0, 2.5))]


@pytest.mark.parametrize("bounds", [[1], ["a", "b"], [None, 2], "12", {"a": 1}, [1, float("nan")]])
def test_a_malformed_range_is_no_move(bounds):
    """What a page sends is not trusted: a range of the wrong shape is dropped."""
    figure, seen = LiveFigure(), []
    figure.on_move(seen.append)
    custom(figure, {"barscope": "wheel", "view": "v", "width": "wide", "range": bounds})
    assert seen == []


def test_a_brush_tells_where_it_was_drawn():
    """The ends of a brush come with the position of its upright; without one it is no brush."""
    figure, seen = LiveFigure(), []
    figure.on_move(seen.append)
    custom(figure, {"barscope": "brush", "view": "v", "range": [0.2, 0.8], "place": 1})
    custom(figure, {"barscope": "brush", "view": "v", "range": [0.2, 0.8], "place": "left"})
    custom(figure, {"barscope": "brush", "view": "v", "range": [0.2], "place": 1})
    assert seen == [Move("brush", "v", None, (0.2, 0.8), 1.0)]


def test_messages_wait_for_the_lock():
    """A message handled on another thread waits until the change under way is complete."""
    figure, seen = LiveFigure(), []
    figure.on_move(seen.append)
    handler = threading.Thread(
        target=custom, args=(figure, {"barscope": "home", "view": "v", "width": 1, "range": None})
    )
    with figure.lock:
        handler.start()
        handler.join(0.05)
        assert seen == []
    handler.join(5)
    assert [m.kind for m in seen] == ["home"]


def test_cloud_button_is_off():
    """The options every view is drawn with switch plotly's upload off."""
    config = LiveFigure()._config
    assert (config["showSendToCloud"], config["plotlyServerURL"]) == (False, "")


def test_it_is_a_widget_that_displays_itself_once(wire):
    """It can stand in a box, and showing it sends nothing again."""
    figure = LiveFigure()
    ipywidgets.VBox([figure])
    wire.take()
    assert figure._repr_mimebundle_()["application/vnd.jupyter.widget-view+json"]["model_id"] == figure.model_id
    assert wire.take() == []
