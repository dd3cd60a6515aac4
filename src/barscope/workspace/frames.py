"""Values as pandas DataFrames, for people."""

from __future__ import annotations

from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

    from barscope.domain.bars import Bars, FloatArray


def bars_frame(bars: Bars) -> pd.DataFrame:
    """Open, high, low, close and volume, indexed by the open of each bar's interval, UTC."""
    import pandas as pd

    columns = {name: getattr(bars, name) for name in ("open", "high", "low", "close", "volume")}
    return pd.DataFrame(columns, index=_index(bars))


def series_frame(bars: Bars, series: Mapping[str, FloatArray]) -> pd.DataFrame:
    """One column per series, indexed by the open of each bar's interval, UTC."""
    import pandas as pd

    return pd.DataFrame(dict(series), index=_index(bars))


def values_frame(values: Sequence[Any], kind: type, times: Sequence[str] = ()) -> pd.DataFrame:
    """A table with a row per frozen value; nanoseconds in the columns `times` become UTC timestamps."""
    import pandas as pd

    frame = pd.DataFrame([asdict(value) for value in values], columns=[field.name for field in fields(kind)])
    for column in times:
        frame[column] = pd.to_datetime(frame[column], unit="ns", utc=True)
    return frame


def _index(bars: Bars) -> pd.DatetimeIndex:
    import pandas as pd

    return pd.DatetimeIndex(bars.ts.view("datetime64[ns]"), name="ts_event").tz_localize("UTC")
