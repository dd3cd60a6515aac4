"""Ingestion: a file or frame, through the reader, into the security master, in one transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from barscope.domain.instruments import PublisherName
from barscope.errors import InvalidParameterError
from barscope.ingest.report import IngestReport

if TYPE_CHECKING:
    from collections.abc import Callable

    from barscope.ingest.report import ParsedSource
    from barscope.ingest.source import Source
    from barscope.store.secmaster import SecurityMaster

LOCAL = PublisherName("local", "LOCAL.FILES")
"""The publisher of bars whose file does not name one."""


def ingest_source(
    secmaster: SecurityMaster,
    source: Source,
    *,
    publisher_id: int | None = None,
    publisher: str | None = None,
    dataset: str | None = None,
    venue: str | None = None,
    replace: bool = False,
    on_progress: Callable[[float, str], None] | None = None,
    **options: Any,  # noqa: ANN401  # those of `read_source`
) -> IngestReport:
    """Store the bars of a file or frame: all of its good rows, or nothing.

    Args:
        secmaster: Where to.
        source: A CSV, Parquet, `.dbn` or `.dbn.zst` file, or a pandas or polars frame.
        publisher_id: An existing publisher. Otherwise `publisher` and `dataset` name it, or the file does.
        publisher: Name of the publisher; `local` where nothing says otherwise.
        dataset: Name of its dataset.
        venue: ISO 10383 code of the venue, which gives charts their time zone; kept with a new publisher.
        replace: Overwrite stored bars that differ; otherwise they refuse the whole source.
        on_progress: Told the part done, 0 to 1, and what is being done; may raise to stop.
        options: What the reader wants to know: `symbol`, `rtype`, `symbol_type`, `time_zone`, … (see `read_source`).

    Returns:
        Counts of rows read, inserted, unchanged, replaced and rejected, with the reasons.

    Raises:
        DataError: If the source cannot be read, holds no good row, or disagrees with stored bars.
        StoreError: If the security master cannot be written.
        InvalidParameterError: If an option does not fit.
    """
    from barscope.ingest import read_source

    tell = on_progress or (lambda _part, _what: None)
    parsed = read_source(source, on_progress=lambda part: tell(part * 0.5, "reading"), **options)
    total = max(1, sum(len(batch.bars) for batch in parsed.batches))
    owner = _publisher(parsed, publisher_id, publisher, dataset, venue)
    counts = secmaster.write(
        owner,
        parsed.batches,
        parsed.symbology,
        replace=replace,
        on_rows=lambda rows: tell(0.5 + 0.5 * min(1.0, rows / total), "storing"),
    )
    tell(1.0, "done")
    return IngestReport.of(
        parsed,
        inserted=counts.inserted,
        unchanged=counts.unchanged,
        replaced=counts.replaced,
        publisher_id=_id_of(owner, secmaster),
    )


def _id_of(owner: int | PublisherName, secmaster: SecurityMaster) -> int:
    if not isinstance(owner, PublisherName):
        return owner
    return next(p.publisher_id for p in secmaster.publishers() if (p.name, p.dataset) == owner[:2])


def _publisher(
    parsed: ParsedSource, publisher_id: int | None, name: str | None, dataset: str | None, venue: str | None
) -> int | PublisherName:
    if publisher_id is not None:
        if name or dataset or venue:
            raise InvalidParameterError("give either publisher_id or publisher, dataset and venue, not both")
        return publisher_id
    stated = parsed.publisher or LOCAL
    if name is None:
        return PublisherName(stated.name, dataset or stated.dataset, venue or stated.venue)
    return PublisherName(name, dataset or name, venue)
