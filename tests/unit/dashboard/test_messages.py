from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from barscope.dashboard.messages import PageMessage, read_message


def frame(channel, header, content):
    """A message as a page sends it."""
    parts = [channel.encode(), *(json.dumps(part).encode() for part in (header, {}, {}, content))]
    offsets = [8 * (len(parts) + 2)]
    for part in parts:
        offsets.append(offsets[-1] + len(part))
    return b"".join(n.to_bytes(8, "little") for n in (len(offsets), *offsets)) + b"".join(parts)


HEADER = {"msg_type": "comm_msg", "msg_id": "m", "session": "s", "subshell_id": "x"}


def test_a_message_to_a_widget_is_read():
    """What is kept of it are its type, its ids and the two fields of its content."""
    message = read_message(frame("shell", HEADER, {"comm_id": "a", "data": {"method": "x"}, "more": 1}))
    assert message == PageMessage("comm_msg", "m", "s", {"comm_id": "a", "data": {"method": "x"}})


@pytest.mark.parametrize("channel", ["control", "stdin", "iopub", "", "shell "])
def test_only_the_shell_channel_is_read(channel):
    """The same message on another channel is none."""
    assert read_message(frame(channel, HEADER, {"comm_id": "a", "data": {}})) is None


@given(st.one_of(st.binary(max_size=400), st.text(max_size=400)))
def test_no_frame_raises(noise):
    """Whatever a page sends is a message or None."""
    assert read_message(noise) is None


@given(st.integers(0, 130), st.binary(min_size=1, max_size=8))
def test_no_damaged_frame_raises(at, noise):
    """A good message with a few bytes changed is a message or None, and never one of another kind."""
    good = frame("shell", HEADER, {"comm_id": "a", "data": {}})
    message = read_message(good[:at] + noise + good[at + len(noise) :])
    assert message is None or message.kind == "comm_msg"
