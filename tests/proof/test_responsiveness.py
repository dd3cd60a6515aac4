"""While an exploration is recorded, the kernel goes on answering: a click on a button is handled and shown."""

from __future__ import annotations

import pytest
from clicks import clicks_while_recording
from real_kernel import RealKernel

ANSWERED_S = 0.1
SUITE_S = 5.0
"""The suite has other work on the same cores: there it is enough that answers keep coming."""


@pytest.fixture
def kernel(tmp_path):
    """A kernel of its own."""
    kernel = RealKernel(tmp_path / "home")
    yield kernel
    kernel.close()


@pytest.mark.parametrize(
    ("sessions", "within_s"),
    [
        pytest.param(400, SUITE_S, id="suite"),
        pytest.param(2600, ANSWERED_S, id="soak", marks=pytest.mark.soak),  # 995,000 bars
    ],
)
def test_a_callback_is_answered_while_bars_are_recorded(kernel, tmp_path, sessions, within_s):
    """Clicks are answered one after the other all through the recording, each within its time."""
    waited = clicks_while_recording(kernel, tmp_path / "ws", sessions)
    assert len(waited) > 3, "nothing was clicked while it was recorded"
    assert max(waited) < within_s, [round(seconds, 3) for seconds in waited]
