"""Damages vendor files and reads them, as the process of a user would; one line of JSON for each.

Run by `test_vendor_files.py`, and by hand to repeat what it found:

    python -W error tests/proof/vendor_file_mutations.py KIND SEED FIRST COUNT

The decoder of DBN files is a process of its own. Here it is forked from one that has imported what it needs, which
spares it the start of Python and nothing else: the same code runs under the same limits, and of every forty files one
is read with the decoder that a user gets, to the same outcome.
"""

import array
import hashlib
import io
import json
import os
import random
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import time
import traceback
import zipfile
import zlib
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

DATA = Path(__file__).parents[1] / "data" / "dbn"
T0 = 1_704_153_600_000_000_000
DAY = 86_400 * 10**9
REAL_DECODER_EVERY = 40
MOST_SECONDS = 20.0
MOST_MEMORY = 1 << 30
EDGES = (0, 1, 2, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 2**63 - 1, 2**64 - 1)


# ---- a decoder that is forked instead of started


class Nursery:
    """Forks decoders from a process that has imported what they need; forked itself before any thread begins."""

    def __init__(self):
        self._ours, theirs = socket.socketpair()
        self.most_memory = 0
        self.pid = os.fork()
        if not self.pid:
            self._ours.close()
            _serve(theirs)
        theirs.close()

    def run(self, command, *, stdin, stdout, stderr, timeout, check):
        """As `subprocess.run` of the decoder."""
        assert (stdin, check, Path(command[2]).name) == (subprocess.DEVNULL, False, "dbn_child.py")
        socket.send_fds(self._ours, [json.dumps(command[3:]).encode()], [stdout.fileno(), stderr.fileno()])
        child = int.from_bytes(self._ours.recv(8), "little")
        self._ours.settimeout(timeout)
        try:
            status, used = array.array("q", self._ours.recv(16))
        except TimeoutError:
            os.kill(child, signal.SIGKILL)
            self._ours.settimeout(None)
            self._ours.recv(16)
            raise subprocess.TimeoutExpired(command, timeout) from None
        self.most_memory = max(self.most_memory, used)
        return SimpleNamespace(returncode=status)

    def close(self):
        """End the process."""
        self._ours.close()
        os.waitpid(self.pid, 0)


def _serve(ours):
    """Of the process that forks decoders; ends with the connection."""
    import databento_dbn  # noqa: F401  # what is imported here need not be in each decoder
    import zstandard  # noqa: F401

    while True:
        words, files, _flags, _address = socket.recv_fds(ours, 1 << 16, 2)
        if not words:
            os._exit(0)
        child = os.fork()
        if not child:
            ours.close()
            _decode(json.loads(words), *files)
        for file in files:
            os.close(file)
        ours.send(child.to_bytes(8, "little"))
        _pid, status, usage = os.wait4(child, 0)
        ours.send(array.array("q", [os.waitstatus_to_exitcode(status), usage.ru_maxrss * 1024]).tobytes())


def _decode(arguments, out, complaints):
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(out, 1)
    os.dup2(complaints, 2)
    status = 1
    try:
        status = DECODER["main"](arguments)
    except BaseException:  # noqa: BLE001  # as the end of a Python program
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def _decoder():
    """The module of the decoder, run from its file as its own process does: it imports nothing of barscope."""
    import importlib.util

    file = Path(importlib.util.find_spec("barscope").origin).parent / "ingest" / "dbn_child.py"
    module = {"__name__": "dbn_child", "__file__": str(file)}
    exec(compile(file.read_text(), str(file), "exec"), module)  # noqa: S102  # our own file
    return module


# ---- files that are right: name, content


def dbn_bars(n, instruments=(1,), mapped=()):
    """A made-up file of n daily bars of each instrument."""
    import datetime as dt
    import struct

    import databento_dbn as dbn

    days = [
        SimpleNamespace(start_date=dt.date(2024, 1, 1), end_date=dt.date(2027, 1, 1), symbol=str(i)) for i in mapped
    ]
    head = dbn.Metadata(
        dataset="GLBX.MDP3",
        start=T0,
        stype_in=dbn.SType.from_str("raw_symbol"),
        stype_out=dbn.SType.from_str("instrument_id"),
        schema=dbn.Schema.from_str("ohlcv-1d"),
        mappings=[SimpleNamespace(raw_symbol=f"SYM{i}", intervals=[day]) for i, day in zip(mapped, days, strict=True)],
    ).encode()
    rows = [
        struct.pack("<BBHIQqqqqQ", 14, 35, 1, instrument, T0 + i * DAY, 5 + i, 9 + i, 3 + i, 6 + i, 100 + i)
        for i in range(n)
        for instrument in instruments
    ]
    return head + b"".join(rows)


