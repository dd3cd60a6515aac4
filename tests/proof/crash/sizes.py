"""How much of the crash proof runs each time, and how much `make soak` adds: the same cases with more seeds."""

import pytest

SOAK = pytest.mark.soak


def seeds(each_time, in_all):
    """Seeds from 0; those beyond `each_time` are for `make soak`."""
    return [pytest.param(seed, marks=() if seed < each_time else SOAK) for seed in range(in_all)]
