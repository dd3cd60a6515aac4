"""What commands say. Answers go to stdout, all else to stderr, and text from outside is shown as plain text."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.text import Text

from barscope.errors import cut

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

STDOUT = Console(highlight=False)
STDERR = Console(stderr=True, highlight=False)

_LONGEST_LINE = 4_000


def plain(text: object, style: str = "") -> Text:
    """Text as it is: no markup, no control characters."""
    return Text(cut(text, _LONGEST_LINE), style)


def answer(text: object) -> None:
    """One line of what was asked for."""
    STDOUT.print(plain(text), soft_wrap=True)


def say(text: object) -> None:
    """One line besides what was asked for."""
    STDERR.print(plain(text), soft_wrap=True)


def fail(error: object) -> None:
    """One red line that says what is wrong."""
    STDERR.print(plain(error, "red"), soft_wrap=True)


@contextmanager
def progress_bar(what: str) -> Iterator[Callable[[float, str], None]]:
    """A bar on stderr; gives the function that is told the part done, 0 to 1, and what is being done."""
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[doing]}", markup=False),
    )
    with Progress(*columns, console=STDERR) as progress:
        task = progress.add_task(cut(what), total=1.0, doing="")
        yield lambda part, doing: progress.update(task, completed=part, doing=cut(doing))
