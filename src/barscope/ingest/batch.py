"""A batch as Databento delivers it: a zip archive or a folder with a manifest, metadata, symbology and data files.

The manifest lists each file with its size and SHA-256. A file is taken to an own temporary place, checked against the
manifest, and only then read.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Protocol

import polars as pl

from barscope.errors import UnknownSymbolError, VendorFileError, close_matches, cut
from barscope.ingest.archive import CHUNK, Archive
from barscope.ingest.dbn import publisher_of, read_dbn
from barscope.ingest.dbn_records import REFERENCE_RTYPES, RTYPES
from barscope.ingest.options import ReadOptions, unheard
from barscope.ingest.report import ParsedSource
from barscope.ingest.symbology import symbology

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from barscope.domain.batches import SymbologyEntry
    from barscope.domain.instruments import PublisherName

MANIFEST, METADATA, SYMBOLOGY, CONDITION = "manifest.json", "metadata.json", "symbology.json", "condition.json"
_MOST_JSON = 256 * 1024**2
_AGAIN = "download the batch again"


class Package(Protocol):
    """Files that came together."""

    source: str

    @property
    def sizes(self) -> Mapping[str, int]:
        """Name → size in bytes."""

    def chunks(self, name: str) -> Iterator[bytes]:
        """The content of a file."""

    def close(self) -> None:
        """Lets go of it."""


class Folder:
    """The files of a folder; those of folders in it are not looked at."""

    def __init__(self, path: Path) -> None:
        self.source = path.name
        self._path = path
        self.sizes = {p.name: p.stat().st_size for p in sorted(path.iterdir()) if p.is_file() and not p.is_symlink()}

    def chunks(self, name: str) -> Iterator[bytes]:
        """The content of a file."""
        with (self._path / name).open("rb") as file:
            while chunk := file.read(CHUNK):
                yield chunk

    def close(self) -> None:
        """Nothing is open."""


@dataclass(frozen=True, slots=True)
class BatchFile:
    """A file as the manifest lists it; `file_hash` is `sha256:` and 64 hexadecimal digits."""

    name: str
    size: int
    file_hash: str


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch whose manifest holds.

    Attributes:
        package: Where its files are.
        publisher: Whose data they are.
        files: The data files.
        symbology: What its symbols mean.
        symbology_file: The file that says so; None where there is none.
        notes: What was noticed, one sentence each.
    """

    package: Package
    publisher: PublisherName
    files: tuple[BatchFile, ...]
    symbology: tuple[SymbologyEntry, ...]
    symbology_file: BatchFile | None
    notes: tuple[str, ...]

    @contextmanager
    def unpacked(self, file: BatchFile) -> Iterator[Path]:
        """A temporary copy of a data file that is what the manifest says.

        Raises:
            VendorFileError: If it is not.
        """
        with tempfile.TemporaryDirectory(prefix="barscope-") as folder:
            path = Path(folder) / PurePosixPath(file.name).name
            with path.open("wb") as copy:
                for chunk in _verified(self.package, file):
                    copy.write(chunk)
            yield path


@contextmanager
def open_batch(path: Path) -> Iterator[Batch]:
    """A zip archive or folder as a batch.

    Raises:
        DataError: If it cannot be opened.
        VendorFileError: If it is no batch of DBN files, a file is missing, not listed or not of the size the manifest
            says, or the archive plays a trick.
        ConflictingSymbologyError: If its symbology names two instruments for a symbol, and nothing tells which.
    """
    package: Package = Folder(path) if path.is_dir() else Archive(path)
    try:
        listed = _manifest(package)
        yield _batch(package, listed)
    finally:
        package.close()


