"""Batches of a vendor: read whole, and every way a manifest or an archive can lie. The bars in them are made up."""

import datetime as dt
import hashlib
import io
import json
import stat
import struct
import zipfile
from types import SimpleNamespace

import databento_dbn as dbn
import pytest
import zstandard

import barscope as bs
from barscope.domain.batches import SymbologyEntry
from barscope.domain.time import TimeRange
from barscope.errors import ConflictingSymbologyError, DataError, UnknownSymbolError, VendorFileError
from barscope.ingest import read_source
from barscope.ingest.archive import Archive, ArchiveLimits
from barscope.jobs import InlineExecutor

DAY = 86_400 * 10**9
T0 = int(dt.datetime(2024, 1, 2, tzinfo=dt.UTC).timestamp()) * 10**9


def dbn_file(*bars, schema="ohlcv-1d", records=b""):
    """A file of daily bars (instrument, day, price), whose own metadata name nothing."""
    head = dbn.Metadata(
        dataset="GLBX.MDP3",
        start=T0,
        stype_in=dbn.SType.from_str("parent"),
        stype_out=dbn.SType.from_str("instrument_id"),
        schema=dbn.Schema.from_str(schema),
        mappings=[SimpleNamespace(raw_symbol="ES.FUT", intervals=[])],
    ).encode()
    row = lambda i, day, price: struct.pack("<BBHIQqqqqQ", 14, 35, 1, i, T0 + day * DAY, *[price * 10**9] * 4, 5)  # noqa: E731
    return head + b"".join(row(*bar) for bar in bars) + records


NAMES = {"ESH4": [("2024-01-01", "2024-03-16", "1")], "ESM4": [("2024-01-01", "2024-06-22", "2")]}
FILES = {
    "glbx-mdp3-20240102.ohlcv-1d.dbn.zst": zstandard.compress(dbn_file((1, 0, 100), (2, 0, 200))),
    "glbx-mdp3-20240103.ohlcv-1d.dbn": dbn_file((1, 1, 101), (2, 1, 201)),
    "glbx-mdp3-20240104.ohlcv-1d.dbn": dbn_file((2, 2, 202)),
}


def batch(files=FILES, names=NAMES, schema="ohlcv-1d", encoding="dbn"):
    """Name → content of everything in a batch, with a manifest that holds; laid out as the vendor does."""
    query = {"dataset": "GLBX.MDP3", "schema": schema, "symbols": ["ES.FUT"], "stype_in": "parent"}
    query |= {
        "stype_out": "instrument_id",
        "start": T0,
        "end": T0 + 3 * DAY,
        "encoding": encoding,
        "compression": "zstd",
    }
    result = {s: [{"d0": a, "d1": b, "s": n} for a, b, n in intervals] for s, intervals in names.items()}
    symbology = {"result": result, "symbols": list(names), "stype_in": "raw_symbol", "stype_out": "instrument_id"}
    symbology |= {"start_date": "2024-01-02", "end_date": "2024-01-05", "partial": [], "not_found": [], "status": 0}
    condition = [{"date": "2024-01-02", "condition": "available", "last_modified_date": "2024-01-03"}]
    metadata = {"version": 1, "job_id": "GLBX-20240105-MADEUP", "query": query, "customizations": {}}
    all_files = {
        "condition.json": json.dumps(condition, indent=4).encode(),
        "metadata.json": json.dumps(metadata, indent=4).encode(),
        "symbology.json": json.dumps(symbology, indent=4).encode(),
        **files,
    }
    return {**all_files, "manifest.json": manifest(all_files)}


def manifest(files):
    """What lists the files."""
    listed = [
        {
            "filename": n,
            "size": len(c),
            "hash": f"sha256:{hashlib.sha256(c).hexdigest()}",
            "urls": {"https": "", "ftp": ""},
        }
        for n, c in files.items()
    ]
    return json.dumps({"job_id": "GLBX-20240105-MADEUP", "files": listed}, indent=4).encode()


