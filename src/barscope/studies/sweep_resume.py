"""Children that an earlier sweep computed already: the same code and settings, the same bars, the same parameters."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

import polars as pl

from barscope.studies.sweep_frame import DONE, PARAM, from_bytes, schema_of

if TYPE_CHECKING:
    from barscope.store.runs import RunStore
    from barscope.studies.sweep_plan import SweepPlan

_NUMBER = "combination"


class EarlierChildren:
    """The children of the sweeps of one key.

    Args:
        runs: Where they are recorded.
        key: The key of their plans; see `SweepPlan.key`.
        besides: The sweep that asks, which is not looked at.
    """

    def __init__(self, runs: RunStore, key: str, besides: str = "") -> None:
        self._frames: dict[tuple[str, str], list[pl.DataFrame]] = defaultdict(list)
        for record in runs.list_runs(mode="sweep"):
            if record.config.get("sweep_key") != key or record.run_id == besides:
                continue
            for chunk in runs.sweep_chunks.read(record.run_id):
                self._frames[chunk.symbol, chunk.fingerprint].append(from_bytes(chunk.data))

    def of(self, symbol: str, fingerprint: str, plan: SweepPlan) -> tuple[pl.DataFrame, list[int]]:
        """Those of a symbol over the same bars that a plan has too.

        Returns:
            The children, with the numbers of the plan, and the numbers of all combinations the plan tries.
        """
        wanted = list(plan.numbers)
        schema = schema_of(plan.combinations, plan.work.way)
        params = [name for name in schema if name.startswith(PARAM)]
        kinds = {name: schema[name] for name in params}
        same = [
            frame.filter(pl.col("state") == DONE).drop(_NUMBER)
            for frame in self._frames.get((symbol, fingerprint), ())
            if {name for name in frame.columns if name.startswith(PARAM)} == set(params)
        ]
        if not same:
            return pl.DataFrame(schema=schema), wanted
        known = pl.concat(same, how="vertical_relaxed").unique(params, keep="first")
        asked = pl.DataFrame({_NUMBER: wanted, **_columns(plan, schema, wanted)})
        found = asked.join(known.cast(pl.Schema(kinds)), on=params, how="inner")
        return found.select(list(schema)).cast(pl.Schema(schema)), wanted


def _columns(plan: SweepPlan, schema: dict[str, Any], numbers: list[int]) -> dict[str, pl.Series]:
    """The parameters of some combinations as columns of a frame."""
    values = plan.combinations.take(numbers).columns
    return {f"{PARAM}{name}": pl.Series(column, dtype=schema[f"{PARAM}{name}"]) for name, column in values.items()}
