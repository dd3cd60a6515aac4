"""Asks a vendor in a process of its own: a cancel ends it at once, and what its client imports stays out of this one.

The question goes to the child as JSON; on its standard output come lines of news and, last, the answer.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from barscope.errors import (
    BarscopeError,
    DataSourceError,
    InvalidParameterError,
    MissingBarsError,
    UnknownSymbolError,
    cut,
)
from barscope.ingest.vendors import databento_history, yfinance_history
from barscope.ingest.vendors.vendor import DATABENTO, DailyQuestion, Delivery

if TYPE_CHECKING:
    from collections.abc import Callable

PULSE_SECONDS = 0.05
WALL_SECONDS = 900.0
_MOST_NEWS = 65_536
_REFUSALS = {kind.__name__: kind for kind in (DataSourceError, InvalidParameterError, MissingBarsError)}


def ask(
    question: DailyQuestion, file: Path, tell: Callable[[str], None], wall_seconds: float = WALL_SECONDS
) -> Delivery:
    """Lets the vendor's client leave the bars in a new file.

    Args:
        question: Which bars.
        file: Where to; it must not exist.
        tell: Called all the while with what the client does; what it raises ends the client.
        wall_seconds: How long all of it may take.

    Raises:
        DataError: If there are no such bars, or the vendor refuses, fails, or cannot be reached.
        InvalidParameterError: If it would cost more than the question allows.
    """
    with tempfile.TemporaryFile() as asked, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as complaints:
        asked.write(json.dumps({"question": asdict(question), "file": str(file)}).encode())
        asked.seek(0)
        # -P keeps the current folder from standing in for installed packages; the user's key goes with the environment
        command = [sys.executable, "-P", "-m", __name__]
        child = subprocess.Popen(command, stdin=asked, stdout=out, stderr=complaints)  # noqa: S603  # our own module
        try:
            for _ in range(int(wall_seconds / PULSE_SECONDS)):
                with contextlib.suppress(subprocess.TimeoutExpired):
                    child.wait(PULSE_SECONDS)
                    break
                tell(_last(out).get("news", "starting"))
            else:
                raise DataSourceError(f"Data source error: {question.vendor} took more than {wall_seconds:g} seconds")
        finally:
            child.kill()
            child.wait()
        return _delivery(_last(out), question, complaints)


def _last(out: IO[bytes]) -> dict[str, Any]:
    """The last whole line; read without moving the place where the child writes."""
    lines = os.pread(out.fileno(), _MOST_NEWS, 0).rpartition(b"\n")[0].splitlines()
    found: dict[str, Any] = json.loads(lines[-1]) if lines else {}
    return found


def _delivery(answer: dict[str, Any], question: DailyQuestion, complaints: IO[bytes]) -> Delivery:
    if "delivered" in answer:
        return Delivery(**answer["delivered"])
    if answer.get("refused") == UnknownSymbolError.__name__:
        raise UnknownSymbolError(question.symbol)
    if "refused" in answer:
        raise _REFUSALS[answer["refused"]](answer["message"])
    complaints.seek(0)
    lines = complaints.read().decode("utf-8", "replace").strip().splitlines() or ["it gave no reason"]
    raise DataSourceError(f"the client of {question.vendor} failed: {cut(lines[-1], 200)}")


def answer(question: DailyQuestion, file: Path, tell: Callable[[str], None]) -> dict[str, Any]:
    """What the child says of a question in the end."""
    try:
        if question.vendor == DATABENTO.name:
            delivery = databento_history.deliver(question, file, tell)
        else:
            delivery = yfinance_history.deliver(question, file, tell, dt.datetime.now(dt.UTC).date())
    except BarscopeError as error:
        return {"refused": type(error).__name__, "message": str(error)}
    return {"delivered": asdict(delivery)}


def main() -> None:
    """Answers the one question on standard input, as the child."""
    asked = json.load(sys.stdin)
    with contextlib.redirect_stdout(sys.stderr):  # a client may print, and its text is no answer
        said = answer(DailyQuestion(**asked["question"]), Path(asked["file"]), lambda news: _say({"news": news}))
        _say(said)


def _say(line: dict[str, Any]) -> None:
    print(json.dumps(line), file=sys.__stdout__, flush=True)


if __name__ == "__main__":
    main()
