"""What panels have in common: one widget with messages below it, shown anew for as long as more will come."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

from barscope.widgets.guard import Guard
from barscope.widgets.notices import close_all
from barscope.widgets.poller import Poller

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import ipywidgets as widgets

    from barscope.widgets.notices import Notices


class Panel(ABC):
    """A panel; show it by ending a cell with it.

    Args:
        guard: Shows what goes wrong.

    Attributes:
        widget: The whole panel as one widget, for use in a larger layout.
    """

    widget: widgets.Widget

    def __init__(self, guard: Guard | None = None) -> None:
        self._guard = guard or Guard()
        self._poller = Poller(self._guard(self._step))
        self._stop_listening: Callable[[], None] = lambda: None

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:  # noqa: ANN401  # as IPython calls and reads it
        return self.widget._repr_mimebundle_(**kwargs)

    @property
    def notices(self) -> Notices:
        """The messages under the panel."""
        return self._guard.notices

    def close(self) -> None:
        """Let go of every widget; what is under way goes on."""
        with self._guard.lock:
            self._stop_listening()
            self._poller.stop()
            self._let_go()
            close_all(self.widget)

    # ---- for the panels

    @abstractmethod
    def _let_go(self) -> None:
        """Close the parts that hold more than widgets."""

    @abstractmethod
    def _step(self) -> bool:
        """Show what is there; tells whether more will come."""

    def _go_on(self) -> None:
        """Show what is there, and look again while something is under way."""
        if self._step():
            self._poller.wake()

    def _show_load_failures(self, failures: Iterable[Any]) -> None:
        for failure in failures:
            message = f"The code in {failure.source} could not be loaded: {failure.error}"
            self.notices.show(message, failure.traceback, level="warning")