def dbn_files():
    """Plain files of the vendor, and a longer one."""
    found = [(path.name, path.read_bytes()) for path in sorted(DATA.glob("*.dbn"))]
    return [*found, ("made.dbn", dbn_bars(60, (1, 2), mapped=(1, 2)))]


def zst_files():
    """Packed files of the vendor, and longer ones: with a checksum, without one, and of several frames."""
    import zstandard

    found = [(path.name, path.read_bytes()) for path in sorted(DATA.glob("*.dbn.zst"))]
    content = dbn_bars(60, (1, 2), mapped=(1, 2))
    summed, bare = zstandard.ZstdCompressor(write_checksum=True), zstandard.ZstdCompressor(write_checksum=False)
    head = len(content) - 120 * 56
    cuts = [0, head + 30 * 56, head + 90 * 56, len(content)]
    frames = b"".join(summed.compress(content[a:b]) for a, b in pairwise(cuts))
    return [
        *found,
        ("sum.dbn.zst", summed.compress(content)),
        ("bare.dbn.zst", bare.compress(content)),
        ("frames.dbn.zst", frames),
    ]


def zip_files():
    """Batches, stored and deflated."""
    query = {"dataset": "GLBX.MDP3", "schema": "ohlcv-1d", "encoding": "dbn", "stype_in": "raw_symbol"}
    names = {"result": {"ESH4": [{"d0": "2024-01-01", "d1": "2024-02-01", "s": "1"}]}}
    files = {"metadata.json": json.dumps({"query": query}).encode(), "symbology.json": json.dumps(names).encode()}
    files |= {f"{name}.ohlcv-1d.dbn": dbn_bars(3, (i,)) for i, name in enumerate("ab", 1)}
    found = []
    for name, method in (("stored.zip", zipfile.ZIP_STORED), ("deflated.zip", zipfile.ZIP_DEFLATED)):
        found.append((name, zipped({**files, "manifest.json": manifest_of(files)}, method)))
    return found


def manifest_of(files):
    """What the vendor says about files."""
    listed = [
        {"filename": n, "size": len(c), "hash": f"sha256:{hashlib.sha256(c).hexdigest()}"} for n, c in files.items()
    ]
    return json.dumps({"files": listed}).encode()


