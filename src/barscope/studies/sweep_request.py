"""What a user asks of a sweep: one strategy or indicator over many parameters, symbols and stretches of time."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Protocol

from pydantic import BeforeValidator, Field

from barscope.domain.sampling import GRID
from barscope.errors import InvalidParameterError
from barscope.studies.request import BarChoice, DateText, Request, Values, WholeNumber, as_tuple

WHOLE = "all"
"""What the stretch is called where a sweep names none."""


class ParameterRange(Request):
    """The values of a parameter from `low` to `high`, both inclusive.

    Attributes:
        low: The lowest value.
        high: The highest value there may be.
        step: From one value to the next; None is a step of 1 for a whole-numbered parameter, and any number in between
            for another (random and Latin-hypercube samples only).
    """

    low: int | float
    high: int | float
    step: int | float | None = None

    def __init__(
        self,
        low: float | None = None,
        high: float | None = None,
        step: float | None = None,
        **unknown: Any,  # noqa: ANN401  # pydantic refuses them
    ) -> None:
        given = {"low": low, "high": high, "step": step}
        super().__init__(**{name: value for name, value in given.items() if value is not None}, **unknown)


class NamedDays(Protocol):
    """Days in a row with a name: a region of a split, or a window of a walk-forward fold."""

    @property
    def name(self) -> str:
        """What they are called."""

    @property
    def start_date(self) -> str:
        """The first, `YYYY-MM-DD`."""

    @property
    def end_date(self) -> str:
        """The last, inclusive."""


class Stretch(Request):
    """A stretch of time with a name.

    Attributes:
        name: Such as `train`.
        start_date: First day, `YYYY-MM-DD`; None is the first bar there is.
        end_date: Last day, inclusive; None is the last bar there is.
    """

    name: str
    start_date: DateText | None = None
    end_date: DateText | None = None

    @classmethod
    def of(cls, days: NamedDays) -> Stretch:
        """The stretch of a region of a split, or of a window of a walk-forward fold."""
        return cls(name=days.name, start_date=days.start_date, end_date=days.end_date)


def _axis(value: object) -> object:
    """A range as JSON has it, or the values as a list."""
    return list(value) if isinstance(value, tuple | range) else value


AxisValues = Annotated[ParameterRange | list[Any], BeforeValidator(_axis)]


class SweepRequest(BarChoice):
    """Which strategy or indicator to try, with which parameters, on which bars.

    A combination is one set of parameter values; a child is one combination on one symbol over one stretch.

    Attributes:
        strategy: The name of its class; None for an indicator.
        indicator: The name of its class; None for a strategy.
        parameters: Parameter → its range, or a list of its values.
        fixed: Parameter → the one value it has in every combination.
        broker: Setting of `SimulatedBroker` → value.
        sampling: `grid` tries every combination; `random` and `latin_hypercube` some.
        samples: How many a sample takes.
        seed: Of the random numbers of a sample.
        stretches: Stretches of time, each with a name; empty is the one of `start_date` and `end_date`,
            otherwise all lie within those.
        name: What a person calls the sweep.
    """

    strategy: str | None = None
    indicator: str | None = None
    parameters: dict[str, AxisValues] = Field(default_factory=dict)
    fixed: Values = Field(default_factory=dict)
    broker: Values = Field(default_factory=dict)
    sampling: Literal["grid", "random", "latin_hypercube"] = GRID  # type: ignore[assignment]  # a constant is a str
    samples: WholeNumber | None = None
    seed: WholeNumber = 0
    stretches: Annotated[tuple[Stretch, ...], BeforeValidator(as_tuple)] = ()
    name: str = ""

    @property
    def target(self) -> str:
        """The name of the class that is tried.

        Raises:
            InvalidParameterError: Unless there is exactly one.
        """
        named = [name for name in (self.strategy, self.indicator) if name is not None]
        if len(named) != 1:
            raise InvalidParameterError("a sweep tries one strategy or one indicator: name one of the two")
        return named[0]

    @property
    def spans(self) -> tuple[Stretch, ...]:
        """The stretches, or the one of the dates."""
        return self.stretches or (Stretch(name=WHOLE, start_date=self.start_date, end_date=self.end_date),)
