"""Vendor files: known values, symbology, and every way a file can be broken."""

import datetime as dt
import struct
from pathlib import Path
from types import SimpleNamespace

import databento_dbn as dbn
import numpy as np
import pytest
import zstandard

from barscope.domain.batches import SymbologyEntry
from barscope.domain.instruments import PublisherName
from barscope.errors import DataError, InvalidParameterError, VendorFileError
from barscope.ingest import dbn_child, read_source
from barscope.ingest.dbn import DecodeLimits, read_dbn
from barscope.ingest.options import ReadOptions

FILES = Path(__file__).parents[2] / "data" / "dbn"
ESH1 = SymbologyEntry("ESH1", "raw_symbol", 5482, "2020-12-28", "2020-12-29")
T0 = 1_609_160_400_000_000_000
BAR = (T0, 100, 110, 90, 105, 7)


def plain(path):
    """The content of a file, unpacked."""
    content = path.read_bytes()
    return zstandard.ZstdDecompressor().decompressobj().decompress(content) if path.suffix == ".zst" else content


def record(ts, open_, high, low, close, volume, instrument=1, publisher=1, rtype=33, length=14):
    """One bar as the vendor writes it."""
    return struct.pack("<BBHIQqqqqQ", length, rtype, publisher, instrument, ts, open_, high, low, close, volume)


def header(schema="ohlcv-1m", mappings=(), stype_in="raw_symbol", stype_out="instrument_id", **more):
    """Metadata as the vendor writes them; a mapping is (symbol, start, end, number)."""
    grouped = {}
    for symbol, start, end, number in mappings:
        first, last = dt.date.fromisoformat(start), dt.date.fromisoformat(end)
        grouped.setdefault(symbol, []).append(SimpleNamespace(start_date=first, end_date=last, symbol=number))
    return dbn.Metadata(
        dataset="XNAS.ITCH",
        start=T0,
        stype_in=dbn.SType.from_str(stype_in) if stype_in else None,
        stype_out=dbn.SType.from_str(stype_out),
        schema=dbn.Schema.from_str(schema) if schema else None,
        mappings=[SimpleNamespace(raw_symbol=s, intervals=i) for s, i in grouped.items()],
        **more,
    ).encode()


@pytest.fixture
def parse(tmp_path):
    """Reads bytes as a vendor file."""

    def read(content, name="bars.dbn", **options):
        (tmp_path / name).write_bytes(content)
        return read_source(tmp_path / name, **options)

    return read


@pytest.mark.parametrize("path", sorted(FILES.glob("*.dbn*")), ids=lambda path: path.name)
def test_files_of_the_vendor(path):
    """Every version, plain and packed, gives the records the vendor's own decoder gives."""
    parsed = read_source(path)
    decoder = dbn.DBNDecoder()
    decoder.write(plain(path))
    _, *expected = decoder.decode()
    columns = [column.tolist() for batch in parsed.batches for column in batch.bars.columns()]
    names = ("ts_event", "open", "high", "low", "close", "volume")
    assert columns == ([[getattr(r, name) for r in expected] for name in names] if expected else [])
    assert parsed.read == len(expected)
    assert parsed.symbology == (ESH1,)
    assert parsed.symbols == ("ESH1",)
    assert parsed.publisher == PublisherName("Databento", "GLBX.MDP3", "GLBX")


def test_known_values():
    """The two seconds of ESH1 are those published with the file."""
    (batch,) = read_source(FILES / "test_data.ohlcv-1s.v3.dbn.zst").batches
    assert (batch.rtype, batch.symbol, batch.source_instrument_id) == (32, None, 5482)
    assert batch.bars.ts.tolist() == [T0, T0 + 10**9]
    assert batch.bars.close.tolist() == [372_050_000_000_000] * 2
    assert batch.bars.volume.tolist() == [57, 13]


def test_a_file_without_records_is_no_error():
    """A file of a day without bars gives its symbology and says that it holds no bars."""
    parsed = read_source(FILES / "test_data.ohlcv-1d.dbn")
    assert (parsed.batches, parsed.read, parsed.notes) == ((), 0, ("the file holds no bars",))


