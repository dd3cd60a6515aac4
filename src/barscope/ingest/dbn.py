"""Vendor files in DBN format (`.dbn`, `.dbn.zst`, versions 1 to 3): bars by instrument number, and symbology."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import polars as pl

from barscope.domain.bars import IntArray
from barscope.domain.batches import SymbologyEntry
from barscope.domain.instruments import PublisherName
from barscope.domain.time import MAX_NS
from barscope.errors import DataError, InvalidParameterError, VendorFileError, close_matches, cut
from barscope.ingest import dbn_child
from barscope.ingest.dbn_records import (
    REFERENCE_RTYPES,
    RTYPES,
    Records,
    definitions_of,
    open_interest_of,
    record_type,
)
from barscope.ingest.files import looks_like, most_unpacked, read_bytes
from barscope.ingest.headings import PRICES
from barscope.ingest.judge import Draft, InstrumentName, judge
from barscope.ingest.options import ReadOptions
from barscope.ingest.report import ParsedSource
from barscope.ingest.rows import Reason, Rows
from barscope.ingest.symbology import symbology as entries_of

VENDOR = "Databento"

_UNDEFINED_PRICE = 2**63 - 1
_UNDEFINED_TIME = 2**64 - 1


@dataclass(frozen=True, slots=True)
class DecodeLimits:
    """What unpacking one file may take."""

    memory_bytes: int = 1024**3
    cpu_seconds: int = 600
    wall_seconds: float = 900.0
    output_bytes: int = 16 * 1024**3


class VendorFile(NamedTuple):
    """What a decoder gives: metadata, records as `record_type` describes them, and why their number is unverified."""

    metadata: dict[str, Any]
    records: Records
    unverified: str | None = None


def read_dbn(
    path: Path,
    options: ReadOptions,
    *,
    limits: DecodeLimits | None = None,
    names: Sequence[SymbologyEntry] | None = None,
) -> ParsedSource:
    """What is in a vendor file: bars by instrument number, definitions or open interest, and its symbology.

    Args:
        path: The file.
        options: How it is to be understood.
        limits: What unpacking it may take.
        names: What its symbols mean, in place of what the file itself says.

    Raises:
        VendorFileError: If it is corrupt, truncated, of another schema, or its decoder dies.
        DataError: If it cannot be opened, holds bars of several publishers, or none of the symbol asked for.
        InvalidParameterError: If it is of another record type than asked for.
    """
    source = path.name
    options.on_progress(0.1)
    file = decode(path, limits or DecodeLimits())
    options.on_progress(0.6)
    if file.metadata["schema"] in REFERENCE_RTYPES:
        return _reference(file, source, names)
    rtype = _rtype(file, source, options.rtype)
    _check_records(file.records, rtype, source)
    symbology, notes = _entries(file, source, names)
    if names is None:
        records, symbology, named = _of_symbol(file.records, symbology, options, source)
    else:  # they are those of the symbol asked for already
        meant = [entry.source_instrument_id for entry in symbology]
        records = (
            file.records if options.symbol is None else file.records[np.isin(file.records["instrument_id"], meant)]
        )
        named = None
    ids, instrument = np.unique(records["instrument_id"].astype(np.int64), return_inverse=True)
    known = {entry.source_instrument_id for entry in symbology}
    nameless = [n for n in ids.tolist() if n not in known] if named is None else []
    if nameless:
        notes.append(
            f"{len(nameless):,} instruments have no symbol in the file, as {nameless[0]}: pass symbol= to name one"
        )
    if not len(records):
        notes.append("the file holds no bars")
    return judge(
        Draft(
            source,
            _rows(records, instrument),
            [InstrumentName(named, options.symbol_type if named else None, n) for n in ids.tolist()],
            np.arange(1, len(records) + 1),
            lambda wanted: [_text(records[row]) for row in wanted],
            notes,
            rtype,
            negative_prices=True,  # spreads and some futures trade below zero
            symbology=symbology,
            publisher=publisher_of(file.metadata["dataset"]),
            unverified=file.unverified,
        ),
        options,
    )


def publisher_of(dataset: str) -> PublisherName:
    """The publisher of one of the vendor's datasets, such as `GLBX.MDP3`."""
    return PublisherName(VENDOR, dataset, dataset.partition(".")[0] or None)


def _entries(
    file: VendorFile, source: str, names: Sequence[SymbologyEntry] | None
) -> tuple[tuple[SymbologyEntry, ...], list[str]]:
    """What the instruments of a file are called, and notes."""
    if names is None:
        stypes = (file.metadata["stype_in"], file.metadata["stype_out"])
        return entries_of(file.metadata["mappings"], *stypes, source)
    there = set(np.unique(file.records["instrument_id"]).tolist())
    return tuple(entry for entry in names if entry.source_instrument_id in there), []


def _reference(file: VendorFile, source: str, names: Sequence[SymbologyEntry] | None) -> ParsedSource:
    """The definitions or the open interest of a file."""
    schema = file.metadata["schema"]
    _check_records(file.records, REFERENCE_RTYPES[schema], source)
    entries, notes = _entries(file, source, names)
    found = definitions_of(file.records, source) if schema == "definition" else open_interest_of(file.records)
    told = len(found.definitions) + len(found.open_interest)
    rejected = pl.DataFrame(schema={"row": pl.Int64, "reason": pl.String, "text": pl.String})
    return ParsedSource(
        source,
        (),
        entries,
        told,
        rejected,
        {},
        (*notes, *found.notes),
        publisher_of(file.metadata["dataset"]),
        found.definitions,
        found.open_interest,
        file.unverified,
    )


