"""The records of vendor files as they lie in memory, and what definitions and statistics say."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from barscope.domain.reference import FUTURE, InstrumentDefinition, OpenInterest
from barscope.domain.time import MAX_NS, date_of
from barscope.errors import InvalidParameterError, VendorFileError
from barscope.ingest.dbn_child import record_bytes

Records = NDArray[np.void]
RTYPES = {"ohlcv-1s": 32, "ohlcv-1m": 33, "ohlcv-1h": 34, "ohlcv-1d": 35, "ohlcv-eod": 36}
REFERENCE_RTYPES = {"definition": 19, "statistics": 24}
OPEN_INTEREST = 9
_DELETED_STATISTIC, _DELETED_DEFINITION = 2, b"D"
_HEAD = {
    "length": ("u1", 0),
    "rtype": ("u1", 1),
    "publisher_id": ("<u2", 2),
    "instrument_id": ("<u4", 4),
    "ts_event": ("<u8", 8),
}
_BAR = {name: ("<i8", 16 + 8 * i) for i, name in enumerate(("open", "high", "low", "close"))} | {"volume": ("<u8", 48)}
_TERMS = {
    "ts_recv": ("<u8", 16),
    "min_price_increment": ("<i8", 24),
    "expiration": ("<u8", 40),
    "activation": ("<u8", 48),
}
_STATISTIC = {"ts_recv": ("<u8", 16), "ts_ref": ("<u8", 24)}
_NAMES_1 = {"currency": ("S4", 186), "symbol": ("S22", 200), "root": ("S7", 248), "class": ("S1", 325)}
_NAMES_2 = {"currency": ("S4", 186), "symbol": ("S71", 200), "root": ("S7", 297), "class": ("S1", 374)}
_NAMES_3 = {"currency": ("S4", 224), "symbol": ("S71", 238), "root": ("S11", 335), "class": ("S1", 487)}
_LAYOUTS: dict[tuple[str, int], dict[str, tuple[str, int]]] = {
    ("definition", 1): {**_TERMS, **_NAMES_1, "multiplier": ("<i8", 88), "action": ("S1", 349)},
    ("definition", 2): {**_TERMS, **_NAMES_2, "multiplier": ("<i8", 88), "action": ("S1", 382)},
    ("definition", 3): {**_TERMS, **_NAMES_3, "multiplier": ("<i8", 80), "action": ("S1", 493)},
    ("statistics", 1): {**_STATISTIC, "quantity": ("<i4", 40), "kind": ("<u2", 52), "action": ("u1", 56)},
    ("statistics", 2): {**_STATISTIC, "quantity": ("<i4", 40), "kind": ("<u2", 52), "action": ("u1", 56)},
    ("statistics", 3): {**_STATISTIC, "quantity": ("<i8", 40), "kind": ("<u2", 56), "action": ("u1", 60)},
}


def record_type(schema: str | None, version: int, *, ts_out: bool) -> np.dtype[np.void]:
    """How a record of a schema lies in memory; schemas that are not read get the layout of bars."""
    fields = _HEAD | _LAYOUTS.get((schema or "", version), _BAR)
    n_bytes = record_bytes(schema, version) or record_bytes("ohlcv-1m", version) or 0
    return np.dtype(
        {
            "names": list(fields),
            "formats": [kind for kind, _ in fields.values()],
            "offsets": [offset for _, offset in fields.values()],
            "itemsize": n_bytes + 8 * ts_out,
        }
    )


class Reference(NamedTuple):
    """What a file of definitions or statistics says, and notes on what was left out."""

    definitions: tuple[InstrumentDefinition, ...] = ()
    open_interest: tuple[OpenInterest, ...] = ()
    notes: tuple[str, ...] = ()


def definitions_of(records: Records, source: str) -> Reference:
    """The futures among definitions, each once per expiry: the last word on it counts.

    Raises:
        VendorFileError: If a symbol cannot be one.
    """
    futures = records[(records["class"] == FUTURE.encode()) & (records["action"] != _DELETED_DEFINITION)]
    dated = futures[(futures["expiration"] > 0) & (futures["expiration"] < MAX_NS) & (futures["root"] != b"")]
    found: dict[tuple[str, int], InstrumentDefinition] = {}
    for record in dated[np.argsort(_known(dated), kind="stable")]:
        try:
            definition = _definition(record)
        except (InvalidParameterError, UnicodeDecodeError) as error:
            raise VendorFileError(f"{source}: a definition is corrupt: {error}") from None
        found[definition.symbol, definition.expiration_ns] = definition
    others = len(records) - len(dated)
    notes = (f"{others:,} definitions of spreads, options and things that do not expire left out",) if others else ()
    return Reference(tuple(found.values()), (), notes)


def open_interest_of(records: Records) -> Reference:
    """The open interest among statistics."""
    undefined = np.iinfo(records["quantity"].dtype).max
    told = (records["kind"] == OPEN_INTEREST) & (records["action"] != _DELETED_STATISTIC)
    told &= (records["quantity"] >= 0) & (records["quantity"] != undefined)
    found = []
    for record, known_ns in zip(records[told], _known(records[told]).tolist(), strict=True):
        of = int(record["ts_ref"])
        day = str(date_of(of if of <= known_ns else known_ns))
        found.append(
            OpenInterest(day, known_ns, int(record["quantity"]), source_instrument_id=int(record["instrument_id"]))
        )
    others = len(records) - len(found)
    return Reference((), tuple(found), (f"{others:,} statistics other than open interest left out",) if others else ())


def _known(records: Records) -> NDArray[np.int64]:
    """When the vendor received each record; when it was sent where that is not told."""
    received = np.where(records["ts_recv"] < MAX_NS, records["ts_recv"], records["ts_event"])
    return np.minimum(received, MAX_NS - 1).astype(np.int64)


def _definition(record: np.void) -> InstrumentDefinition:
    tick, multiplier, activation = (int(record[name]) for name in ("min_price_increment", "multiplier", "activation"))
    return InstrumentDefinition(
        record["symbol"].decode(),
        int(record["expiration"]),
        record["root"].decode(),
        record["class"].decode(),
        int(record["instrument_id"]),
        activation if 0 < activation < MAX_NS else None,
        None,
        tick if 0 < tick < MAX_NS else None,
        multiplier / 1e9 if 0 < multiplier < MAX_NS else None,
        record["currency"].decode() or None,
        int(_known(np.array([record]))[0]),
    )
