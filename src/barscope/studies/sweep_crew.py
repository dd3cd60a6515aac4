"""What a sweep asks of whoever computes its children: this thread, threads, processes and a cluster are alike to it.

A crew is handed the bars of a symbol once, then tasks on them; what comes back are the bytes of a frame of children.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol

if TYPE_CHECKING:
    from concurrent.futures import Future

    from barscope.domain.sampling import Combinations
    from barscope.studies.sweep_work import SymbolBars

Verdict = Literal["again", "resend", "dropped", "lost", "wrong"]

Handle = Any
"""What a crew calls the bars of a symbol it was handed."""


@dataclass(frozen=True, eq=False, slots=True)
class SweepTask:
    """Some combinations on one symbol over one stretch.

    Attributes:
        stretch: The name of the stretch.
        symbol: The symbol.
        fingerprint: Of the bars.
        numbers: The numbers of the combinations.
        combinations: Their values, in the same order.
    """

    stretch: str
    symbol: str
    fingerprint: str
    numbers: Sequence[int]
    combinations: Combinations


class Crew(Protocol):
    """Computes tasks.

    Attributes:
        workers: How many tasks it works on at a time.
    """

    workers: int

    def hand_out(self, given: SymbolBars, tasks: int) -> Handle:
        """Bring the bars of a symbol to where they are needed, for so many tasks; once per symbol and stretch."""

    def submit(self, handle: Handle, task: SweepTask) -> Future[bytes]:
        """Begin a task."""

    def take_back(self, handle: Handle) -> None:
        """The bars are needed no more."""

    def verdict(self, error: BaseException) -> Verdict:
        """What the error of a task means.

        Returns:
            `again`: workers died, and every task that was under way has to be tried again after `renew`; `resend`: the
            same, but what was handed out died with workers before, and no task is to blame; `dropped`: worker after
            worker died that had this task, the others go on; `lost`: the workers are gone for good; `wrong`: a mistake
            of ours.
        """

    def renew(self) -> None:
        """Take new workers for those that died; what was handed out stays valid."""

    def stop(self) -> None:
        """Have the tasks under way end after the child they are at, where that can be asked."""

    def close(self) -> None:
        """End what was begun for this sweep; a crew that was given lives on."""
