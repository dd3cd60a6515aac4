"""What a run has to say while it is recorded: its own notes and the log records of barscope on its thread."""

from __future__ import annotations

import datetime as dt
import logging
import threading
from collections import deque
from typing import TYPE_CHECKING, Any

from barscope.domain.run_state import utc
from barscope.errors import cut

if TYPE_CHECKING:
    from collections.abc import Callable

KEPT_RECORDS = 2000
NOTES = "barscope.runs"
"""The logger that notes name; they are made of our own words, not of what a message holds."""
_MAX_CHARS = 1000


class RunLog(logging.Handler):
    """The newest 2,000 records of one run, JSON values: `time`, `level`, `logger`, `message`.

    Only records of the thread that made it count: a process may be at work on several runs.

    Attributes:
        count: How many there have been.
    """

    def __init__(self, clock_ns: Callable[[], int]) -> None:
        super().__init__()
        self._clock_ns = clock_ns
        self._thread = threading.get_ident()
        self._kept: deque[dict[str, Any]] = deque(maxlen=KEPT_RECORDS)
        self.count = 0

    def start(self) -> None:
        """From here on, records are taken."""
        logging.getLogger("barscope").addHandler(self)

    def close(self) -> None:
        """No more records are taken."""
        logging.getLogger("barscope").removeHandler(self)
        super().close()

    def note(self, text: str) -> None:
        """A step of the run."""
        self._keep(utc(self._clock_ns()), "INFO", NOTES, text)

    def emit(self, record: logging.LogRecord) -> None:
        """Takes a record of the run's own thread; of an exception only its class."""
        if record.thread != self._thread:
            return
        raised = f" ({record.exc_info[0].__name__})" if record.exc_info and record.exc_info[0] else ""
        moment = dt.datetime.fromtimestamp(record.created, dt.UTC)
        self._keep(moment, record.levelname, record.name, record.getMessage() + raised)

    def records(self) -> list[dict[str, Any]]:
        """All that are kept, oldest first."""
        return list(self._kept)

    def _keep(self, moment: dt.datetime, level: str, logger: str, text: str) -> None:
        message = cut(text, _MAX_CHARS)
        self._kept.append({"time": moment.isoformat(), "level": level, "logger": logger, "message": message})
        self.count += 1
