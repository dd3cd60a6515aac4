"""Vendor files in DBN format (`.dbn`, `.dbn.zst`, versions 1 to 3): bars by instrument number, and symbology."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from barscope.domain.bars import IntArray
from barscope.domain.batches import SymbologyEntry
from barscope.domain.instruments import PublisherName, check_symbol
from barscope.domain.time import MAX_NS
from barscope.errors import DataError, InvalidParameterError, VendorFileError, close_matches, cut
from barscope.ingest import dbn_child
from barscope.ingest.files import looks_like, read_bytes
from barscope.ingest.headings import PRICES
from barscope.ingest.judge import Draft, InstrumentName, judge
from barscope.ingest.options import ReadOptions
from barscope.ingest.report import ParsedSource
from barscope.ingest.rows import Reason, Rows

VENDOR = "Databento"

_RTYPES = {"ohlcv-1s": 32, "ohlcv-1m": 33, "ohlcv-1h": 34, "ohlcv-1d": 35, "ohlcv-eod": 36}
_UNDEFINED_PRICE = 2**63 - 1
_UNDEFINED_TIME = 2**64 - 1
_RECORD = np.dtype(
    [
        ("length", "u1"),
        ("rtype", "u1"),
        ("publisher_id", "<u2"),
        ("instrument_id", "<u4"),
        ("ts_event", "<u8"),
        ("open", "<i8"),
        ("high", "<i8"),
        ("low", "<i8"),
        ("close", "<i8"),
        ("volume", "<u8"),
    ]
)
_RECORD_WITH_TS_OUT = np.dtype([*_RECORD.descr, ("ts_out", "<u8")])
_SYMBOL_TYPES = {"continuous": "continuous"}  # every other vendor type names contracts as their venue does
Records = NDArray[np.void]


@dataclass(frozen=True, slots=True)
class DecodeLimits:
    """What unpacking one file may take."""

    memory_bytes: int = 1024**3
    cpu_seconds: int = 600
    wall_seconds: float = 900.0
    output_bytes: int = 16 * 1024**3


class VendorFile(NamedTuple):
    """A file as its decoder gives it: metadata, and records of type `_RECORD`."""

    metadata: dict[str, Any]
    records: Records


def read_dbn(path: Path, options: ReadOptions, *, limits: DecodeLimits | None = None) -> ParsedSource:
    """The bars of a vendor file, named by instrument number, and what the file says about its symbols.

    Raises:
        VendorFileError: If it is corrupt, truncated, of another schema, or its decoder dies.
        DataError: If it cannot be opened, holds bars of several publishers, or none of the symbol asked for.
        InvalidParameterError: If it is of another record type than asked for.
    """
    source = path.name
    options.on_progress(0.1)
    file = decode(path, limits or DecodeLimits())
    options.on_progress(0.6)
    rtype = _rtype(file, source, options.rtype)
    _check_records(file.records, rtype, source)
    symbology, notes = _symbology(file.metadata, source)
    records, symbology, named = _of_symbol(file.records, symbology, options, source)
    ids, instrument = np.unique(records["instrument_id"].astype(np.int64), return_inverse=True)
    known = {entry.source_instrument_id for entry in symbology}
    nameless = [n for n in ids.tolist() if n not in known] if named is None else []
    if nameless:
        notes.append(
            f"{len(nameless):,} instruments have no symbol in the file, as {nameless[0]}: pass symbol= to name one"
        )
    if not len(records):
        notes.append("the file holds no bars")
    dataset = file.metadata["dataset"]
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
            publisher=PublisherName(VENDOR, dataset, dataset.partition(".")[0] or None),
        ),
        options,
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
    numbers = (limits.memory_bytes, limits.cpu_seconds, limits.output_bytes)
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
        if child.returncode:
            complaints.seek(0)
            raise VendorFileError(f"{source}: {_cause(child.returncode, complaints.read(4096))}")
        out.seek(0)
        metadata = json.loads(out.readline())
        kind = _RECORD_WITH_TS_OUT if metadata["ts_out"] else _RECORD
        return VendorFile(metadata, np.fromfile(out, dtype=kind))


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
    if schema not in _RTYPES:
        held = f"the schema {cut(schema)}" if schema else "records of several schemas"
        raise VendorFileError(f"{source}: it holds {held}: bars are read from {', '.join(_RTYPES)}")
    rtype = _RTYPES[schema]
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
        found = f"type {records['rtype'][at]}, {records['length'][at] * 4} bytes"
        which = f"record {at + 1:,} of {len(records):,}"
        raise VendorFileError(f"{source}: {which} is not a bar of rtype {rtype} ({found}): get the file again")
    publishers = np.unique(records["publisher_id"])
    if len(publishers) > 1:
        numbers = ", ".join(map(str, publishers.tolist()))
        raise DataError(f"{source}: it mixes bars of several publishers ({numbers}): get a file of one of them")


def _symbology(metadata: dict[str, Any], source: str) -> tuple[tuple[SymbologyEntry, ...], list[str]]:
    """The mappings of symbols to instrument numbers, and notes on those that cannot be used."""
    stype_in, stype_out = metadata["stype_in"], metadata["stype_out"]
    by_symbol: dict[str, set[SymbologyEntry]] = {}
    for left, start, end, right in metadata["mappings"]:
        symbol, number = (right, left) if stype_in == "instrument_id" else (left, right)
        if not symbol or not number or start >= end:
            continue  # how the vendor writes days on which a symbol meant nothing
        if not number.isascii() or not number.isdigit():
            raise VendorFileError(f"{source}: its symbology maps {stype_in} to {stype_out}: ask for instrument_id")
        try:
            check_symbol(symbol)
        except InvalidParameterError as error:
            raise VendorFileError(f"{source}: its symbology is corrupt: {error}") from None
        entry = SymbologyEntry(symbol, _SYMBOL_TYPES.get(stype_in, "raw_symbol"), int(number), start, end)
        by_symbol.setdefault(symbol, set()).add(entry)
    ordered = {s: sorted(entries, key=lambda e: (e.start_date, e.end_date)) for s, entries in sorted(by_symbol.items())}
    groups = [symbol for symbol, entries in ordered.items() if _overlap(entries)]
    notes = [f"{cut(s)} stands for several instruments at a time: they are kept by number only" for s in groups]
    return tuple(entry for s, entries in ordered.items() if s not in groups for entry in entries), notes


def _overlap(entries: Sequence[SymbologyEntry]) -> bool:
    return any(later.start_date < earlier.end_date for earlier, later in pairwise(entries))


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
    return " ".join(f"{name}={record[name]}" for name in _RECORD.names or () if name not in ("length", "rtype"))
