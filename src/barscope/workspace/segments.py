"""The segments found in the bars of some symbols: to step through, as a table with forward returns, as a figure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, overload

import numpy as np

from barscope.domain.conditions import columns_of
from barscope.studies.forward_returns import HORIZONS, ReturnSpread, check_horizons, forward_returns, spread
from barscope.studies.segments import ByCondition, Segment, Spans, check_cutting, why_none

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pandas as pd
    import plotly.graph_objects as go

    from barscope.charts.data import ChartSpec
    from barscope.domain.bars import Bars, FloatArray, IntArray
    from barscope.domain.periods import BarPeriod
    from barscope.studies.results import SymbolColumns
    from barscope.studies.segments import Cutting

SIGNALS, ALL_BARS = "signals", "all bars"
"""The two samples of a distribution: after the segments found, and after every bar of the same symbols."""
_NO_TIME = np.iinfo(np.int64).min


@dataclass(frozen=True, eq=False)
class FoundSpans:
    """The segments of one symbol.

    Attributes:
        symbol: The symbol.
        bars: All of its bars.
        spans: The segments as positions in them.
        reason: Why there are none; None where there are some.
    """

    symbol: str
    bars: Bars
    spans: Spans
    reason: str | None = None


class Segments(Sequence[Segment]):
    """Segments in the order of their symbols and times; a sequence of `Segment`.

    Attributes:
        how: The way the bars were cut.
        found: What was found, symbol by symbol.
    """

    def __init__(self, how: Cutting, found: Sequence[FoundSpans]) -> None:
        self.how = how
        self.found = tuple(found)
        self._ends = np.cumsum([len(part.spans) for part in self.found], dtype=np.int64)

    def __repr__(self) -> str:
        symbols = ", ".join(part.symbol for part in self.found[:5]) + ("…" if len(self.found) > 5 else "")
        return f"Segments({len(self):,} of {symbols}, {self.how}{f': {self.reason}' if self.reason else ''})"

    def __len__(self) -> int:
        return int(self._ends[-1]) if len(self._ends) else 0

    @overload
    def __getitem__(self, n: int) -> Segment: ...
    @overload
    def __getitem__(self, n: slice) -> tuple[Segment, ...]: ...
    def __getitem__(self, n: int | slice) -> Segment | tuple[Segment, ...]:
        if isinstance(n, slice):
            return tuple(self[i] for i in range(*n.indices(len(self))))
        part, place = self.locate(n)
        return part.spans.segment(place, part.symbol, part.bars.ts)

    def __iter__(self) -> Iterator[Segment]:
        return (self[n] for n in range(len(self)))

    @property
    def reason(self) -> str | None:
        """Why there is not a single segment; None where there are some."""
        return None if len(self) else "; ".join(part.reason for part in self.found if part.reason) or "no bars"

    def locate(self, n: int) -> tuple[FoundSpans, int]:
        """The symbol of segment `n`, from 0, and the place of the segment among those of the symbol."""
        if not -len(self) <= n < len(self):
            raise IndexError(f"no segment {n}: there are {len(self)}")
        n %= len(self)
        which = int(np.searchsorted(self._ends, n, "right"))
        return self.found[which], n - int(self._ends[which - 1] if which else 0)

    def frame(self, horizons: Sequence[int] = HORIZONS) -> pd.DataFrame:
        """One row per segment with the bar it is known at and the forward returns from there.

        A condition is known at the close of the first bar at which it holds, any other segment at the close of its
        last bar: that bar opens at `signal_ts` and closes at `signal_close`. `return_5` is the close five bars later
        divided by `signal_close`, less 1; NaN where the bars end before.

        Args:
            horizons: Bars after the signal.

        Raises:
            InvalidParameterError: If a horizon is not a whole number from 1.
        """
        import pandas as pd

        horizons = check_horizons(horizons)
        frames = [_frame(part, horizons) for part in self.found if len(part.spans)]
        return pd.concat(frames or [_frame(self.found[0], horizons)], ignore_index=True)

    def distribution(self, horizons: Sequence[int] = HORIZONS) -> pd.DataFrame:
        """How forward returns are spread after the segments, against the same after every bar of the same symbols.

        Args:
            horizons: Bars after the signal.

        Returns:
            Two rows per horizon, `signals` and `all bars`: count, mean, median, std, hit_rate (the share above zero)
            and quantiles.
        """
        import pandas as pd

        rows = self.spreads(horizons)
        index = pd.MultiIndex.from_tuples(rows, names=["horizon", "sample"])
        return pd.DataFrame([asdict(row) for row in rows.values()], index=index)

    def spreads(self, horizons: Sequence[int] = HORIZONS) -> dict[tuple[int, str], ReturnSpread]:
        """`distribution` as values: (horizon, sample) → how its returns are spread."""
        samples = self.returns(horizons)
        return {key: spread(returns) for key, returns in samples.items()}

    def returns(self, horizons: Sequence[int] = HORIZONS) -> dict[tuple[int, str], FloatArray]:
        """(horizon, sample) → all forward returns of the sample."""
        samples: dict[tuple[int, str], FloatArray] = {}
        for horizon in check_horizons(horizons):
            of_symbols = [(part, forward_returns(part.bars.close, horizon)) for part in self.found]
            empty = np.empty(0)
            samples[horizon, SIGNALS] = np.concatenate([empty, *(r[part.spans.signal] for part, r in of_symbols)])
            samples[horizon, ALL_BARS] = np.concatenate([empty, *(r for _part, r in of_symbols)])
        return samples

    def figure(self, spec: ChartSpec | None = None, horizons: Sequence[int] = HORIZONS) -> go.Figure:
        """A Plotly figure of the distribution: after the segments, against all bars."""
        from barscope.charts.forward_returns import returns_figure

        samples = self.returns(horizons)
        pairs = {h: (samples[h, SIGNALS], samples[h, ALL_BARS]) for h in check_horizons(horizons)}
        return returns_figure(pairs, spec, reason=self.reason)


def find_segments(
    how: Cutting,
    symbols: Sequence[str],
    read: Callable[[str], SymbolColumns],
    period: BarPeriod,
    zone: str,
    on_symbol: Callable[[int, str], None] = lambda _done, _symbol: None,
) -> Segments:
    """Cut the bars of some symbols.

    Args:
        how: The way to cut them.
        symbols: The symbols, in order.
        read: Gives the bars and series of a symbol when its turn comes.
        period: Length of a bar.
        zone: Time zone of calendar intervals where `how` names none.
        on_symbol: Called before each symbol with how many are done; what it raises ends the search.

    Raises:
        InvalidParameterError: If a condition names a series that is not there, or `how` is none of the ways.
    """
    check_cutting(how)
    found = []
    for done, symbol in enumerate(symbols):
        on_symbol(done, symbol)
        of_symbol = read(symbol)
        spans = how.spans(of_symbol, period, zone)
        reason = None
        if not len(spans) and isinstance(how, ByCondition):
            reason = why_none(how.condition, columns_of(of_symbol.bars, of_symbol.series), symbol)
        found.append(FoundSpans(symbol, of_symbol.bars, spans, reason))
    return Segments(how, found)


def _frame(part: FoundSpans, horizons: tuple[int, ...]) -> pd.DataFrame:
    import pandas as pd

    spans, ts, close = part.spans, part.bars.ts, part.bars.close
    nowhere = np.full(len(spans), _NO_TIME)
    first, stop = spans.condition or (spans.start, spans.start)
    condition_times = (ts[first], ts[stop - 1]) if spans.condition else (nowhere, nowhere)
    columns: dict[str, Any] = {
        "symbol": part.symbol,
        "segment_num": np.arange(1, len(spans) + 1),
        "start_ts": _times(ts[spans.start]),
        "end_ts": _times(ts[spans.stop - 1]),
        "condition_start_ts": _times(condition_times[0]),
        "condition_end_ts": _times(condition_times[1]),
        "bar_count": spans.stop - spans.start,
        "condition_bar_count": stop - first,
        "signal_ts": _times(ts[spans.signal]),
        "signal_close": close[spans.signal],
    }
    columns |= {f"return_{h}": forward_returns(close, h)[spans.signal] for h in horizons}
    return pd.DataFrame(columns)


def _times(ts: IntArray) -> pd.DatetimeIndex:
    import pandas as pd

    return pd.DatetimeIndex(ts.view("datetime64[ns]")).tz_localize("UTC")
