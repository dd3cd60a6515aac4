"""Errors of the dashboard: visitors learn that something did not work, the log of the server learns what."""

from __future__ import annotations

import logging
import re

from barscope.errors import BarscopeError
from barscope.widgets.guard import Guard

UNEXPECTED = "Something did not work here. The rest of the dashboard goes on; reload the page to try again."
_PATH = re.compile(r"(?<![\w.])(?:[A-Za-z]:)?[\\/](?:[^\\/\s:'\"]+[\\/])+")
_log = logging.getLogger("barscope.dashboard")


class QuietGuard(Guard):
    """A guard that shows no traceback and no path."""

    def show(self, error: Exception) -> None:
        """Show what went wrong as far as it is a visitor's business."""
        _log.error("a callback failed", exc_info=error)
        self.notices.show(without_paths(str(error)) if isinstance(error, BarscopeError) else UNEXPECTED)


def without_paths(text: str) -> str:
    """A message in which files are called by their name alone: where they are is nobody's business."""
    return _PATH.sub("", text)
