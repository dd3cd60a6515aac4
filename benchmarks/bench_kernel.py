"""How long a click in a notebook waits for its answer while an exploration is recorded in the same kernel."""

from __future__ import annotations

import statistics
import sys
from pathlib import Path

PROOFS = Path(__file__).parents[1] / "tests" / "proof"
sys.path.append(str(PROOFS))

from clicks import clicks_while_recording  # noqa: E402  # of the tests, which prove the same without a clock
from real_kernel import RealKernel  # noqa: E402

BARS_A_SESSION = 383


def test_clicks_are_answered(n_bars, tmp_path, figure):
    """Every click made during the recording is answered."""
    kernel = RealKernel(tmp_path / "home")
    try:
        waited = clicks_while_recording(kernel, tmp_path / "ws", n_bars // BARS_A_SESSION + 1)
    finally:
        kernel.close()
    assert waited
    slowest = max(waited)
    what = f"a click while {n_bars:,} bars are recorded, slowest of {len(waited)}"
    figure(what, f"{slowest * 1e3:.0f} ms", "100 ms", slowest <= 0.1)
    figure("  half of them within", f"{statistics.median(waited) * 1e3:.0f} ms")
