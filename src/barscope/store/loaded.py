"""What a table held: the rows that could be read, and the errors of those that could not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from barscope.errors import StoreError

if TYPE_CHECKING:
    from barscope.store.connections import Row

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Loaded(Generic[Value]):
    """The rows of a table that could be read, to iterate over, and the errors of those that could not."""

    values: tuple[Value, ...]
    problems: tuple[StoreError, ...] = ()

    def __iter__(self) -> Iterator[Value]:
        return iter(self.values)

    def __len__(self) -> int:
        return len(self.values)


def load(rows: list[Row], read: Callable[[Row], Value]) -> Loaded[Value]:
    """Reads every row it can."""
    values: list[Value] = []
    problems: list[StoreError] = []
    for row in rows:
        try:
            values.append(read(row))
        except StoreError as error:
            problems.append(error)
    return Loaded(tuple(values), tuple(problems))