def test_several_instruments(parse):
    """Records become one batch for each instrument number."""
    content = header(mappings=[("A", "2020-12-28", "2020-12-29", "1"), ("B", "2020-12-28", "2020-12-29", "2")])
    content += b"".join(record(*BAR, instrument=i) for i in (2, 1)) + record(T0 + 60 * 10**9, *BAR[1:], instrument=2)
    parsed = parse(content)
    assert [(batch.source_instrument_id, len(batch.bars)) for batch in parsed.batches] == [(1, 1), (2, 2)]
    assert parsed.symbols == ("A", "B")
    only = parse(content, symbol="B")
    assert [(batch.source_instrument_id, len(batch.bars)) for batch in only.batches] == [(2, 2)]
    assert only.symbology == (SymbologyEntry("B", "raw_symbol", 2, "2020-12-28", "2020-12-29"),)
    with pytest.raises(DataError, match="no bars of symbol C; it knows A, B"):
        parse(content, symbol="C")


def test_symbology_types(parse):
    """Continuous symbols keep their type, numbers as input are turned round, empty days are left out."""
    days = ("2020-12-28", "2020-12-29")
    rolled = [("ES.c.0", *days, "1"), ("ES.c.0", "2020-12-29", "2020-12-30", "2"), ("ES.c.1", *days, "")]
    continuous = parse(header(stype_in="continuous", mappings=rolled) + record(*BAR))
    assert continuous.symbology == (
        SymbologyEntry("ES.c.0", "continuous", 1, *days),
        SymbologyEntry("ES.c.0", "continuous", 2, "2020-12-29", "2020-12-30"),
    )
    turned = header(stype_in="instrument_id", stype_out="raw_symbol", mappings=[("1", *days, "AAPL")])
    assert parse(turned + record(*BAR)).symbology == (SymbologyEntry("AAPL", "raw_symbol", 1, *days),)
    group = parse(header(stype_in="parent", mappings=[("ES.FUT", *days, "1"), ("ES.FUT", *days, "2")]) + record(*BAR))
    assert group.symbology == ()
    assert "ES.FUT stands for several instruments at a time: they are kept by number only" in group.notes


def test_a_name_for_a_nameless_instrument(parse):
    """Without symbology `symbol` names a single instrument, and several cannot be named."""
    parsed = parse(header() + record(*BAR), symbol="AAPL", symbol_type="ticker")
    (batch,) = parsed.batches
    assert (batch.symbol, batch.symbol_type, batch.source_instrument_id) == ("AAPL", "ticker", 1)
    assert "1 instruments have no symbol in the file" in parse(header() + record(*BAR)).notes[0]
    with pytest.raises(DataError, match="2 instruments without symbols, so none can be called AAPL"):
        parse(header() + record(*BAR) + record(*BAR, instrument=2), symbol="AAPL")


def test_undefined_and_impossible_values_are_rejected_rows(parse):
    """Undefined prices and times, too large volumes and impossible bars are rejected; negative prices are not."""
    undefined = 2**63 - 1
    bars = [
        (T0, *BAR[1:]),
        (T0 + 1, 100, undefined, 90, 105, 7),
        (T0 + 2, 100, 110, 90, 105, 2**64 - 1),
        (2**64 - 1, 100, 110, 90, 105, 7),
        (2**63, 100, 110, 90, 105, 7),
        (T0 + 5, 100, 80, 90, 95, 7),
        (T0 + 6, -100, -90, -110, -105, 7),
    ]
    parsed = parse(header() + b"".join(record(*bar) for bar in bars))
    assert parsed.rejected_rows.select("row", "reason").rows() == [
        (2, "undefined price"),
        (3, "volume too large"),
        (4, "missing time"),
        (5, "time out of range"),
        (6, "high below low"),
    ]
    assert parsed.batches[0].bars.low.tolist() == [90, -110]
    assert parsed.rejected_rows["text"][4].startswith("publisher_id=1 instrument_id=1 ts_event=")