def decode(path: Path, limits: DecodeLimits) -> VendorFile:
    """Unpacks a file in a child process under limits.

    Raises:
        DataError: If the file cannot be opened.
        VendorFileError: If the file is refused, or its decoder dies or takes too long.
    """
    source = path.name
    head = read_bytes(path, limit=16)
    if not head.startswith((b"DBN", b"\x28\xb5\x2f\xfd")):
        raise VendorFileError(f"{source}: not a DBN file but {looks_like(head)}")
    most = min(limits.output_bytes, most_unpacked(path.stat().st_size))
    numbers = (limits.memory_bytes, limits.cpu_seconds, most)
    # -P keeps the child from importing its neighbours here (numbers.py is also a standard module); unlike -I it leaves
    # the packages of the user in.
    command = [sys.executable, "-P", dbn_child.__file__, str(path.absolute()), *map(str, numbers)]
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as complaints:
        try:
            child = subprocess.run(  # noqa: S603  # our own interpreter and script
                command,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=complaints,
                timeout=limits.wall_seconds,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise VendorFileError(
                f"{source}: its decoder was stopped after {limits.wall_seconds:g} seconds: split the file"
            ) from None
        complaints.seek(0)
        said = complaints.read(4096)
        if child.returncode:
            raise VendorFileError(f"{source}: {_cause(child.returncode, said)}")
        out.seek(0)
        metadata = json.loads(out.readline())
        kind = record_type(metadata["schema"], metadata["version"], ts_out=metadata["ts_out"])
        return VendorFile(metadata, np.fromfile(out, dtype=kind), _unverified(said))


def _unverified(said: bytes) -> str | None:
    """What a decoder says of the number of records, among whatever Python itself may have said."""
    _, found, why = said.decode("utf-8", "replace").partition(dbn_child.UNVERIFIED)
    return cut(why, 200) if found else None


def _cause(status: int, complaints: bytes) -> str:
    """Why a decoder ended with a status other than 0."""
    lines = complaints.decode("utf-8", "replace").strip().splitlines() or ["it gave no reason"]
    if status == dbn_child.REFUSED:
        return lines[-1]
    if status < 0:
        return f"its decoder died ({signal.Signals(-status).name}): the file is corrupt, or too large for the limits"
    return f"its decoder failed, the file is corrupt: {cut(lines[-1], 200)}"


def _rtype(file: VendorFile, source: str, asked: int | None) -> int:
    schema = file.metadata["schema"]
    if schema not in RTYPES:
        held = f"the schema {cut(schema)}" if schema else "records of several schemas"
        raise VendorFileError(f"{source}: it holds {held}: bars are read from {', '.join(RTYPES)}")
    rtype = RTYPES[schema]
    if asked not in (None, rtype):
        raise InvalidParameterError(
            f"{source}: it holds {schema}, which is rtype {rtype}, not {asked}: leave rtype out"
        )
    return rtype


def _check_records(records: Records, rtype: int, source: str) -> None:
    """Refuses a file with a record of another length or type, and one that mixes publishers."""
    odd = (records["length"] != records.dtype.itemsize // 4) | (records["rtype"] != rtype)
    if odd.any():
        at = int(np.argmax(odd))
        found = f"type {records['rtype'][at]}, {int(records['length'][at]) * 4} bytes"
        which = f"record {at + 1:,} of {len(records):,}"
        kind = "a bar" if rtype in RTYPES.values() else "a record"
        raise VendorFileError(f"{source}: {which} is not {kind} of rtype {rtype} ({found}): get the file again")
    publishers = np.unique(records["publisher_id"])
    if len(publishers) > 1:
        numbers = ", ".join(map(str, publishers.tolist()))
        raise DataError(f"{source}: it mixes bars of several publishers ({numbers}): get a file of one of them")


def _of_symbol(
    records: Records, symbology: tuple[SymbologyEntry, ...], options: ReadOptions, source: str
) -> tuple[Records, tuple[SymbologyEntry, ...], str | None]:
    """The records and mappings of the symbol asked for, and that symbol where the file itself has no names."""
    symbol = options.symbol
    if symbol is None:
        return records, symbology, None
    if symbology:
        entries = tuple(entry for entry in symbology if entry.symbol == symbol)
        if not entries:
            known = sorted({entry.symbol for entry in symbology})
            names = ", ".join(map(cut, close_matches(symbol, known) or known[:10]))
            raise DataError(f"{source}: it has no bars of symbol {cut(symbol)}; it knows {names}")
        wanted = np.isin(records["instrument_id"], [entry.source_instrument_id for entry in entries])
        return records[wanted], entries, None
    n = len(np.unique(records["instrument_id"]))
    if n > 1:
        raise DataError(f"{source}: it holds {n:,} instruments without symbols, so none can be called {cut(symbol)}")
    return records, (), symbol


def _rows(records: Records, instrument: IntArray) -> Rows:
    """Records as rows, those with undefined values rejected."""
    ts, volume = records["ts_event"], records["volume"]
    values = [records[name].astype(np.int64) for name in (*PRICES, "volume")]
    accepted = np.zeros(len(records), dtype=np.uint8)
    rows = Rows(accepted, instrument, ts.astype(np.int64), *values)
    rows.reject(ts == _UNDEFINED_TIME, Reason.MISSING_TIME)
    rows.reject(ts > MAX_NS, Reason.TIME_OUT_OF_RANGE)
    rows.reject(np.maximum.reduce(values[:-1]) == _UNDEFINED_PRICE, Reason.UNDEFINED_PRICE)
    rows.reject(volume > _UNDEFINED_PRICE, Reason.VOLUME_TOO_LARGE)
    return rows


def _text(record: np.void) -> str:
    names = record.dtype.names or ()
    return " ".join(f"{name}={record[name]}" for name in names if name not in ("length", "rtype"))
