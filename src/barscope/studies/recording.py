"""The run of a study gets its final status whatever ends the work."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from barscope.errors import JobCancelledError, text_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from barscope.store.run_writer import RunWriter


@contextmanager
def recording(writer: RunWriter, clock_ns: Callable[[], int]) -> Iterator[None]:
    """Give the run its final status whatever ends the work; nothing is swallowed."""
    try:
        yield
    except JobCancelledError:
        writer.cancel(clock_ns())
        raise
    except BaseException as error:
        writer.fail(clock_ns(), {"reason": "error", "error": f"{type(error).__name__}: {text_of(error)}"})
        raise
