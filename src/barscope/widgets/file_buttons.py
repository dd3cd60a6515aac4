"""Two buttons: one whose file the browser saves, made when it is clicked, and one that takes a file from there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import anywidget
import traitlets

from barscope.errors import InvalidParameterError
from barscope.widgets.surroundings import asset

if TYPE_CHECKING:
    from collections.abc import Callable

    from barscope.widgets.guard import Guard


class FileButtons(anywidget.AnyWidget):  # type: ignore[misc]  # carries no types
    """The buttons.

    Attributes:
        file_name: What the browser calls the file it saves; one it may give has the same ending.
        largest: Bytes of a file that is taken.
    """

    _esm = asset("file_buttons.js")
    page_sets: frozenset[str] = frozenset()
    file_name = traitlets.Unicode().tag(sync=True)
    largest = traitlets.Int().tag(sync=True)

    def __init__(self, guard: Guard, make: Callable[[], str], take: Callable[[bytes], object], **traits: Any) -> None:  # noqa: ANN401
        """Args: `make` gives the text of the file that is saved, and `take` gets the content of the one given."""
        super().__init__(**traits)
        self._make, self._take = make, take
        self.on_msg(guard(lambda _widget, message, buffers: self._answer(message, buffers)))

    def _answer(self, message: Any, buffers: list[memoryview]) -> None:  # noqa: ANN401  # whatever a page sends
        if message == {"ask": "file"}:
            self.send({"text": self._make()})
        elif message == {"give": "file"} and len(buffers) == 1:
            if len(buffers[0]) > self.largest:
                raise InvalidParameterError(f"the file is larger than {self.largest:,} bytes: choose another")
            self._take(bytes(buffers[0]))
        elif message == {"give": "too large"}:
            raise InvalidParameterError(f"the file is larger than {self.largest:,} bytes: choose another")