def _batch(package: Package, listed: Mapping[str, BatchFile]) -> Batch:
    notes = _check_files(package, listed)
    files = tuple(file for name, file in listed.items() if name.endswith((".dbn", ".dbn.zst")))
    for file in set(listed.values()) - set(files):
        for _ in _verified(package, file):
            pass  # read to its end, where it is compared
    if METADATA not in listed:
        raise VendorFileError(f"{package.source}: its manifest lists no {METADATA}: {_AGAIN}")
    query = _object(_json(package, listed[METADATA]).get("query"), f"the query in {METADATA}", package)
    encoding, schema, dataset = (str(query.get(name)) for name in ("encoding", "schema", "dataset"))
    if encoding != "dbn" or schema not in (*RTYPES, *REFERENCE_RTYPES):
        read = f"{', '.join((*RTYPES, *REFERENCE_RTYPES))} as dbn"
        raise VendorFileError(f"{package.source}: it holds {cut(schema)} as {cut(encoding)}: what is read is {read}")
    names = _json(package, listed[SYMBOLOGY]) if SYMBOLOGY in listed else {}
    stype_in, stype_out = (names.get(s) or query.get(s) for s in ("stype_in", "stype_out"))
    meanings, more = symbology(_mappings(names, package), stype_in, stype_out, package.source)
    notes += _conditions(package, listed)
    if not files:
        raise VendorFileError(f"{package.source}: its manifest lists no .dbn file: {_AGAIN}")
    return Batch(package, publisher_of(dataset), files, meanings, listed.get(SYMBOLOGY), (*notes, *more))


def _manifest(package: Package) -> dict[str, BatchFile]:
    """Name → what the manifest lists."""
    if MANIFEST not in package.sizes:
        raise VendorFileError(
            f"{package.source}: it has no {MANIFEST}: choose the folder or archive of a whole batch, or its .dbn files"
        )
    manifest = _json(package, BatchFile(MANIFEST, package.sizes[MANIFEST], ""))
    found: dict[str, BatchFile] = {}
    for entry in _list(manifest.get("files"), f"the files in {MANIFEST}", package):
        entry = _object(entry, f"a file in {MANIFEST}", package)
        name, size, told = entry.get("filename"), entry.get("size"), entry.get("hash")
        is_hash = isinstance(told, str) and len(told) == 71 and told.startswith("sha256:")
        if not isinstance(name, str) or not isinstance(size, int) or not is_hash or name in found:
            raise VendorFileError(f"{package.source}: {MANIFEST} is damaged at {cut(entry)}: {_AGAIN}")
        found[name] = BatchFile(name, size, str(told).lower())
    return found


def _check_files(package: Package, listed: Mapping[str, BatchFile]) -> list[str]:
    """What the manifest lists is there; notes on what else is in a folder, and on files that are there twice."""
    for name, file in listed.items():
        size = package.sizes.get(name)
        if size is None:
            raise VendorFileError(f"{package.source}: {cut(name)} is missing, its manifest lists it: {_AGAIN}")
        if size != file.size:
            raise VendorFileError(
                f"{package.source}: {cut(name)} has {size:,} bytes, its manifest says {file.size:,}: {_AGAIN}"
            )
    others = sorted(package.sizes.keys() - listed.keys() - {MANIFEST})
    if others and isinstance(package, Archive):
        raise VendorFileError(f"{package.source}: {cut(others[0])} is not in its manifest: {_AGAIN}")
    notes = [f"{len(others):,} files are not in the manifest and were not read, as {cut(others[0])}"] if others else []
    first: dict[str, str] = {}
    for name, file in listed.items():
        if file.file_hash in first:
            notes.append(f"{cut(name)} is the same file as {cut(first[file.file_hash])}: it was read once")
        first.setdefault(file.file_hash, name)
    return notes


def _verified(package: Package, file: BatchFile) -> Iterator[bytes]:
    """The content of a file; raises at its end if it is not what the manifest says."""
    digest, n_bytes = hashlib.sha256(), 0
    for chunk in package.chunks(file.name):
        digest.update(chunk)
        n_bytes += len(chunk)
        if n_bytes > file.size:
            break
        yield chunk
    if n_bytes != file.size or (file.file_hash and f"sha256:{digest.hexdigest()}" != file.file_hash):
        raise VendorFileError(
            f"{package.source}: {cut(file.name)} is not the file its manifest lists (its SHA-256 "
            f"differs); nothing of it was stored: {_AGAIN}"
        )


def _conditions(package: Package, listed: Mapping[str, BatchFile]) -> list[str]:
    """A note on the days whose data the vendor calls incomplete."""
    if CONDITION not in listed:
        return []
    days = [_object(day, CONDITION, package) for day in _list(_parsed(package, listed[CONDITION]), CONDITION, package)]
    poor = [str(day.get("date")) for day in days if day.get("condition") != "available"]
    return [f"the vendor calls {len(poor):,} days incomplete, as {cut(poor[0])}"] if poor else []


