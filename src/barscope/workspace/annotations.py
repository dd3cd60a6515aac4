"""Annotations as a notebook writes and reads them: times as people write them, and a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from barscope.domain.annotations import Annotation, Point
from barscope.errors import InvalidParameterError, cut

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd

    from barscope.store.annotations import StoredAnnotation


def annotation_at(
    kind: Any,  # noqa: ANN401  # checked by Annotation
    points: Iterable[tuple[Any, float]],
    text: str = "",
    colour: str | None = None,
) -> Annotation:
    """An annotation at (time, price) pairs; a time is ns, or anything pandas reads as one, UTC where it has no zone.

    Raises:
        InvalidParameterError: If a time or a price is none, or the kind wants other points.
    """
    return Annotation(kind, tuple(Point(_ns(time), price) for time, price in points), text, colour)


def _ns(time: Any) -> int:  # noqa: ANN401  # as pandas.Timestamp takes it
    import pandas as pd

    if isinstance(time, int):
        return time
    try:
        stamp = pd.Timestamp(time)
        known = stamp.tz_localize("UTC") if stamp.tzinfo is None else stamp.tz_convert("UTC")
        return int(known.as_unit("ns").value)
    except (ValueError, TypeError, OverflowError, AttributeError) as error:
        raise InvalidParameterError(f"time {cut(repr(time))} is not a time: write 2024-01-31 09:30") from error


def annotations_frame(stored: Iterable[StoredAnnotation]) -> pd.DataFrame:
    """One row per annotation; `start`, `end` (UTC) and the prices are those of its first and last point."""
    import pandas as pd

    rows = [
        {
            "annotation_id": s.annotation_id,
            "publisher_id": s.publisher_id,
            "symbol": s.symbol,
            "symbol_type": s.symbol_type,
            "kind": s.annotation.kind,
            "text": s.annotation.text,
            "start": s.annotation.points[0].ts_ns,
            "end": s.annotation.points[-1].ts_ns,
            "start_price": s.annotation.points[0].price,
            "end_price": s.annotation.points[-1].price,
            "colour": s.annotation.colour,
            "created_at": s.created_at,
        }
        for s in stored
    ]
    frame = pd.DataFrame(rows, columns=_FRAME)
    for column in ("start", "end"):
        frame[column] = pd.to_datetime(frame[column], unit="ns", utc=True)
    return frame


_FRAME = [
    *("annotation_id", "publisher_id", "symbol", "symbol_type", "kind", "text", "start", "end"),
    *("start_price", "end_price", "colour", "created_at"),
]
