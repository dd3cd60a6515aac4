"""The data-quality report of a workspace: examined in the background, shown as DataFrames and on charts."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from barscope.charts.data import ChartData, Highlight
from barscope.domain.data_quality import KINDS
from barscope.domain.periods import period_of_rtype
from barscope.errors import InvalidParameterError, UnknownSymbolError, close_matches, cut
from barscope.jobs import JobContext, Stage
from barscope.studies.data_quality import SymbolQuality, check_quality
from barscope.studies.request import BarChoice

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd

    from barscope.domain.bars import Bars
    from barscope.domain.data_quality import Finding, Suspicions
    from barscope.jobs import Job
    from barscope.workspace.market_data import MarketData
    from barscope.workspace.symbol_view import SymbolView

STAGES = (Stage("examining bars"),)
_numbers = itertools.count(1)
_ROOM = 40
"""Bars shown on each side of a finding, at least."""


@dataclass(frozen=True, slots=True)
class QualityReport:
    """What may be wrong with stored bars; nothing is repaired.

    Attributes:
        choice: The bars that were examined.
        symbols: What was found in each symbol.
    """

    choice: BarChoice
    symbols: tuple[SymbolQuality, ...]

    def __repr__(self) -> str:
        return f"QualityReport({self.said})"

    @property
    def said(self) -> str:
        """How much was found in how much, in a few words."""
        names = [quality.symbol for quality in self.symbols]
        whose = cut(", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else ""))
        bars, found = sum(quality.bars for quality in self.symbols), len(self.findings)
        findings = "Nothing" if not found else "1 finding" if found == 1 else f"{found:,} findings"
        return f"{findings} in {bars:,} bars of {whose}"

    @property
    def findings(self) -> tuple[tuple[str, Finding], ...]:
        """Symbol and finding, symbol by symbol in order of time: the rows of `frame`."""
        return tuple((quality.symbol, found) for quality in self.symbols for found in quality.findings)

    @property
    def checked(self) -> str:
        """One sentence on what was looked for, for a report without findings above all."""
        held = dict.fromkeys(quality.calendar for quality in self.symbols if quality.calendar)
        without = [quality.symbol for quality in self.symbols if not quality.calendar]
        looked = "stale bars, zero volume, outliers and probable splits"
        if held:
            looked = f"missing and unexpected sessions and gaps against {', '.join(held)}, {looked}"
        apart = f"; no calendar is known for {cut(', '.join(without))}" if without else ""
        return f"Looked for {looked}{apart}"

    def frame(self) -> pd.DataFrame:
        """One row per finding: symbol, kind, begin and end (UTC), bars concerned, and a sentence."""
        import pandas as pd

        columns = ["symbol", "kind", "start", "end", "bars", "detail"]
        rows = [(symbol, f.kind, f.start_ns, f.end_ns, f.bars, f.detail) for symbol, f in self.findings]
        frame = pd.DataFrame(rows, columns=columns)
        for name in ("start", "end"):
            frame[name] = pd.to_datetime(frame[name], unit="ns", utc=True)
        return frame

    def summary(self) -> pd.DataFrame:
        """One row per symbol: its bars, its calendar, the share of expected bars there is, and findings by kind."""
        import pandas as pd

        return pd.DataFrame([_row(quality) for quality in self.symbols]).set_index("symbol")


def data_quality(
    ws: MarketData,
    bars: BarChoice | str | Iterable[str],
    suspicions: Suspicions | None = None,
    **stored: Any,  # noqa: ANN401  # those of `choice_of`
) -> QualityReport:
    """The report on a choice of bars, or on symbols as `choice_of` chooses them; waits for it."""
    if not isinstance(bars, BarChoice):
        bars = choice_of(ws, bars, **stored)
    elif stored:
        raise InvalidParameterError(f"{', '.join(stored)}: a choice of bars says that itself")
    return enqueue_quality(ws, bars, suspicions).result()


def choice_of(
    ws: MarketData,
    symbols: str | Iterable[str],
    rtype: int | None = None,
    publisher_id: int | None = None,
    start_date: str | None = None,
    end_date: str | None = None,
) -> BarChoice:
    """The stored bars of some symbols; record type and publisher have to be said only where there are several.

    Raises:
        UnknownSymbolError: If a symbol has no bars.
        InvalidParameterError: If it is not clear which bars are meant.
    """
    names = (symbols,) if isinstance(symbols, str) else tuple(symbols)
    if not names:
        raise InvalidParameterError("No symbols selected")
    stored = [
        one
        for one in ws.secmaster.coverage()
        if rtype in (None, one.rtype) and publisher_id in (None, one.publisher_id)
    ]
    shared: set[tuple[int, int, str]] | None = None
    for name in names:
        of_name = {(one.publisher_id, one.rtype, one.symbol_type) for one in stored if one.symbol == name}
        if not of_name:
            raise UnknownSymbolError(name, close_matches(name, {one.symbol for one in stored}))
        shared = of_name if shared is None else shared & of_name
    if shared is None or len(shared) != 1:
        there = ", ".join(f"publisher_id={publisher} rtype={kind}" for publisher, kind, _ in sorted(shared or ()))
        problem = "stored more than once: say which," if there else "not of one publisher and record type: examine them"
        raise InvalidParameterError(f"{cut(', '.join(names))}: {problem} {there or 'one at a time'}")
    ((publisher, kind, symbol_type),) = shared
    return BarChoice(
        symbols=names,
        rtype=kind,
        publisher_id=publisher,
        symbol_type=symbol_type,
        start_date=start_date,
        end_date=end_date,
    )


def finding_chart(view: SymbolView, finding: Finding, rtype: int, zone: str) -> tuple[ChartData, tuple[float, float]]:
    """The chart of a symbol with the stretch of a finding shaded, and the positions to zoom to.

    Args:
        view: The bars of the symbol.
        finding: What was found in them.
        rtype: Their record type.
        zone: IANA time zone of the labels.
    """
    first, last = _stretch(view.bars, finding)
    shade = Highlight(int(view.bars.ts[first]), int(view.bars.ts[last]), finding.kind, "warning")
    data = ChartData(view.symbol, view.bars, period_of_rtype(rtype), zone=zone, highlights=(shade,), marks=view.marks)
    room = max(_ROOM, last - first + 1)
    return data, (first - room - 0.5, last + room + 0.5)


def _stretch(bars: Bars, finding: Finding) -> tuple[int, int]:
    """Positions of the first and the last bar of a finding; of missing bars those on both sides."""
    first = int(bars.ts.searchsorted(finding.start_ns))
    last = int(bars.ts.searchsorted(finding.end_ns)) - 1
    return (first, last) if first <= last else (max(0, first - 1), min(first, len(bars) - 1))


def enqueue_quality(ws: MarketData, choice: BarChoice, suspicions: Suspicions | None = None) -> Job[QualityReport]:
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
