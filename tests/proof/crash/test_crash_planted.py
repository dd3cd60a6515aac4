"""Four bugs are planted on purpose: the proof finds each of them, so it would find others."""

import pytest
from plants import PLANTS

DEATHS = {
    "recovery outside a transaction": (
        {"at": "record/commit", "nth": 12, "recoveries": [{"at": "recover/committed", "nth": 1}]},
        "hidden",
    ),
    "status before the last rows": ({"at": "complete/committed", "nth": 1}, "whole"),
    "acknowledged before commit": ({"at": "complete/commit", "nth": 2}, "acknowledged"),
    "cancel keeps rows": ({}, "hidden"),
}
"""How the process dies that has the bug, and the promise that is broken."""
SEEDS = 5
"""So many deaths at most; a process may die before the bug has done harm."""


@pytest.mark.parametrize("bug", PLANTS)
def test_a_planted_bug_is_found(crashes, tmp_path, bug):
    """The checker names the promise; without the bug, the same death breaks none."""
    death, promise = DEATHS[bug]
    outcomes = (crashes.of(tmp_path / f"bug {seed}", seed, plant=bug, **death) for seed in range(SEEDS))
    found = next((seed for seed, outcome in enumerate(outcomes) if _broken(outcome) >= {promise}), None)
    assert found is not None
    assert crashes.of(tmp_path / "no bug", found, **death).wrong == []


def _broken(outcome):
    return {line.partition(":")[0] for line in outcome.wrong}
