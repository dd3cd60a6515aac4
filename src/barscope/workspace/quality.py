"""The data-quality report of a workspace: examined in the background, shown as DataFrames."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

from barscope.domain.data_quality import KINDS
from barscope.jobs import JobContext, Stage
from barscope.studies.data_quality import SymbolQuality, check_quality

if TYPE_CHECKING:
    import pandas as pd

    from barscope.domain.data_quality import Suspicions
    from barscope.jobs import Job
    from barscope.studies.request import BarChoice
    from barscope.workspace.workspace import Workspace

STAGES = (Stage("examining bars"),)
_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True)
class QualityReport:
    """What may be wrong with stored bars; nothing is repaired.

    Attributes:
        choice: The bars that were examined.
        symbols: What was found in each symbol.
    """

    choice: BarChoice
    symbols: tuple[SymbolQuality, ...]

    def __str__(self) -> str:
        found = sum(len(quality.findings) for quality in self.symbols)
        bars = sum(quality.bars for quality in self.symbols)
        return f"QualityReport({bars:,} bars of {len(self.symbols)} symbols: {found:,} findings)"

    __repr__ = __str__

    def frame(self) -> pd.DataFrame:
        """One row per finding: symbol, kind, begin and end (UTC), bars concerned, and a sentence."""
        import pandas as pd

        columns = ["symbol", "kind", "start", "end", "bars", "detail"]
        rows = [
            (quality.symbol, found.kind, found.start_ns, found.end_ns, found.bars, found.detail)
            for quality in self.symbols
            for found in quality.findings
        ]
        frame = pd.DataFrame(rows, columns=columns)
        for name in ("start", "end"):
            frame[name] = pd.to_datetime(frame[name], unit="ns", utc=True)
        return frame

    def summary(self) -> pd.DataFrame:
        """One row per symbol: its bars, its calendar, the share of expected bars there is, and findings by kind."""
        import pandas as pd

        return pd.DataFrame([_row(quality) for quality in self.symbols]).set_index("symbol")


def enqueue_quality(ws: Workspace, choice: BarChoice, suspicions: Suspicions | None = None) -> Job[QualityReport]:
    """Examine bars without waiting for explorations and backtests.

    Args:
        ws: The workspace.
        choice: Which bars, as they are stored.
        suspicions: What counts as suspicious.
    """

    def work(context: JobContext) -> QualityReport:
        context.enter(STAGES[0].label)
        return QualityReport(choice, check_quality(context, choice, ws.secmaster, ws.bars, ws.calendars, suspicions))

    return ws.reads.submit(f"quality-{next(_numbers)}", work, STAGES)


def _row(quality: SymbolQuality) -> dict[str, object]:
    import pandas as pd

    expected = quality.expected
    counts = {kind: sum(found.kind == kind for found in quality.findings) for kind in KINDS}
    return {
        "symbol": quality.symbol,
        "bars": quality.bars,
        "first": pd.Timestamp(quality.first_ns, unit="ns", tz="UTC"),
        "last": pd.Timestamp(quality.last_ns, unit="ns", tz="UTC"),
        "calendar": quality.calendar or quality.no_calendar,
        "sessions": None if expected is None else expected.sessions,
        "complete": None if expected is None or not expected.bars else expected.present / expected.bars,
        **counts,
        "same bars as": ", ".join(quality.same_as),
    }
