"""Ingestion: a file or frame, through the reader, into the security master, in one transaction."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from os import PathLike
from typing import TYPE_CHECKING, Any

from barscope.domain.instruments import PublisherName
from barscope.domain.reference import IngestedFile
from barscope.errors import InvalidParameterError
from barscope.ingest.report import IngestReport

if TYPE_CHECKING:
    from pathlib import Path

    from barscope.ingest.batch import Batch
    from barscope.ingest.report import ParsedSource
    from barscope.ingest.source import Source
    from barscope.store.secmaster import SecurityMaster

Tell = Callable[[float, str], None]
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
    on_progress: Tell | None = None,
    **options: Any,  # noqa: ANN401  # those of `read_source`
) -> IngestReport:
    """Store the bars of a file or frame: all of its good rows, or nothing.

    Of a vendor's batch each file is stored by itself. What was stored before, up to a failure or by an earlier call, is
    not read again unless `replace` is set.

    Args:
        secmaster: Where to.
        source: A CSV, Parquet, `.dbn` or `.dbn.zst` file, a vendor's batch (`.zip` or folder), or a pandas or polars
            frame.
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
    from pathlib import Path

    from barscope.ingest import read_source
    from barscope.ingest.batch import is_batch

    tell = on_progress or (lambda _part, _what: None)
    owner_of = partial(_publisher, publisher_id=publisher_id, name=publisher, dataset=dataset, venue=venue)
    if isinstance(source, str | PathLike) and is_batch(Path(source)):
        return _ingest_batch(secmaster, Path(source), owner_of, tell, replace=replace, options=options)
    parsed = read_source(source, on_progress=lambda part: tell(part * 0.5, "reading"), **options)
    report = _store(secmaster, parsed, owner_of(parsed.publisher), tell, replace=replace)
    tell(1.0, "done")
    return report


def _store(
    secmaster: SecurityMaster,
    parsed: ParsedSource,
    owner: int | PublisherName,
    tell: Tell,
    *,
    replace: bool,
    file: IngestedFile | None = None,
) -> IngestReport:
    """Write a parsed source, all of it or nothing."""
    total = max(1, sum(len(batch.bars) for batch in parsed.batches))
    known = _known_reference(secmaster, owner, parsed)
    counts = secmaster.write(
        owner,
        parsed.batches,
        parsed.symbology,
        replace=replace,
        definitions=parsed.definitions,
        open_interest=parsed.open_interest,
        file=file,
        on_rows=lambda rows: tell(0.5 + 0.5 * min(1.0, rows / total), "storing"),
    )
    told = len(parsed.definitions) + len(parsed.open_interest)
    return IngestReport.of(
        parsed,
        inserted=counts.inserted + told - known,
        unchanged=counts.unchanged + known,
        replaced=counts.replaced,
        publisher_id=_id_of(owner, secmaster),
    )


def _known_reference(secmaster: SecurityMaster, owner: int | PublisherName, parsed: ParsedSource) -> int:
    """How many definitions are stored already as they are."""
    publisher_id = _find(owner, secmaster)
    if publisher_id is None or not parsed.definitions:
        return 0
    return len(set(parsed.definitions) & set(secmaster.reference.definitions(publisher_id)))


def _ingest_batch(
    secmaster: SecurityMaster,
    path: Path,
    owner_of: Callable[[PublisherName | None], int | PublisherName],
    tell: Tell,
    *,
    replace: bool,
    options: dict[str, Any],
) -> IngestReport:
    """Store the files of a vendor's batch, each all or nothing; what was stored before is found by its hash."""
    from barscope.ingest.batch import distinct, open_batch, read_file
    from barscope.ingest.options import ReadOptions

    asked = ReadOptions(**options)
    with open_batch(path) as batch:
        owner = owner_of(batch.publisher)
        _store_names(secmaster, batch, owner, asked.symbol, replace=replace)
        publisher_id = _id_of(owner, secmaster)
        before = {} if replace or asked.symbol else secmaster.reference.ingested(publisher_id)
        files = distinct(batch.files)
        reports: list[IngestReport] = []
        for n, file in enumerate(files):
            step = partial(_tell_file, tell, n, len(files))
            if file.file_hash in before:
                reports.append(IngestReport.stored_before(file.name, before[file.file_hash].rows))
                continue
            step(0.0, f"reading {file.name}")
            parsed = read_file(batch, file, asked)
            whole = asked.symbol is None and not parsed.rejected
            mark = IngestedFile(file.file_hash, file.name, parsed.read) if whole else None
            reports.append(_store(secmaster, parsed, owner, step, replace=replace, file=mark))
    tell(1.0, "done")
    symbols = {entry.symbol for entry in batch.symbology} if asked.symbol is None else {asked.symbol}
    return IngestReport.together(path.name, reports, symbols, batch.notes, publisher_id)


