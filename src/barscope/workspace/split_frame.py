"""Splits as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from barscope.studies.splits import REGIONS

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd

    from barscope.studies.splits import Split

_COLUMNS = ("name", "symbols", "publisher_id", "rtype", "train_pct", "dev_pct")


def splits_frame(splits: Iterable[Split]) -> pd.DataFrame:
    """One row per split: what it divides, and of each region its first and last day and its stored bars."""
    import pandas as pd

    columns = [*_COLUMNS, *(f"{region}_{what}" for region in REGIONS for what in ("start", "end", "bars"))]
    return pd.DataFrame([_row(split) for split in splits], columns=columns)


def _row(split: Split) -> dict[str, object]:
    row: dict[str, object] = {column: getattr(split.stored, column) for column in _COLUMNS}
    row["symbols"] = ", ".join(split.stored.symbols)
    for region in split.regions:
        row |= {
            f"{region.name}_start": region.start_date,
            f"{region.name}_end": region.end_date,
            f"{region.name}_bars": region.bars,
        }
    return row
