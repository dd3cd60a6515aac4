"""News from the notebook: after each cell, a panel can look whether the cell's code has changed anything."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from IPython import get_ipython

if TYPE_CHECKING:
    from collections.abc import Callable


def after_each_cell(callback: Callable[[], object]) -> Callable[[], None]:
    """Call back after every cell that is run.

    Returns:
        Ends that; both do nothing under plain Python, where there are no cells.
    """
    shell = get_ipython()
    if shell is None:
        return lambda: None

    def look(_result: Any) -> None:  # noqa: ANN401  # IPython's, not looked at
        callback()

    shell.events.register("post_run_cell", look)
    return lambda: shell.events.unregister("post_run_cell", look)