def zipped(files, folder="", **options):
    """The files as a zip archive."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", options.pop("method", zipfile.ZIP_DEFLATED), **options) as packed:
        for name, content in files.items():
            packed.writestr(folder + name if isinstance(name, str) else name, content)
    return out.getvalue()


@pytest.fixture
def put(tmp_path):
    """Writes an archive, and gives its path."""

    def write(content, name="batch.zip"):
        (tmp_path / name).write_bytes(content)
        return tmp_path / name

    return write


@pytest.fixture
def ws(tmp_path):
    """An empty workspace."""
    with bs.Workspace(tmp_path / "ws", executor=InlineExecutor()) as ws:
        yield ws


@pytest.fixture(scope="module")
def refusing(tmp_path_factory):
    """One workspace for all that is refused: it stays empty."""
    with bs.Workspace(tmp_path_factory.mktemp("refusing") / "ws", executor=InlineExecutor()) as ws:
        yield ws


@pytest.mark.parametrize("folder", ["", "GLBX-20240105-MADEUP/"])
def test_a_batch_is_read_whole(put, folder):
    """All files of a zip, in a folder or not, become one source with the publisher and symbols of the batch."""
    parsed = read_source(put(zipped(batch(), folder)))
    assert (parsed.read, parsed.symbols, parsed.publisher.dataset) == (5, ("ESH4", "ESM4"), "GLBX.MDP3")
    assert parsed.symbology[0] == SymbologyEntry("ESH4", "raw_symbol", 1, "2024-01-01", "2024-03-16")


def test_a_folder_is_the_same(tmp_path):
    """An unzipped batch reads as its archive does, and says what else is in the folder."""
    for name, content in {**batch(), "README.txt": b"hello"}.items():
        (tmp_path / name).write_bytes(content)
    parsed = read_source(tmp_path)
    assert parsed.read == 5
    assert parsed.notes == ("1 files are not in the manifest and were not read, as README.txt",)


def test_a_stream_packed_archive_is_read(put):
    """Sizes that follow the data, as web servers write them, are no trick."""

    class Pipe(io.RawIOBase):
        def __init__(self):
            self.content = b""

        def writable(self):
            return True

        def write(self, piece):
            self.content += bytes(piece)
            return len(piece)

    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in batch().items():
            packed.writestr(name, content)
    assert read_source(put(pipe.content)).read == 5


def test_ingest_goes_on_where_it_stopped(put, ws):
    """Files before a damaged one stay; the repaired archive is read from there, and a third time nothing is read."""
    files = batch()
    bad = {**files, "glbx-mdp3-20240104.ohlcv-1d.dbn": files["glbx-mdp3-20240104.ohlcv-1d.dbn"][:-1] + b"\1"}
    with pytest.raises(VendorFileError, match=r"20240104.* is not the file its manifest lists"):
        ws.ingest(put(zipped(bad)))
    assert ws.coverage().max_ts.max().isoformat() == "2024-01-03T00:00:00+00:00"
    second, third = ws.ingest(put(zipped(files))), ws.ingest(put(zipped(files)))
    assert (second.read, second.inserted, second.unchanged) == (5, 1, 4)
    assert second.notes.count("glbx-mdp3-20240103.ohlcv-1d.dbn: it was stored before and not read again") == 1
    assert (third.inserted, third.unchanged, len(third.notes)) == (0, 5, 3)


def test_nothing_is_skipped_that_is_not_stored_whole(put, ws):
    """A file of which one symbol was stored is read again; with replace every file is."""
    path = put(zipped(batch()))
    assert ws.ingest(path, symbol="ESH4").inserted == 2
    assert ws.ingest(path).inserted == 3
    assert ws.ingest(path, replace=True).notes == ()
    with pytest.raises(UnknownSymbolError, match=r"ESX4. Did you mean"):
        ws.ingest(path, symbol="ESX4")


def test_the_same_file_twice_is_noted(put, ws):
    """A file that is there under two names is read once."""
    twice = {**FILES, "copy.ohlcv-1d.dbn": FILES["glbx-mdp3-20240104.ohlcv-1d.dbn"]}
    report = ws.ingest(put(zipped(batch(twice))))
    assert report.read == 5
    assert report.notes == ("copy.ohlcv-1d.dbn is the same file as glbx-mdp3-20240104.ohlcv-1d.dbn: it was read once",)


def test_continuous_and_corrected_symbols_end_to_end(put, ws):
    """Of overlapping days the later start counts, of equal starts the shorter; bars and coverage are exact."""
    names = {
        "ESH4": [("2024-01-01", "2024-02-01", "1"), ("2024-01-04", "2024-02-01", "2")],
        "ESM4": [("2024-01-02", "2024-02-01", "2"), ("2024-01-02", "2024-01-03", "1")],
    }
    ws.ingest(put(zipped(batch(names=names))))
    ask = lambda s: bs.ExplorerRequest(  # noqa: E731
        symbols=[s], rtype=35, publisher_id=1, indicators=[bs.IndicatorConfig(class_name="Close")]
    )
    assert ws.explore(ask("ESH4")).result().bars().close.tolist() == [100, 101, 202]
    assert ws.explore(ask("ESM4")).result().bars().close.tolist() == [100, 201, 202]


def test_symbols_that_nothing_can_tell_apart(put, ws):
    """Two instruments for the same days of a symbol are an error; nothing is written."""
    names = {"ESH4": [("2024-01-01", "2024-02-01", "1"), ("2024-01-01", "2024-02-01", "2")]}
    with pytest.raises(ConflictingSymbologyError, match="ESH4 means instruments 1 and 2 from 2024-01-01 to 2024-02-01"):
        ws.ingest(put(zipped(batch(names=names))))
    assert ws.publishers().empty


def test_a_correction_of_what_is_stored(put, ws):
    """Another instrument from the same day on is refused, and with replace takes the place of the stored one."""
    ws.ingest(put(zipped(batch())))
    corrected = put(zipped(batch(names={"ESH4": [("2024-01-01", "2024-01-03", "2")]})))
    with pytest.raises(ConflictingSymbologyError, match=r"ESH4 is given as instrument 2 .* stored as instrument 1"):
        ws.ingest(corrected)
    ws.ingest(corrected, replace=True)
    request = bs.ExplorerRequest(
        symbols=["ESH4"], rtype=35, publisher_id=1, indicators=[bs.IndicatorConfig(class_name="Close")]
    )
    assert ws.explore(request).result().bars().close.tolist() == [200, 101]


def definition(symbol, number, expiration, version=3):
    """A definition as the vendor writes it."""
    size, at_symbol, at_root, at_class, at_action = {
        1: (360, 200, 248, 325, 349),
        2: (400, 200, 297, 374, 382),
        3: (520, 238, 335, 487, 493),
    }[version]
    record = bytearray(size)
    struct.pack_into("<BBHIQQq", record, 0, size // 4, 19, 1, number, T0, T0 + 7, 250_000_000)
    struct.pack_into("<QQ", record, 40, expiration, T0 - DAY)
    for at, text in ((at_symbol, symbol), (at_root, "ES"), (at_class, "F"), (at_action, "A")):
        record[at : at + len(text)] = text.encode()
    return bytes(record)


def test_definitions_and_open_interest_of_a_vendor(put, ws):
    """Both are stored and found again; the second time nothing is new."""
    expiry = T0 + 70 * DAY
    content = dbn_file(schema="definition", records=definition("ESH4", 1, expiry) + definition("ESM4", 2, 2**64 - 1))
    first, second = ws.ingest(put(content, "terms.dbn")), ws.ingest(put(content, "terms.dbn"))
    assert (first.inserted, second.unchanged) == (1, 1)
    (known,) = ws.secmaster.reference.definitions(1)
    assert (known.symbol, known.root, known.expiration_ns, known.tick_size) == ("ESH4", "ES", expiry, 250_000_000)
    value = struct.pack("<BBHIQQQqqIiHHBB18x", 20, 24, 1, 1, T0 + DAY, T0 + DAY, T0, 0, 777, 0, 0, 9, 0, 1, 0)
    other = struct.pack("<BBHIQQQqqIiHHBB18x", 20, 24, 1, 1, T0 + DAY, T0 + DAY, T0, 0, 777, 0, 0, 6, 0, 1, 0)
    report = ws.ingest(
        put(zipped(batch({"s.dbn": dbn_file(schema="statistics", records=value + other)}, schema="statistics")))
    )
    assert (report.read, report.inserted) == (1, 1)
    mappings = ws.secmaster.mappings(1, "ESH4", "raw_symbol", TimeRange())
    assert ws.secmaster.reference.open_interest(mappings).tolist() == [[T0 + DAY, 777]]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda f: f.pop("manifest.json"), "it has no manifest.json"),
        (lambda f: f.pop("condition.json"), "condition.json is missing, its manifest lists it"),
        (lambda f: f.update(extra=b"x"), "extra is not in its manifest"),
        (lambda f: f.update({"condition.json": b"[]"}), "condition.json has 2 bytes, its manifest says"),
        (lambda f: f.update({"manifest.json": b"{"}), "manifest.json is not JSON"),
        (lambda f: f.update({"manifest.json": b"[" * 100_000}), "manifest.json is not JSON"),
        (lambda f: f.update({"manifest.json": b"[]"}), "manifest.json is no JSON object"),
        (lambda f: f.update({"manifest.json": b'{"files": [{"filename": "a"}]}'}), "manifest.json is damaged at"),
        (lambda f: f.update(batch(encoding="csv")), "it holds ohlcv-1d as csv"),
        (lambda f: f.update(batch(schema="mbo")), "it holds mbo as dbn"),
    ],
)
def test_manifests_that_do_not_hold(put, refusing, change, message):
    """What is missing, not listed, of another size or no manifest is named, and nothing is stored."""
    files = batch()
    change(files)
    with pytest.raises(VendorFileError, match=message):
        refusing.ingest(put(zipped(files)))
    assert refusing.publishers().empty


def entry(name, content=b"x", **fields):
    """An archive with the files of a batch and one more entry, whose directory entry has these fields."""
    info = zipfile.ZipInfo(name)
    for field, value in fields.items():
        setattr(info, field, value)
    return zipped({**batch(), info: content})


def changed(old, new, count=-1, content=None):
    """An archive with bytes replaced."""
    content = zipped(batch()) if content is None else content
    assert old in content
    return content.replace(old, new, count) if count > 0 else new.join(content.rsplit(old, -count))


def overlapping():
    """An archive two of whose entries share their data, as Fifield's bomb does."""
    content = bytearray(zipped({"a.dbn": b"x" * 100, "b.dbn": b"x" * 100}))
    second = content.rindex(b"PK\1\2")
    struct.pack_into("<L", content, second + 42, 0)
    content[second + 46 : second + 51] = b"a.dbx"
    return bytes(content)


