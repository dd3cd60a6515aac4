"""The executor that runs work at once on the caller's thread: for tests and for scripts that want no threads."""

from __future__ import annotations

from concurrent.futures import Executor, Future
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


class InlineExecutor(Executor):
    """Runs each submitted call before `submit` returns. An exception travels in the future, as with threads."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:  # noqa: ANN401  # as Executor
        """Run the call now."""
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:  # noqa: BLE001  # the contract of a future: carry whatever was raised
            future.set_exception(error)
        return future