def _tell_file(tell: Tell, n: int, total: int, part: float, what: str) -> None:
    tell((n + part) / total, what)


def _store_names(
    secmaster: SecurityMaster, batch: Batch, owner: int | PublisherName, symbol: str | None, *, replace: bool
) -> None:
    """Write what the symbols of a batch mean, unless this very file was stored before."""
    publisher_id, file = _find(owner, secmaster), batch.symbology_file
    before = secmaster.reference.ingested(publisher_id) if publisher_id is not None and not replace else {}
    if file is not None and file.file_hash in before:
        return
    names = [entry for entry in batch.symbology if symbol in (None, entry.symbol)]
    mark = IngestedFile(file.file_hash, file.name) if file is not None and symbol is None else None
    secmaster.write(owner, [], names, replace=replace, file=mark)


def _find(owner: int | PublisherName, secmaster: SecurityMaster) -> int | None:
    """The id of a publisher; None where it is not stored yet."""
    if not isinstance(owner, PublisherName):
        return owner
    return next((p.publisher_id for p in secmaster.publishers() if (p.name, p.dataset) == owner[:2]), None)


def ingest_definitions(secmaster: SecurityMaster, source: Source, **publisher: Any) -> int:  # noqa: ANN401
    """Store what futures are and when they expire.

    Args:
        secmaster: Where to.
        source: A frame or CSV file with the columns `symbol` and `expiration`; also read are `root` (the symbol says
            it otherwise), `first_notice`, `activation`, `tick_size`, `multiplier` and `currency`.
        publisher: `publisher_id`, or `publisher`, `dataset` and `venue`, as for the bars.

    Returns:
        How many there are.

    Raises:
        DataError: If a column is missing, or a row is no definition; nothing is written then.
    """
    from barscope.ingest.reference_table import definitions_of

    definitions = definitions_of(source)
    secmaster.write(_named(**publisher), [], definitions=definitions)
    return len(definitions)


def ingest_open_interest(secmaster: SecurityMaster, source: Source, **publisher: Any) -> int:  # noqa: ANN401
    """Store the open interest of contracts.

    Args:
        secmaster: Where to.
        source: A frame or CSV file with the columns `symbol`, `date` and `open_interest`; also read is `known`, when it
            was published. Without it a value counts from two days after its date on.
        publisher: As in `ingest_definitions`.

    Returns:
        How many values there are.

    Raises:
        DataError: If a column is missing, a row is no open interest, or a symbol has no bars; nothing is written then.
    """
    from barscope.ingest.reference_table import open_interest_of

    values = open_interest_of(source)
    secmaster.write(_named(**publisher), [], open_interest=values)
    return len(values)


def _named(
    publisher_id: int | None = None, publisher: str | None = None, dataset: str | None = None, venue: str | None = None
) -> int | PublisherName:
    return _publisher(None, publisher_id, publisher, dataset, venue)


def _id_of(owner: int | PublisherName, secmaster: SecurityMaster) -> int:
    found = _find(owner, secmaster)
    assert found is not None  # noqa: S101  # it has just been written
    return found


def _publisher(
    said: PublisherName | None, publisher_id: int | None, name: str | None, dataset: str | None, venue: str | None
) -> int | PublisherName:
    if publisher_id is not None:
        if name or dataset or venue:
            raise InvalidParameterError("give either publisher_id or publisher, dataset and venue, not both")
        return publisher_id
    stated = said or LOCAL
    if name is None:
        return PublisherName(stated.name, dataset or stated.dataset, venue or stated.venue)
    return PublisherName(name, dataset or name, venue)