def bomb():
    """An entry that unpacks a thousand to one."""
    return zipped({"a.dbn": bytes(3 << 20)})


TRICKS = {
    "leads out of its folder": entry("../evil.dbn"),
    "leads out of its folder ": entry("a/../../evil.dbn"),
    "absolute name": entry("/etc/evil.dbn"),
    "absolute name ": entry("C:evil.dbn"),
    "leads out": entry("a\\b.dbn"),
    "control characters": changed(b"condition.json", b"condition\0json"),
    "a name that no vendor file has": entry("glbx\u2044evil.dbn"),
    "a name that no vendor file has ": entry("\u202eevil.dbn".replace("\u202e", "\u00e9")),
    "link or a device": entry("link.dbn", b"/etc/passwd", external_attr=(stat.S_IFLNK | 0o777) << 16),
    "is there twice": zipped({**batch(), zipfile.ZipInfo("CONDITION.json"): b"x"}),
    "in several folders": entry("other/x.dbn"),
    "is an archive itself": entry("inner.zip", b"PK\3\4"),
    "packed by method 12": zipped(batch(), method=zipfile.ZIP_BZIP2),
    "calls itself": changed(b"condition.json", b"condition.jsoN", count=-1),
    "overlaps another one": overlapping(),
    "unpacks more than 200 to 1": bomb(),
    "is truncated, or something follows": zipped(batch())[:-30],
    "is truncated, or something follows ": zipped(batch()) + b"tail",
    "its directory is not where": zipped(batch())[:200] + zipped(batch())[260:],
    "does not begin as a zip": b"#!/bin/sh\n" + zipped(batch()),
}


