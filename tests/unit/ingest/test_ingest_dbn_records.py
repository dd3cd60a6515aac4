"""Where the fields of definitions and statistics lie, against the vendor's own library."""

import databento_dbn as dbn
import numpy as np
import pytest

from barscope.ingest.dbn_child import record_bytes
from barscope.ingest.dbn_records import definitions_of, open_interest_of, record_type

THEIRS = {
    ("definition", 1): dbn.InstrumentDefMsgV1,
    ("definition", 2): dbn.InstrumentDefMsgV2,
    ("definition", 3): dbn.InstrumentDefMsg,
    ("statistics", 1): dbn.StatMsgV1,
    ("statistics", 2): dbn.StatMsgV1,
    ("statistics", 3): dbn.StatMsg,
}
NAMES = {
    "symbol": "raw_symbol",
    "root": "asset",
    "class": "instrument_class",
    "multiplier": "unit_of_measure_qty",
    "kind": "stat_type",
}


@pytest.mark.parametrize(("schema", "version"), THEIRS)
def test_fields_lie_where_the_library_has_them(schema, version):
    """Offset, type and length of every field equal those of the vendor's library, in every version."""
    ours, theirs = record_type(schema, version, ts_out=False), np.dtype(THEIRS[schema, version]._dtypes)
    assert ours.itemsize == theirs.itemsize == record_bytes(schema, version)
    action = "security_update_action" if schema == "definition" else "update_action"
    for name in ours.names:
        assert ours.fields[name] == theirs.fields[{**NAMES, "action": action}.get(name, name)]


def records(schema, *rows):
    """Records of version 3 with some fields set."""
    found = np.zeros(len(rows), dtype=record_type(schema, 3, ts_out=False))
    for n, row in enumerate(rows):
        for name, value in row.items():
            found[name][n] = value
    return found


FUTURE = {"symbol": b"ESH4", "root": b"ES", "class": b"F", "action": b"A", "expiration": 10**18, "ts_recv": 5}


def test_only_futures_that_expire_are_definitions():
    """Spreads, options, deleted ones and those without an expiry are left out; the last word on a contract counts."""
    found = definitions_of(
        records(
            "definition",
            {**FUTURE, "ts_recv": 9, "multiplier": 50 * 10**9},
            {**FUTURE, "multiplier": 40 * 10**9},
            {**FUTURE, "class": b"S"},
            {**FUTURE, "class": b"C"},
            {**FUTURE, "action": b"D"},
            {**FUTURE, "expiration": 2**64 - 1},
        ),
        "terms.dbn",
    )
    assert [(d.symbol, d.multiplier, d.known_ns) for d in found.definitions] == [("ESH4", 50.0, 9)]
    assert found.notes == ("4 definitions of spreads, options and things that do not expire left out",)


def test_only_open_interest_is_read_of_statistics():
    """Other statistics, deleted and undefined ones are left out; the day is that which the value is for."""
    value = {"kind": 9, "action": 1, "quantity": 7, "ts_ref": 86_400 * 10**9, "ts_recv": 3 * 86_400 * 10**9}
    found = open_interest_of(
        records("statistics", value, {**value, "kind": 6}, {**value, "action": 2}, {**value, "quantity": 2**63 - 1})
    )
    assert [(v.day, v.known_ns, v.open_interest) for v in found.open_interest] == [
        ("1970-01-02", 3 * 86_400 * 10**9, 7)
    ]
