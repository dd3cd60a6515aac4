"""Judgement of a search: how much of what the best of many combinations shows is due to having tried many.

Pure functions of arrays. Nothing here knows a sweep, a symbol or a database.
"""

from barscope.domain.judgement.blocks import ReturnBlocks
from barscope.domain.judgement.bootstrap import Interval, Intervals, block_length, intervals, intervals_of_curve
from barscope.domain.judgement.folds import BlockFold, Fold, Window, purged_k_fold, walk_forward
from barscope.domain.judgement.overfitting import Overfitting, symmetric_cross_validation
from barscope.domain.judgement.plateau import Plateau, grid_neighbours, nearest_neighbours, neighbours, plateau_view
from barscope.domain.judgement.sharpe import (
    annualized,
    average_correlation,
    deflated_sharpe,
    expected_maximum_sharpe,
    independent_trials,
    per_period,
    probabilistic_sharpe,
)

__all__ = [
    "BlockFold",
    "Fold",
    "Interval",
    "Intervals",
    "Overfitting",
    "Plateau",
    "ReturnBlocks",
    "Window",
    "annualized",
    "average_correlation",
    "block_length",
    "deflated_sharpe",
    "expected_maximum_sharpe",
    "grid_neighbours",
    "independent_trials",
    "intervals",
    "intervals_of_curve",
    "nearest_neighbours",
    "neighbours",
    "per_period",
    "plateau_view",
    "probabilistic_sharpe",
    "purged_k_fold",
    "symmetric_cross_validation",
    "walk_forward",
]