def encrypted():
    """An archive whose first entry says it is encrypted, in both of its headers."""
    content = bytearray(zipped(batch()))
    content[6] |= 1
    content[content.index(b"PK\1\2") + 8] |= 1
    return bytes(content)


@pytest.mark.parametrize("trick", [*TRICKS, "is encrypted"])
def test_zip_tricks(put, refusing, tmp_path, trick):
    """Each is refused by what it is, before anything is stored, and nothing is written beside the archive."""
    path = put(encrypted() if trick == "is encrypted" else TRICKS[trick])
    before = sorted(p.name for p in tmp_path.iterdir())
    with pytest.raises(VendorFileError, match=trick.strip()):
        refusing.ingest(path)
    assert sorted(p.name for p in tmp_path.iterdir()) == before
    assert refusing.publishers().empty


def test_a_wrong_checksum(put):
    """Content that does not fit its CRC is named."""
    content = bytearray(zipped(batch(), method=zipfile.ZIP_STORED))
    at = content.index(b'"condition"')
    content[at] ^= 1
    with pytest.raises(VendorFileError, match=r"entry condition.json is damaged \(wrong checksum\)"):
        read_source(put(bytes(content)))
    files = Archive(put(bytes(content)))
    assert len(b"".join(files.chunks("metadata.json"))) == files.sizes["metadata.json"]
    files.close()


