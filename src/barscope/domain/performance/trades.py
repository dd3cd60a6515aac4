"""What closed round trips tell, from the profit and loss after commission of each (`pnl`) unless they say else."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from barscope.domain.roundtrips import RoundTrip


def profit_factor(pnl: Sequence[float]) -> float:
    """Sum of the gains / sum of the losses; infinite without a loss, NaN without either.

    Source: J. D. Schwager, A Complete Guide to the Futures Market, 1984.
    """
    values = np.asarray(pnl)
    won, lost = math.fsum(values[values > 0].tolist()), -math.fsum(values[values < 0].tolist())
    if lost > 0:
        return won / lost
    return math.inf if won > 0 else math.nan


def win_rate(pnl: Sequence[float]) -> float:
    """The share of round trips that gained, 0 to 1; one that came out even did not. NaN without any."""
    return int(np.count_nonzero(np.asarray(pnl) > 0)) / len(pnl) if len(pnl) else math.nan


def expectancy(pnl: Sequence[float]) -> float:
    """Mean profit and loss of a round trip, currency; NaN without any.

    Source: V. K. Tharp, Trade Your Way to Financial Freedom, 1998, ch. 6.
    """
    return _mean(pnl)


def average_mae(trips: Sequence[RoundTrip]) -> float:
    """Mean maximum adverse excursion, currency, at most 0.

    Source: J. Sweeney, Maximum Adverse Excursion, 1997.
    """
    return _mean([trip.mae for trip in trips])


def average_mfe(trips: Sequence[RoundTrip]) -> float:
    """Mean maximum favourable excursion, currency, at least 0."""
    return _mean([trip.mfe for trip in trips])


def average_r(trips: Sequence[RoundTrip]) -> float:
    """Mean profit and loss in units of the initial risk, over the round trips that had a stop loss."""
    return _mean([trip.r for trip in trips if not math.isnan(trip.r)])


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values)) if values else math.nan
