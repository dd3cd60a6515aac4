"""From the record of a sweep to its result."""

from __future__ import annotations

from typing import TYPE_CHECKING

from barscope.errors import InvalidParameterError, StoreError
from barscope.studies.recorded_request import request_of
from barscope.studies.sweep_frame import DONE, FAILED, from_bytes, placed
from barscope.studies.sweep_request import SweepRequest
from barscope.studies.sweep_result import SweepResult

if TYPE_CHECKING:
    from barscope.store.run_reader import RunReader, RunRecord


def read_sweep(runs: RunReader, record: RunRecord) -> SweepResult:
    """What is recorded of a sweep.

    Raises:
        InvalidParameterError: If the run is no sweep.
        StoreError: If the record is damaged.
    """
    request = request_of(record.config)
    if not isinstance(request, SweepRequest):
        raise InvalidParameterError(f"run {record.run_id} is no sweep")
    config = record.config
    chunks = tuple(runs.sweep_chunks.read(record.run_id))
    told = record.metadata.get("sweep", {})
    if record.status == "completed" and sum(chunk.n for chunk in chunks) != told.get(DONE, 0) + told.get(FAILED, 0):
        raise StoreError(f"sweep {record.run_id} lacks a part of what it recorded: run it again")
    frames = tuple(placed(from_bytes(chunk.data), chunk.stretch, chunk.symbol) for chunk in chunks)
    reasons = {int(number): why for number, why in config["reasons"].items()}
    return SweepResult(
        request,
        config["way"],
        frames,
        config["axes"],
        config["combinations"],
        config["skipped"],
        reasons,
        told.get("reused", 0),
    )