def test_send_times_after_each_record(parse):
    """Records that carry a send time are read by their own length."""
    content = header(ts_out=True) + record(*BAR, length=16) + struct.pack("<Q", T0 + 5)
    assert parse(content).batches[0].bars.ts.tolist() == [T0]


@pytest.mark.parametrize("schema", ["trades", "mbo", "imbalance", None])
def test_other_schemas(parse, schema):
    """A file of another schema is refused by the name of the schema."""
    with pytest.raises(VendorFileError, match=f"schema {schema}" if schema else "several schemas"):
        parse(header(schema=schema, stype_in="raw_symbol" if schema else None))


@pytest.mark.parametrize(
    "bad", [record(*BAR, rtype=32), record(*BAR, length=20), bytes(56)], ids=["rtype", "length", "zeros"]
)
def test_records_that_are_no_bars(parse, bad):
    """A record of another type or length is named with its place."""
    with pytest.raises(VendorFileError, match="record 2 of 3 is not a bar of rtype 33"):
        parse(header() + record(*BAR) + bad + record(*BAR))


def test_several_publishers(parse):
    """A file that mixes publishers is refused, their bars would collide."""
    with pytest.raises(DataError, match=r"several publishers \(1, 2\)"):
        parse(header() + record(*BAR) + record(*BAR, publisher=2))


def test_rtype_of_a_vendor_file():
    """A vendor file states its rtype: the same one may be told, another is refused."""
    path = FILES / "test_data.ohlcv-1h.dbn"
    assert read_source(path, rtype=34).batches[0].rtype == 34
    with pytest.raises(InvalidParameterError, match="ohlcv-1h, which is rtype 34, not 35"):
        read_source(path, rtype=35)


@pytest.mark.parametrize(
    "name", ["test_data.ohlcv-1h.dbn", "test_data.ohlcv-1s.v1.dbn.zst", "test_data.ohlcv-1m.v3.dbn.zst"]
)
def test_truncation_is_found_at_every_kind_of_place(parse, name):
    """A file cut inside its prefix, metadata, records or packing is refused and says where."""
    content = (FILES / name).read_bytes()
    for keep in (2, 5, 9, len(content) // 3, len(content) - 60, len(content) - 4, len(content) - 1):
        with pytest.raises(VendorFileError, match=r"truncated|not a DBN file"):
            parse(content[:keep], name)


@pytest.mark.parametrize("tail", [b"\0", b"garbage", b"\x28\xb5\x2f\xfd"])
@pytest.mark.parametrize("name", ["test_data.ohlcv-1h.dbn", "test_data.ohlcv-1h.v3.dbn.zst"])
def test_bytes_after_the_end(parse, name, tail):
    """Bytes after the last record or the end of the packing are refused."""
    with pytest.raises(VendorFileError, match=r"truncated|corrupt"):
        parse((FILES / name).read_bytes() + tail, name)


def test_packing_of_several_frames(parse):
    """A file packed in several frames is read whole."""
    content = header() + record(*BAR) + record(T0 + 60 * 10**9, *BAR[1:])
    packed = b"".join(zstandard.compress(content[start : start + 97]) for start in range(0, len(content), 97))
    assert len(parse(packed, "bars.dbn.zst").batches[0].bars) == 2


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not a DBN file but an empty file"),
        (b"Date,Open", "not a DBN file but something else"),
        (b"PK\x03\x04", "not a DBN file but a zip archive"),
        (b"DBN\x09\0\0\0\0" + bytes(100), "DBN version 9"),
        (b"DBN\x03\xff\xff\xff\xff" + bytes(100), "ends inside its metadata"),
        (b"DBN\x03\x64\0\0\0" + b"\xff" * 100, "corrupt"),
        (zstandard.compress(b"PAR1" * 100), "does not begin as a DBN file does"),
    ],
)
def test_files_that_are_no_dbn(parse, content, message):
    """What is no DBN file is refused and named."""
    with pytest.raises(VendorFileError, match=message):
        parse(content)


