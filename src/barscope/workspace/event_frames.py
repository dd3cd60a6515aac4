"""Events, round trips and equity of a backtest as pandas DataFrames, for people."""

from __future__ import annotations

from dataclasses import fields
from enum import Enum
from typing import TYPE_CHECKING, Any
from uuid import UUID

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    import pandas as pd

    from barscope.domain.equity import EquityCurve


def rows_frame(rows: Sequence[Any], kind: type, without: Collection[str] = ()) -> pd.DataFrame:
    """A table with a row per frozen value: ids as text, enumerations by member name, times as UTC timestamps.

    Args:
        rows: Values of one dataclass.
        kind: That class; its fields are the columns. Those whose name tells nanoseconds or a time become timestamps.
        without: Fields to leave out.
    """
    import pandas as pd

    names = [field.name for field in fields(kind) if field.name not in without]
    frame = pd.DataFrame([[_plain(getattr(row, name)) for name in names] for row in rows], columns=names)
    for name in names:
        if name.endswith(("_ns", "_ts")):
            frame[name] = pd.to_datetime(frame[name], unit="ns", utc=True)
    return frame.rename(columns={name: name.removesuffix("_ns") for name in names})


def equity_frame(curve: EquityCurve) -> pd.DataFrame:
    """Equity, cash, exposure, traded value and drawdown at each bar, indexed by the open of the bar, UTC."""
    import pandas as pd

    columns = {name: getattr(curve, name) for name in ("equity", "cash", "exposure", "traded", "drawdown")}
    index = pd.DatetimeIndex(curve.ts.view("datetime64[ns]"), name="ts_event").tz_localize("UTC")
    return pd.DataFrame(columns, index=index)


def _plain(value: object) -> object:
    if isinstance(value, Enum):
        return value.name
    return str(value) if isinstance(value, UUID) else value
