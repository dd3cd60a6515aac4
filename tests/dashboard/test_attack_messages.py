"""Attacks on the kernel by messages: on every channel, twice the same key, and frames that are no messages."""

from __future__ import annotations

import asyncio
import json

import pytest
from tornado.httpclient import HTTPClientError, HTTPRequest
from tornado.websocket import websocket_connect

KINDS = [
    (
        "execute_request",
        {"code": "open({ran!r}, 'w')", "silent": False, "user_expressions": {"x": "open({ran!r}, 'w')"}},
    ),
    ("debug_request", {"type": "request", "seq": 1, "command": "evaluate", "arguments": {"expression": "1"}}),
    ("complete_request", {"code": "import o", "cursor_pos": 8}),
    ("inspect_request", {"code": "SECRET", "cursor_pos": 6, "detail_level": 1}),
    (
        "history_request",
        {"hist_access_type": "range", "output": True, "raw": True, "session": 0, "start": 0, "stop": 9},
    ),
    ("is_complete_request", {"code": "1"}),
    ("input_reply", {"value": "1"}),
    ("interrupt_request", {}),
    ("shutdown_request", {"restart": False}),
    ("usage_request", {}),
    ("create_subshell_request", {}),
    ("connect_request", {}),
    ("comm_close", {"comm_id": "x"}),
]


@pytest.mark.parametrize("channel", ["shell", "control", "stdin", "iopub", "no-such"])
@pytest.mark.parametrize(("kind", "content"), KINDS, ids=[kind for kind, _ in KINDS])
def test_no_message_but_those_of_widgets_is_answered(viewer, runner, dashboard, frames, kind, content, channel):
    """Nothing runs (a file would appear), nothing is said, the kernel goes on."""
    ran = str(dashboard.published.parent / "ran")
    content = json.loads(json.dumps(content).replace("{ran!r}", repr(ran)))

    async def attack():
        await viewer.send(kind, content, channel, msg_id="attack")
        return await viewer.settle()

    assert not [message for message in runner.run(attack()) if message[3] == "attack"]


def _twice(first: str, second: str) -> bytes:
    return f'{{"msg_type": "{first}", "msg_id": "attack", "session": "v", "msg_type": "{second}"}}'.encode()


def _bytes(*numbers: int) -> bytes:
    return b"".join(number.to_bytes(8, "little") for number in numbers)


@pytest.fixture
def frames(frame, header, dashboard):
    """Frames that are not quite messages, by what is wrong with them."""
    run = {"code": f"open({str(dashboard.published.parent / 'ran')!r}, 'w')", "silent": False}
    good = header("kernel_info_request", "attack")
    legacy = {"header": header("execute_request", "attack"), "parent_header": {}, "metadata": {}, "content": run}
    text = json.dumps(legacy | {"channel": "shell"})
    return {
        "a key twice, the bad one last": frame("shell", {}, run, texts={1: _twice("comm_msg", "execute_request")}),
        "a key twice, the bad one first": frame("shell", {}, run, texts={1: _twice("execute_request", "comm_msg")}),
        "a key twice in the content": frame("shell", good, {}, texts={4: b'{"comm_id": "a", "comm_id": "b"}'}),
        "text of the older protocol": text,
        "binary of the older protocol": (1).to_bytes(4, "big") + (8).to_bytes(4, "big") + text.encode(),
        "nothing": b"",
        "one byte": b"\x00",
        "only a number": _bytes(6),
        "a number beyond all": b"\xff" * 64,
        "offsets beyond the end": _bytes(6, 56, 60, 70, 80, 90, 10**12) + b"shell",
        "offsets that go back": _bytes(6, 56, 61, 58, 57, 56, 61) + b"shell",
        "no parts": _bytes(6, 56, 56, 56, 56, 56, 56),
        "a header that is a list": frame("shell", [good], {}),
        "a content that is text": frame("shell", good, "text"),
        "not UTF-8": frame("shell", good, {}, texts={4: b"\xff\xfe"}),
        "not a number": frame("shell", good, {}, texts={4: b'{"a": NaN}'}),
        "too deep": frame("shell", good, {}, texts={4: b"[" * 50_000}),
        "a name that is no name": frame("shell", good | {"msg_id": "a\r\nb" * 100}, {}),
        "a kind that is no text": frame("shell", good | {"msg_type": ["execute_request"]}, {}),
        "a comm that is no text": frame("shell", header("comm_msg", "attack"), {"comm_id": {}, "data": {}}),
        "data that is no object": frame("shell", header("comm_msg", "attack"), {"comm_id": "a", "data": []}),
        "a comm of another target": frame(
            "shell", header("comm_open", "attack"), {"comm_id": "a", "target_name": "os.system", "data": {}}
        ),
    }