def limited(path, **limits):
    """Reads a file under other limits."""
    return read_dbn(path, ReadOptions(), limits=DecodeLimits(**limits))


def test_packed_bomb(tmp_path):
    """A small file that unpacks to gigabytes is refused by the limits, and the parent goes on."""
    bomb = tmp_path / "bomb.dbn.zst"
    packer = zstandard.ZstdCompressor().compressobj()
    zeros = bytes(2**20)
    with bomb.open("wb") as file:
        file.write(packer.compress(header()))
        for _ in range(8):
            file.write(packer.compress(zeros))
        file.write(packer.flush())
    with pytest.raises(VendorFileError, match="more than 1,048,576 bytes: it is corrupt"):
        limited(bomb, output_bytes=2**20)
    endless = tmp_path / "endless.dbn.zst"
    endless.write_bytes(zstandard.compress(b"DBN\x03\xff\xff\xff\xff" + bytes(150 * 2**20)))
    with pytest.raises(VendorFileError, match="more than 104,857,600 bytes of memory"):
        limited(endless, memory_bytes=100 * 2**20)


def test_decoder_that_takes_too_long():
    """A decoder that is not done in time is stopped."""
    with pytest.raises(VendorFileError, match="stopped after"):
        limited(FILES / "test_data.ohlcv-1h.dbn", wall_seconds=0.001)


@pytest.mark.parametrize(
    ("program", "message"),
    [
        ("import os; os.abort()", r"decoder died \(SIGABRT\)"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", r"decoder died \(SIGKILL\)"),
        ("raise RuntimeError('index out of bounds')", "decoder failed, the file is corrupt: RuntimeError: index"),
        ("import sys; sys.exit(1)", "it gave no reason"),
    ],
)
def test_decoder_that_dies(tmp_path, monkeypatch, program, message):
    """A decoder that is killed or fails is an error of the file; the parent is unharmed."""
    script = tmp_path / "child.py"
    script.write_text(program)
    monkeypatch.setattr(dbn_child, "__file__", str(script))
    with pytest.raises(VendorFileError, match=message):
        read_source(FILES / "test_data.ohlcv-1h.dbn")


def test_missing_file(tmp_path):
    """A vendor file that is not there, and a folder of that name, are told apart."""
    with pytest.raises(DataError, match="no such file"):
        read_source(tmp_path / "none.dbn.zst")
    (tmp_path / "folder.dbn").mkdir()
    with pytest.raises(DataError, match="is a folder"):
        read_source(tmp_path / "folder.dbn")


def test_decoder_imports_no_neighbours(tmp_path, monkeypatch):
    """A module beside the decoder's script does not hide the standard one of its name."""
    (tmp_path / "json.py").write_text("raise SystemExit(7)")
    script = tmp_path / "child.py"
    script.write_text(Path(dbn_child.__file__).read_text())
    monkeypatch.setattr(dbn_child, "__file__", str(script))
    assert read_source(FILES / "test_data.ohlcv-1h.dbn").read == 2


def test_name_like_an_option(tmp_path, monkeypatch):
    """A file whose name looks like an option is read."""
    (tmp_path / "-c.dbn").write_bytes((FILES / "test_data.ohlcv-1h.dbn").read_bytes())
    monkeypatch.chdir(tmp_path)
    assert read_source("-c.dbn").read == 2


def test_many_records_are_cheap(parse):
    """A hundred thousand records are read as columns."""
    n = 100_000
    kind = np.dtype([("head", "V8"), ("ts", "<u8"), ("prices", "<i8", 4), ("volume", "<u8")])
    records = np.zeros(n, dtype=kind)
    records["head"] = np.void(record(*BAR)[:8])
    records["ts"] = T0 + np.arange(n) * 60 * 10**9
    records["prices"] = [100, 110, 90, 105]
    (batch,) = parse(zstandard.compress(header() + records.tobytes()), "bars.dbn.zst").batches
    assert len(batch.bars) == n
