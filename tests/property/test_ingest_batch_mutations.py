"""Zip archives with damage anywhere: four hundred seeded mutations, none of which is believed."""

import hashlib
import io
import json
import random
import struct
import zipfile
from pathlib import Path

import databento_dbn as dbn

from barscope.errors import DataError
from barscope.ingest import batch, read_source
from barscope.ingest.dbn import VendorFile
from barscope.ingest.dbn_records import record_type

T0 = 1_704_153_600_000_000_000
MUTATIONS = 400
FILES = ("a.ohlcv-1d.dbn", "b.ohlcv-1d.dbn")


def bars(instrument):
    """A made-up file of three daily bars."""
    head = dbn.Metadata(
        dataset="GLBX.MDP3",
        start=T0,
        stype_in=None,
        stype_out=dbn.SType.from_str("instrument_id"),
        schema=dbn.Schema.from_str("ohlcv-1d"),
        mappings=[],
    ).encode()
    rows = (struct.pack("<BBHIQqqqqQ", 14, 35, 1, instrument, T0 + i * 86_400 * 10**9, 5, 5, 5, 5, 5) for i in range(3))
    return head + b"".join(rows)


def original(method):
    """An archive that is right."""
    query = {"dataset": "GLBX.MDP3", "schema": "ohlcv-1d", "encoding": "dbn", "stype_in": "raw_symbol"}
    names = {"result": {"ESH4": [{"d0": "2024-01-01", "d1": "2024-02-01", "s": "1"}]}}
    files = {"metadata.json": json.dumps({"query": query}).encode(), "symbology.json": json.dumps(names).encode()}
    files |= {name: bars(n) for n, name in enumerate(FILES)}
    listed = [
        {"filename": n, "size": len(c), "hash": f"sha256:{hashlib.sha256(c).hexdigest()}"} for n, c in files.items()
    ]
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as packed:
        for name, content in {**files, "manifest.json": json.dumps({"files": listed}).encode()}.items():
            packed.writestr(name, content)
    return out.getvalue()


def mutated(content, rng):
    """The content with one thing changed, cut out, put in, doubled or cut off."""
    out, at = bytearray(content), rng.randrange(len(content))
    kind = rng.randrange(6)
    if kind == 0:
        out[at] ^= 1 << rng.randrange(8)
    elif kind == 1:
        out[at : at + rng.randrange(1, 5)] = rng.randbytes(rng.randrange(5))
    elif kind == 2:
        del out[at:]
    elif kind == 3:
        there = rng.randrange(len(content))
        out[at : at + 30] = content[there : there + 30]
    elif kind == 4:
        marks = [i for i in range(len(content) - 4) if content[i : i + 2] == b"PK"]
        place = rng.choice(marks) + rng.randrange(46)
        if place < len(out):
            out[place] = rng.choice([0, 1, 0x7F, 0x80, 0xFF])
    else:
        out[at:at] = content[at : at + rng.randrange(1, 200)]
    return bytes(out)


def decoded(path, _limits=None):
    """What the decoder's process gives for the made-up files, without starting one four hundred times."""
    import numpy as np

    content = path.read_bytes()
    kind = record_type("ohlcv-1d", 3, ts_out=False)
    metadata = {
        "schema": "ohlcv-1d",
        "version": 3,
        "dataset": "GLBX.MDP3",
        "stype_in": None,
        "stype_out": None,
        "mappings": [],
    }
    return VendorFile(metadata, np.frombuffer(content[-3 * kind.itemsize :], dtype=kind))


def test_a_damaged_archive_is_refused_or_read_as_it_was(tmp_path, monkeypatch):
    """Every mutation is a typed error, or the very rows of the original: damage to what nothing reads."""
    monkeypatch.setattr("barscope.ingest.dbn.decode", decoded)
    rng = random.Random(20240105)  # noqa: S311
    right = {method: original(method) for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)}
    path: Path = tmp_path / "batch.zip"
    accepted = 0
    for n in range(MUTATIONS):
        path.write_bytes(mutated(right[(zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)[n % 2]], rng))
        try:
            parsed = read_source(path)
        except DataError:
            continue
        accepted += 1
        assert parsed.read == 6, f"mutation {n}"
        assert [batch.bars.close.tolist() for batch in parsed.batches] == [[5, 5, 5]] * 2, f"mutation {n}"
    assert accepted < MUTATIONS // 4
    assert sorted(p.name for p in tmp_path.iterdir()) == ["batch.zip"]


def test_the_original_is_right(tmp_path):
    """Without damage the archive is read, by the real decoder."""
    (tmp_path / "batch.zip").write_bytes(original(zipfile.ZIP_DEFLATED))
    assert read_source(tmp_path / "batch.zip").read == 6
    assert batch.is_batch(tmp_path / "batch.zip")
