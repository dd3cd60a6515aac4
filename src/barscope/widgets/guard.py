"""The one place where a callback of a panel meets its errors: they are shown under the panel, never swallowed."""

from __future__ import annotations

import functools
import threading
import traceback
from typing import TYPE_CHECKING, Any

from barscope.errors import BarscopeError, text_of
from barscope.widgets.notices import Notices

if TYPE_CHECKING:
    from collections.abc import Callable


class Guard:
    """Wraps the callbacks of one panel: one at a time, whatever thread they run on, and their errors shown.

    With subshells a front end's message may be handled on a thread of its own, beside a cell or a poll; `lock` is
    held for each callback and for everything else that changes the panel.
    """

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.notices = Notices()

    def __call__(self, callback: Callable[..., Any]) -> Callable[..., Any]:
        """The callback, guarded; it returns None where it failed."""

        @functools.wraps(callback)
        def guarded(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401  # whatever the callback takes and returns
            with self.lock:
                try:
                    return callback(*args, **kwargs)
                except Exception as error:  # noqa: BLE001  # a panel shows what went wrong and lives on
                    self.show(error)
            return None

        return guarded

    def show(self, error: Exception) -> None:
        """Show an error: what barscope raises on purpose speaks for itself, anything else is named."""
        message = str(error) if isinstance(error, BarscopeError) else f"{type(error).__name__}: {text_of(error)}"
        details = "".join(traceback.format_exception(error))
        self.notices.show(message or type(error).__name__, details)
