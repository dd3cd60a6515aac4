"""Signals of a strategy as arrays over bars, and what they decide: when to be long, short or flat.

The rules are those of a strategy that looks at one bar after the other and holds at most one position:

    flat    a long entry opens a long position; else a short entry a short one
    long    a long exit closes it, and a short entry on the same bar then opens a short one
    short   a short exit closes it, and a long entry on the same bar then opens a long one

So what does not apply to the position at hand is passed over, and signals may stay on for many bars.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from barscope.errors import InvalidParameterError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from barscope.domain.bars import IntArray

Mask = NDArray[np.bool_]
Codes = NDArray[np.uint8]

ENTER_LONG, EXIT_LONG, ENTER_SHORT, EXIT_SHORT = 1, 2, 4, 8
_FLAT, _LONG, _SHORT = 0, 1, -1


@dataclass(frozen=True, eq=False, slots=True)
class Signals:
    """What a strategy wants at the close of each bar; masks of shape (bars,).

    Attributes:
        entries: Be long.
        exits: Be long no more.
        short_entries: Be short; None never.
        short_exits: Be short no more.
    """

    entries: Mask
    exits: Mask
    short_entries: Mask | None = None
    short_exits: Mask | None = None

    def codes(self, n: int) -> Codes:
        """The signals of each bar as one number, the sum of those that are on, shape (n,).

        Raises:
            InvalidParameterError: If one is not a mask of shape (n,).
        """
        total = np.zeros(n, np.uint8)
        for name, code in _CODES.items():
            mask = getattr(self, name)
            if mask is None:
                continue
            mask = np.asarray(mask)
            if mask.dtype != np.bool_ or mask.shape != (n,):
                raise InvalidParameterError(
                    f"signals {name} are {mask.dtype} of shape {mask.shape}: give truth values of shape ({n},)"
                )
            total |= mask.view(np.uint8) * np.uint8(code)
        return total


_CODES = {"entries": ENTER_LONG, "exits": EXIT_LONG, "short_entries": ENTER_SHORT, "short_exits": EXIT_SHORT}


def next_state(state: int, code: int) -> int:
    """The position after the signals of a bar: 1 long, −1 short, 0 flat."""
    if state == _FLAT:
        return _LONG if code & ENTER_LONG else _SHORT if code & ENTER_SHORT else _FLAT
    if state == _LONG:
        return state if not code & EXIT_LONG else _SHORT if code & ENTER_SHORT else _FLAT
    return state if not code & EXIT_SHORT else _LONG if code & ENTER_LONG else _FLAT


def decisions(codes: Codes) -> tuple[IntArray, IntArray]:
    """The bars at which the position changes, and what it is after each: 1 long, −1 short, 0 flat.

    Args:
        codes: As `Signals.codes` gives them.
    """
    places = np.flatnonzero(_differs(codes))
    if _MOVES_TWICE[codes[places]].any():
        places = np.flatnonzero(codes)
    found = codes[places]
    places, found = places[found > 0], found[found > 0]
    if not len(found):
        return places, np.empty(0, np.int64)
    is_plain = found.max() <= EXIT_LONG  # long entries and exits alone, never both at once
    states = (found == ENTER_LONG).astype(np.int64) if is_plain else _followed(found.tolist())
    moved = _differs(states)
    moved[0] = states[0] != _FLAT
    return places[moved], states[moved]


def _differs(values: NDArray[Any]) -> Mask:
    """Where a value is not that before it; the first one counts as such."""
    moved = np.ones(len(values), np.bool_)
    np.not_equal(values[1:], values[:-1], out=moved[1:])
    return moved


def _followed(codes: Sequence[int]) -> IntArray:
    state, states = _FLAT, []
    for code in codes:
        state = next_state(state, code)
        states.append(state)
    return np.array(states, np.int64)


_MOVES_TWICE = np.array(
    [any(next_state(s, c) != next_state(next_state(s, c), c) for s in (_FLAT, _LONG, _SHORT)) for c in range(16)]
)
"""Codes that may lead on when they come again: those that leave one position and enter another."""