def zipped(files, method):
    """An archive of files."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as packed:
        for name, content in files.items():
            packed.writestr(zipfile.ZipInfo(name, (2024, 1, 1, 0, 0, 0)), content, method)
    return out.getvalue()


def _table(n=80):
    import polars as pl

    from barscope.ingest import sample_stocks

    bars = [batch for batch in sample_stocks() if batch.symbol in ("AAPL", "IBM")]
    frames = []
    for batch in bars:
        ts, *prices, volume = (column[:n] for column in batch.bars.columns())
        columns = {name: p / 1e9 for name, p in zip(("open", "high", "low", "close"), prices, strict=True)}
        date = pl.Series(ts).cast(pl.Datetime("ns")).cast(pl.Date)
        frames.append(pl.DataFrame({"date": date, "symbol": [batch.symbol] * n, **columns, "volume": volume}))
    return pl.concat(frames)


def csv_files():
    """Real prices as text, in two dialects, and gzipped."""
    import gzip

    table = _table()
    comma, semicolon = table.write_csv().encode(), table.write_csv(separator=";", line_terminator="\r\n").encode()
    return [("comma.csv", comma), ("semicolon.txt", semicolon), ("packed.csv.gz", gzip.compress(comma, mtime=0))]


def parquet_files():
    """Real prices as Parquet in several packings."""
    table = _table()
    found = []
    for packing in ("uncompressed", "snappy", "zstd", "lz4"):
        out = io.BytesIO()
        table.write_parquet(out, compression=packing, row_group_size=64)
        found.append((f"{packing}.parquet", out.getvalue()))
    return found


KINDS = {"dbn": dbn_files, "zst": zst_files, "zip": zip_files, "csv": csv_files, "parquet": parquet_files}


# ---- damage


def flip(rng, content, _others):
    """A few bits."""
    for _ in range(rng.choice([1, 1, 1, 2, 8])):
        content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)


def overwrite(rng, content, _others):
    """A few bytes."""
    at = rng.randrange(len(content))
    content[at : at + rng.randrange(1, 9)] = rng.randbytes(rng.randrange(9))


def truncate(rng, content, _others):
    """The end is missing."""
    del content[rng.choice([rng.randrange(len(content)), len(content) - rng.randrange(1, min(len(content), 70))]) :]


def cut_out(rng, content, _others):
    """A piece is missing; records of a vendor are 56 bytes long."""
    at = rng.randrange(len(content))
    del content[at : at + rng.choice([1, 8, 56, 112, rng.randrange(1, len(content))])]


def double(rng, content, _others):
    """A piece is there twice."""
    at = rng.randrange(len(content))
    content[at:at] = content[at : at + rng.choice([1, 56, 560, rng.randrange(1, len(content) + 1)])]


def splice(rng, content, others):
    """The head of one file and the tail of another, or a piece from elsewhere."""
    _name, other = rng.choice(others)
    there, length = rng.randrange(len(other)), rng.choice([4, 30, 56, len(other)])
    at = rng.randrange(len(content))
    content[at : at + (length if rng.random() < 0.7 else len(content))] = other[there : there + length]


def lie(rng, content, _others):
    """A number near the begin, the end or anywhere is another: lengths, counts, offsets, versions."""
    places = (rng.randrange(min(len(content), 128)), len(content) - rng.randrange(1, min(len(content), 128)))
    at, width = rng.choice((*places, rng.randrange(len(content)))), rng.choice([1, 2, 4, 8])
    there = int.from_bytes(content[at : at + width], "little")
    value = rng.choice((*EDGES, there + 1, there - 1, there * 2, len(content)))
    content[at : at + width] = (value % (1 << 8 * width)).to_bytes(width, "little")


def grow(rng, content, _others):
    """Something follows, or stands between."""
    at = rng.choice([len(content), rng.randrange(len(content))])
    content[at:at] = rng.choice([b"\0", b"\n", rng.randbytes(rng.randrange(1, 64)), bytes(rng.randrange(1, 4096))])


DAMAGE = (flip, overwrite, truncate, cut_out, double, splice, lie, grow)


def zip_header(rng, content, _others):
    """A field of a header of the archive is an edge value."""
    marks = [i for i in range(len(content) - 4) if content[i : i + 2] == b"PK"]
    at = rng.choice(marks) + rng.randrange(46)
    content[at : at + 1] = bytes([rng.choice([0, 1, 0x7F, 0x80, 0xFF])])


def zip_again(rng, content, others):
    """The archive is whole, and a file in it is not what the manifest says."""
    with zipfile.ZipFile(io.BytesIO(bytes(content))) as packed:
        files = {info.filename: bytearray(packed.read(info)) for info in packed.infolist()}
    rng.choice(DAMAGE)(rng, files[rng.choice(sorted(files))], others)
    if rng.random() < 0.3:
        name = rng.choice(sorted(files))
        trick = rng.choice(["../up", "/etc/cron", "a/b/c", "C:x", name.upper(), "con\0x", "manifest.json.zip", "a\\b"])
        files[trick] = files.pop(name) if rng.random() < 0.5 else files[name]
    content[:] = zipped({name: bytes(inner) for name, inner in files.items()}, rng.choice([0, 8]))


def lines(rng, content, _others):
    """Lines are missing, doubled, swapped, joined or quoted."""
    rows = bytes(content).split(b"\n")
    at, there = rng.randrange(len(rows)), rng.randrange(len(rows))
    change = rng.randrange(6)
    if change == 0:
        del rows[at : at + rng.randrange(1, 5)]
    elif change == 1:
        rows[at:at] = rows[there : there + rng.randrange(1, 20)]
    elif change == 2:
        rows[at], rows[there] = rows[there], rows[at]
    elif change == 3:
        rows[at : at + 2] = [b"".join(rows[at : at + 2])]
    elif change == 4:
        rows[at] = rng.choice([b'"', b'""', b'"a', b",,,,,,,,", b"\xff\xfe", b"1e999,", b"-0", b"NaN,"]) + rows[at]
    else:
        rows[at] = rows[at].replace(b",", rng.choice([b";", b"\t", b'","', b", ", b""]))
    content[:] = b"\n".join(rows)


_UNREADABLE = (
    zipfile.BadZipFile,
    zlib.error,
    OSError,
    ValueError,
    EOFError,
    RuntimeError,
    NotImplementedError,
    KeyError,
)
ALSO = {"zip": (zip_header, zip_header, zip_again, zip_again), "csv": (lines, lines, lines)}


def damaged(kind, seed, n, originals):
    """The n-th damaged file: its name, its content, and what was done to it."""
    rng = random.Random(f"{kind} {seed} {n}")  # noqa: S311  # repeatable is the point
    name, content = rng.choice(originals)
    content, done = bytearray(content), []
    for _ in range(rng.choice([1, 1, 1, 2, 3])):
        if not content:
            break
        change = rng.choice((*DAMAGE, *ALSO.get(kind, ())))
        done.append(change.__name__)
        try:
            change(rng, content, originals)
        except _UNREADABLE:  # it is damaged too much already to be packed again
            continue
    return name, bytes(content), f"{name}: {', '.join(done)}"


# ---- reading


def outcome(path, right):
    """What becomes of a file: refused with an error of ours, or accepted, and whether that is honest."""
    from barscope.errors import BarscopeError
    from barscope.ingest import read_source

    try:
        parsed = read_source(path, rtype=None if "dbn" in path.name or path.suffix == ".zip" else 35)
    except BarscopeError as error:
        return f"refused: {type(error).__name__}: {str(error)[:200]}"
    told = len(parsed.definitions) + len(parsed.open_interest) + sum(len(batch.bars) for batch in parsed.batches)
    if parsed.read != parsed.rejected + told:
        return f"BROKEN: {parsed.read} rows read, {told} accepted, {parsed.rejected} rejected"
    if parsed.unverified:
        return "unverified"
    if parsed.read != right.read:
        return f"BROKEN: {parsed.read} rows accepted, the file had {right.read}, and nothing says unverified"
    if not path.name.endswith(".parquet") and digest(parsed) != digest(right):
        return "BROKEN: a checksum vouches for other bars"
    return "accepted"


def digest(parsed):
    """Of the bars."""
    columns = (column.tobytes() for batch in parsed.batches for column in batch.bars.columns())
    return hashlib.sha256(b"".join(columns)).hexdigest()


def plant(fault, nursery):
    """Makes a fault that the proof has to catch; gives what is done before each file."""
    from barscope.ingest import batch, report

    kept = []
    if fault == "believes the manifest":
        batch._verified = lambda package, file: package.chunks(file.name)
        batch._check_files = lambda package, listed: []
    elif fault == "vouches for all":
        report.ParsedSource.unverified = property(lambda parsed: None, lambda parsed, value: None)
    elif fault == "forks another decoder":
        started = nursery.run
        nursery.run = lambda *args, **more: SimpleNamespace(returncode=max(3, started(*args, **more).returncode))
    return {
        "dies": os.abort,
        "hangs": signal.pause,
        "grows": lambda: kept.append(b"\1" * (300 << 20)),
        "raises": lambda: {}["planted"],
    }.get(fault, lambda: None)


def main(kind, seed, first, count, fault=""):
    """Reads damaged files."""
    nursery = Nursery()
    from barscope.errors import BarscopeError  # noqa: F401  # whatever takes time is imported before the clock runs
    from barscope.ingest import dbn, read_source

    real = dbn.subprocess
    forked = SimpleNamespace(
        run=lambda *args, **more: nursery.run(*args, **more), DEVNULL=real.DEVNULL, TimeoutExpired=real.TimeoutExpired
    )
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        right, originals = {}, KINDS[kind]()
        for name, content in originals:
            (place / name).write_bytes(content)
            right[name] = read_source(place / name, rtype=35 if kind in ("csv", "parquet") else None)
        before_third = plant(fault, nursery)
        resource.setrlimit(resource.RLIMIT_AS, (_address_space() + MOST_MEMORY,) * 2)
        before = _peak()
        for n in range(first, first + count):
            name, content, what = damaged(kind, seed, n, originals)
            (place / name).write_bytes(content)
            begun = time.perf_counter()
            if n == 3:
                before_third()
            dbn.subprocess = forked
            found = outcome(place / name, right[name])
            seconds = time.perf_counter() - begun
            dbn.subprocess = real
            if kind in ("dbn", "zst", "zip") and not n % REAL_DECODER_EVERY:
                again = outcome(place / name, right[name])
                found = found if again == found else f"BROKEN: forked decoder: {found}; started decoder: {again}"
            if seconds > MOST_SECONDS:
                found = f"BROKEN: it took {seconds:.0f} s"
            print(json.dumps({"n": n, "what": what, "outcome": found}), flush=True)
            assert sorted(p.name for p in place.iterdir()) == sorted(right), "something was written beside the files"
        grown, decoder = _peak() - before, nursery.most_memory
        print(json.dumps({"grown_mb": grown >> 20, "decoder_mb": decoder >> 20}), flush=True)
    nursery.close()


def _peak():
    """The most memory this process has used; what `getrusage` tells begins with that of the process it came from."""
    told = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM:"))
    return int(told.split()[1]) * 1024


def _address_space():
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    return pages * resource.getpagesize()


if __name__ == "__main__":
    DECODER = _decoder()
    main(sys.argv[1], *map(int, sys.argv[2:5]), *sys.argv[5:])
