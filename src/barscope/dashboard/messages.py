"""What may pass between a page and its kernel, in either direction.

A page speaks `v1.kernel.websocket.jupyter.org`: one binary frame a message, of a channel and four JSON texts. Whatever
is not exactly a message of a widget manager is None here, and dropped. What passes is written anew from the few fields
that were looked at, so that a kernel never sees a text that this module did not.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

SUBPROTOCOL = "v1.kernel.websocket.jupyter.org"
CONTROL_TARGET = "jupyter.widget.control"
TO_PAGE = frozenset({"status", "comm_open", "comm_msg", "comm_close", "kernel_info_reply", "comm_info_reply"})
"""No streams, no errors, no inputs, no outputs: the page has its outputs, and the rest is nobody's business."""

_NUMBER = 8
_OFFSETS = 6  # of the channel, the four parts, and the end
_START = _NUMBER * (1 + _OFFSETS)
_NAME = re.compile(r"[\w.-]{1,80}")


@dataclass(frozen=True, slots=True)
class PageMessage:
    """A message that may reach the kernel, on its shell channel.

    Attributes:
        kind: Its type.
        msg_id: What answers refer to.
        session: Of the page.
        content: The fields this type has, and no others.
    """

    kind: str
    msg_id: str
    session: str
    content: dict[str, Any]


def read_message(frame: str | bytes) -> PageMessage | None:
    """The message in a frame of a page, or None."""
    if not isinstance(frame, bytes) or (parts := _parts(frame)) is None:
        return None
    channel, header_text, _parent, _metadata, content_text = parts
    header, content = _object(header_text), _object(content_text)
    if channel != b"shell" or header is None or content is None:
        return None
    kind, msg_id, session = (_name(header.get(key)) for key in ("msg_type", "msg_id", "session"))
    checked = _content(kind, content)
    if kind is None or msg_id is None or session is None or checked is None:
        return None
    return PageMessage(kind, msg_id, session, checked)


def _content(kind: str | None, content: dict[str, Any]) -> dict[str, Any] | None:
    comm_id, data = _name(content.get("comm_id")), content.get("data")
    match kind:
        case "kernel_info_request":
            return {}
        case "comm_info_request":
            return {"target_name": "jupyter.widget"}
        case "comm_msg" if comm_id and isinstance(data, dict):
            return {"comm_id": comm_id, "data": data}
        case "comm_open" if comm_id and isinstance(data, dict) and content.get("target_name") == CONTROL_TARGET:
            return {"comm_id": comm_id, "data": {}, "target_name": CONTROL_TARGET}
    return None


def _parts(frame: bytes) -> list[bytes] | None:
    """Channel, header, parent header, metadata and content; None if the frame says anything else, or holds buffers."""
    numbers = [int.from_bytes(frame[at : at + _NUMBER], "little") for at in range(0, _START, _NUMBER)]
    count, *offsets = numbers
    if len(frame) < _START or count != _OFFSETS or offsets[0] != _START or offsets[-1] != len(frame):
        return None
    if offsets != sorted(offsets):
        return None
    return [frame[start:end] for start, end in pairwise(offsets)]


def _object(text: bytes) -> dict[str, Any] | None:
    """A JSON object in which no key stands twice: of two, a later reader might take the other."""
    try:
        value = json.loads(text, object_pairs_hook=_unique, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key stands twice")
    return found


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")


def _name(value: object) -> str | None:
    return value if isinstance(value, str) and _NAME.fullmatch(value) else None
