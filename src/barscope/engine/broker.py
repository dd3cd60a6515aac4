"""What a broker is to a run, whichever one it is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from barscope.engine.bus import Subscriber

if TYPE_CHECKING:
    from barscope.domain.periods import BarPeriod
    from barscope.engine.bus import EventBus


@dataclass(frozen=True, slots=True)
class Assumption:
    """Where a bar did not tell what came first, and what the broker assumed."""

    ts_event_ns: int
    symbol: str
    text: str


class Broker(Subscriber, ABC):
    """Answers the requests of strategies and fills their orders.

    Attributes:
        starting_cash: What the account begins with, currency.
        assumptions: What the broker had to assume.
    """

    starting_cash: ClassVar[float] = 100_000.0

    def __init__(self, bus: EventBus) -> None:
        super().__init__(bus)
        self.assumptions: list[Assumption] = []

    @classmethod
    def check_settings(cls, symbols: Sequence[str]) -> None:
        """Checks the class attributes before a run of some symbols.

        Raises:
            InvalidParameterError: If one cannot be.
        """

    @abstractmethod
    def connect(self) -> None:
        """Called once before the first bar."""

    @abstractmethod
    def subscribe(self, symbol: str, bar_period: BarPeriod) -> None:
        """Learn that the run has bars of this symbol and period."""