def _json(package: Package, file: BatchFile) -> dict[str, Any]:
    """A JSON object in a file."""
    return _object(_parsed(package, file), file.name, package)


def _parsed(package: Package, file: BatchFile) -> object:
    """What a JSON file says."""
    if file.size > _MOST_JSON:
        raise VendorFileError(f"{package.source}: {cut(file.name)} has {file.size:,} bytes, too many for its kind")
    try:
        content: object = json.loads(b"".join(_verified(package, file)))
    except (ValueError, RecursionError) as error:
        raise VendorFileError(f"{package.source}: {cut(file.name)} is not JSON ({cut(error)}): {_AGAIN}") from None
    return content


def _mappings(names: Mapping[str, Any], package: Package) -> Iterator[tuple[str, str, str, str]]:
    for symbol, intervals in _object(names.get("result", {}), f"the result in {SYMBOLOGY}", package).items():
        for interval in _list(intervals, f"{cut(symbol)} in {SYMBOLOGY}", package):
            interval = _object(interval, f"{cut(symbol)} in {SYMBOLOGY}", package)
            start, end, number = (str(interval.get(key) or "") for key in ("d0", "d1", "s"))
            yield symbol, start, end, number


def _object(value: object, what: str, package: Package) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise VendorFileError(f"{package.source}: {what} is no JSON object: {_AGAIN}")
    return value


def _list(value: object, what: str, package: Package) -> list[Any]:
    if not isinstance(value, list):
        raise VendorFileError(f"{package.source}: {what} is no list: {_AGAIN}")
    return value


def read_file(batch: Batch, file: BatchFile, options: ReadOptions) -> ParsedSource:
    """What is in one data file of a batch; raises as `read_dbn`, and as `Batch.unpacked`."""
    names = batch.symbology if batch.symbology_file else None
    if names is not None and options.symbol is not None:
        names = tuple(entry for entry in names if entry.symbol == options.symbol)
        if not names:
            known = {entry.symbol for entry in batch.symbology}
            raise UnknownSymbolError(options.symbol, close_matches(options.symbol, known))
    with batch.unpacked(file) as path:
        parsed = read_dbn(path, options, names=names)
    return replace(parsed, unverified=None)  # the manifest has vouched for it


def distinct(files: Iterable[BatchFile]) -> list[BatchFile]:
    """The files, each content once."""
    return list({file.file_hash: file for file in reversed(list(files))}.values())[::-1]


def read_batch(path: Path, options: ReadOptions) -> ParsedSource:
    """All that is in a batch, as one source; raises as `open_batch` and `read_file`."""
    with open_batch(path) as batch:
        files = distinct(batch.files)
        parts = []
        for n, file in enumerate(files):
            parts.append(read_file(batch, file, replace(options, on_progress=unheard)))
            options.on_progress((n + 1) / len(files))
        rejected = pl.concat([rejected_rows_of(part.source, part.rejected_rows) for part in parts])
        reasons = sum((Counter(part.reasons) for part in parts), Counter[str]())
        notes = (f"{part.source}: {note}" for part in parts for note in part.notes)
        entries = batch.symbology if batch.symbology_file else (e for part in parts for e in part.symbology)
        return ParsedSource(
            path.name,
            tuple(bars for part in parts for bars in part.batches),
            tuple(e for e in entries if options.symbol in (None, e.symbol)),
            sum(part.read for part in parts),
            rejected,
            dict(reasons),
            (*batch.notes, *notes),
            batch.publisher,
            tuple(definition for part in parts for definition in part.definitions),
            tuple(value for part in parts for value in part.open_interest),
        )


def rejected_rows_of(name: str, rows: pl.DataFrame) -> pl.DataFrame:
    """Rejected rows whose text begins with the name of their file."""
    return rows.with_columns(text=pl.concat_str(pl.lit(f"{name}: "), pl.col("text")))


def is_batch(path: Path) -> bool:
    """Whether a path is to be read as a batch: a zip archive, or a folder with a manifest."""
    return path.suffix.lower() == ".zip" or (path.is_dir() and (path / MANIFEST).exists())