def test_limits(put):
    """More entries or bytes than allowed are refused by their number."""
    path = put(zipped(batch()))
    with pytest.raises(VendorFileError, match="it has 7 entries, more than 6"):
        Archive(path, ArchiveLimits(entries=6))
    with pytest.raises(VendorFileError, match=r"unpacks to .* bytes, more than 10"):
        Archive(path, ArchiveLimits(entry_bytes=10))
    with pytest.raises(VendorFileError, match=r"it unpacks to .* bytes, more than 2,000"):
        Archive(path, ArchiveLimits(total_bytes=2000))
    with pytest.raises(DataError, match="cannot be read"):
        Archive(path.with_name("none.zip"))


def test_many_entries_in_the_directory_only(put):
    """An end that promises more entries than the directory has is named."""
    content = bytearray(zipped(batch()))
    content[-14:-10] = struct.pack("<HH", 9, 9)
    with pytest.raises(VendorFileError, match="its directory holds 7 entries, its end says 9"):
        read_source(put(bytes(content)))


def test_days_that_the_vendor_calls_incomplete_are_noted(put):
    """The report says how many days of a batch are not what they should be."""
    files = {n: c for n, c in batch().items() if n != "manifest.json"}
    files["condition.json"] = json.dumps([{"date": "2024-01-02", "condition": "degraded"}]).encode()
    notes = read_source(put(zipped({**files, "manifest.json": manifest(files)}))).notes
    assert notes == ("the vendor calls 1 days incomplete, as 2024-01-02",)
