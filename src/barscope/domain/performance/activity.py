"""How much of the time, and of the money, was at work."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from barscope.domain.equity import EquityCurve


def time_in_market(curve: EquityCurve) -> float:
    """The share of bars at whose close something was held, 0 to 1."""
    return float(np.mean(curve.exposure > 0)) if len(curve) else math.nan


def average_exposure(curve: EquityCurve) -> float:
    """Mean of the value of the positions / equity, where there is equity."""
    solvent = curve.equity > 0
    return float(np.mean(curve.exposure[solvent] / curve.equity[solvent])) if solvent.any() else math.nan


def turnover(curve: EquityCurve, years: float) -> float:
    """Value traded, both sides, / mean equity / years; NaN where no time passed.

    Source: U.S. SEC, Form N-1A, portfolio turnover (there the lesser of purchases and sales).
    """
    mean = float(np.mean(curve.equity)) if len(curve) else 0.0
    return float(curve.traded.sum()) / mean / years if mean > 0 and years > 0 else math.nan
