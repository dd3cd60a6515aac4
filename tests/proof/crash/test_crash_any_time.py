"""A process is killed (kill -9) at any time, and sometimes the one that recovers: all promises are kept."""

import random

import pytest
from sizes import seeds


@pytest.mark.parametrize("seed", seeds(each_time=8, in_all=60))
def test_killed_at_any_time(crashes, tmp_path, seed):
    """Every third time the recovery is killed too."""
    rng = random.Random(seed)  # noqa: S311  # a seed repeats it
    kill_after_s = rng.uniform(0, crashes.work_s)
    recoveries = [{"kill_after_s": rng.uniform(0, 0.05)} for _ in range(2)] if seed % 3 == 0 else []
    outcome = crashes.of(tmp_path / "ws", seed, kill_after_s=kill_after_s, recoveries=recoveries)
    assert outcome.wrong == [], f"killed after {kill_after_s:.4f} s, recoveries {recoveries}"