@pytest.mark.parametrize("number", range(22))
def test_a_frame_that_is_no_message_is_dropped(viewer, runner, frames, number):
    """A malformed frame is not answered, and neither ends the connection nor the kernel."""
    assert len(frames) == 22

    async def attack():
        await viewer.raw(list(frames.values())[number])
        return await viewer.settle()

    assert not [message for message in runner.run(attack()) if message[3] == "attack"]


def test_a_widget_that_is_not_there_is_not_missed(viewer, runner, dashboard):
    """A message to an unknown comm is dropped, and does not fill the log."""
    assert runner.run(viewer.tell("f" * 32, {"method": "update", "state": {"value": 1}}))
    assert "No such comm" not in dashboard.log.read_text()


def _upgrade(dashboard, kernel_id, **headers):
    return dashboard.ask(
        f"/api/kernels/{kernel_id}/channels",
        Connection="Upgrade",
        Upgrade="websocket",
        Sec_WebSocket_Key="dGhlIHNhbXBsZSBub25jZQ==",
        Sec_WebSocket_Version="13",
        **{"Sec_WebSocket_Protocol": "v1.kernel.websocket.jupyter.org", **headers},
    )


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://127.0.0.1:1"}, 403),
        ({"Sec_WebSocket_Origin": "https://evil.example"}, 403),
        ({"Host": "evil.example"}, 421),
        ({"Host": "127.0.0.1:1"}, 421),
        ({"Host": "127.0.0.1.evil.example"}, 421),
        ({"Sec_WebSocket_Protocol": "other"}, 400),
    ],
)
def test_no_other_site_gets_a_websocket(viewer, dashboard, headers, status):
    """A foreign Origin, a foreign Host and another protocol are refused before anything is connected."""
    assert _upgrade(dashboard, viewer.kernel_id, **headers).code == status


def test_a_kernel_without_a_viewer_is_not_there(dashboard):
    """An id that was never given to a page has no websocket, and no model."""
    unknown = "00000000-0000-0000-0000-000000000000"
    assert _upgrade(dashboard, unknown).code == 404
    assert dashboard.ask(f"/api/kernels/{unknown}").code == 404


def test_a_page_has_few_connections(viewer, runner, dashboard):
    """A page that connects again and again is refused from the fourth connection on, and loses none it has."""

    async def connect_often():
        others = [await dashboard.connect(viewer.kernel_id) for _ in range(2)]
        try:
            with pytest.raises(HTTPClientError, match="429"):
                await dashboard.connect(viewer.kernel_id)
            return await viewer.settle()
        finally:
            for other in others:
                await other.close()

    assert runner.run(connect_often())


def test_a_message_of_thirty_megabytes_ends_its_connection_and_nothing_else(viewer, runner, dashboard):
    """The sender's websocket is closed; the same page and its kernel go on over another."""

    async def attack():
        url = f"ws://{dashboard.host}/api/kernels/{viewer.kernel_id}/channels?session_id=other"
        request = HTTPRequest(url, headers=dashboard.headers)
        other = await websocket_connect(request, subprotocols=["v1.kernel.websocket.jupyter.org"])
        sending = asyncio.ensure_future(other.write_message(b"x" * 30_000_000, binary=True))
        while await other.read_message() is not None:
            pass
        await asyncio.gather(sending, return_exceptions=True)
        other.close()
        return await viewer.settle()

    assert runner.run(attack())
