"""What an endpoint sends, whatever it was asked."""

from __future__ import annotations

import json
from dataclasses import dataclass
from http import HTTPStatus

from barscope.domain.run_state import plain_json

_JSON = "application/json; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Answer:
    """A status code, what kind of content it is, and the content; `kept` where a browser may keep it."""

    status: int
    content_type: str
    body: bytes
    kept: bool = False


def json_answer(value: object, status_code: int = HTTPStatus.OK) -> Answer:
    """A value as strict JSON."""
    return Answer(status_code, _JSON, json.dumps(plain_json(value), allow_nan=False).encode())


def error_answer(status_code: int, error: object) -> Answer:
    """What went wrong, for a program."""
    return json_answer({"error": str(error)}, status_code)
