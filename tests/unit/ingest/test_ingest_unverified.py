"""What vouches for the number of rows of a source, and what the report says where nothing does."""

import gzip
import io
import struct
from pathlib import Path

import polars as pl
import pytest
import zstandard

from barscope.errors import VendorFileError
from barscope.ingest import read_source

FILES = Path(__file__).parents[2] / "data" / "dbn"
PLAIN = FILES / "test_data.ohlcv-1h.dbn"
TEXT = b"Date,Open,High,Low,Close,Volume\n2024-01-02,1,1,1,1,1\n2024-01-03,1,1,1,1,1\n"


def packed(content, *, checksum=True):
    """One zstd frame."""
    return zstandard.ZstdCompressor(write_checksum=checksum).compress(content)


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("a.dbn", PLAIN.read_bytes(), "a plain .dbn file does not say how many records it has, as a .dbn.zst does"),
        ("a.dbn.zst", packed(PLAIN.read_bytes()), None),
        ("a.dbn.zst", packed(PLAIN.read_bytes(), checksum=False), "its packing carries no checksum"),
        (
            "a.dbn.zst",
            packed(PLAIN.read_bytes()[:-56]) + packed(PLAIN.read_bytes()[-56:]),
            "it is packed in several frames and does not say how many",
        ),
        ("a.csv", TEXT, "a text file does not say how many rows it has"),
        ("a.csv.gz", gzip.compress(TEXT), None),
        (
            "a.csv.gz",
            gzip.compress(TEXT[:-22]) + gzip.compress(TEXT[-22:]),
            "a gzip file of several members does not say how many it has",
        ),
    ],
    ids=["plain dbn", "checksum", "no checksum", "frames", "text", "gzip", "members"],
)
def test_a_file_without_checksum_or_count_is_unverified(tmp_path, name, content, why):
    """Text, plain DBN and what is packed in pieces can lose rows unseen; a checksum over the whole vouches for it."""
    (tmp_path / name).write_bytes(content)
    parsed = read_source(tmp_path / name, **({} if "dbn" in name else {"symbol": "X", "rtype": 35}))
    assert parsed.read == 2
    assert parsed.unverified == why


def test_the_report_of_an_ingest_says_so(workspace, tmp_path):
    """`unverified` stands in the report and in its text; a frame in memory is what it is."""
    (tmp_path / "a.csv").write_bytes(TEXT)
    report = workspace.ingest(tmp_path / "a.csv", symbol="X", rtype=35)
    assert str(report).splitlines()[-1] == "  unverified: a text file does not say how many rows it has"
    frame = pl.DataFrame({"ts": [1_704_153_600], **dict.fromkeys(("open", "high", "low", "close", "volume"), 1)})
    again = workspace.ingest(frame, symbol="Y", rtype=35)
    assert again.unverified is None
    assert "unverified" not in str(again)


@pytest.mark.parametrize(
    ("kind", "day", "bad"),
    [
        (pl.Date, 1, 2**31 - 1),
        (pl.Date, 1, -(2**31)),
        (pl.Datetime("ms"), 86_400_000, 2**60),
        (pl.Datetime("us"), 86_400_000_000, -(2**62)),
        (pl.Datetime("ns"), 86_400_000_000_000, 2**63 - 1),
    ],
)
def test_a_moment_that_no_calendar_has_is_a_rejected_row(tmp_path, kind, day, bad):
    """Found by damaged Parquet files: polars panics when it writes such a date as text; the report has its number."""
    numbers = pl.Series([19_724 * day, bad, 19_725 * day])
    times = numbers.cast(pl.Int32).cast(kind) if kind == pl.Date else numbers.cast(kind)
    frame = pl.DataFrame({"date": times, **dict.fromkeys(("open", "high", "low", "close", "volume"), 1.0)})
    frame.write_parquet(tmp_path / "a.parquet")
    parsed = read_source(tmp_path / "a.parquet", symbol="X", rtype=35)
    assert parsed.reasons == {"time out of range": 1}
    assert parsed.rejected_rows["text"][0].startswith("2262-" if kind == pl.Datetime("ns") else str(bad))


def test_the_length_of_a_wrong_record_is_told_right(tmp_path):
    """Found by damaged DBN files: the length of a record, times 4, overflowed in the message of its refusal."""
    content = bytearray(PLAIN.read_bytes())
    content[-56:-54] = struct.pack("<BB", 200, 34)
    (tmp_path / "a.dbn").write_bytes(content)
    with pytest.raises(VendorFileError, match="type 34, 800 bytes"):
        read_source(tmp_path / "a.dbn")


def bombs(kind):
    """A small file that would unpack to hundreds of times its size."""
    n = 400_000
    if kind == "a.csv.gz":
        return gzip.compress(TEXT + b"2024-01-04,1,1,1,1,1\n" * n)
    if kind == "a.dbn.zst":
        return packed(PLAIN.read_bytes() + PLAIN.read_bytes()[-56:] * n)
    out = io.BytesIO()
    same = {"date": [1_704_153_600] * n, **dict.fromkeys(("open", "high", "low", "close", "volume"), [1.0] * n)}
    pl.DataFrame(same).write_parquet(out, compression="zstd")
    return out.getvalue()


@pytest.mark.parametrize("name", ["a.csv.gz", "a.dbn.zst", "a.parquet"])
def test_a_file_that_unpacks_to_hundreds_of_times_its_size_is_refused(tmp_path, name):
    """As no market data do: reading them could exhaust the memory of whoever reads them."""
    content = bombs(name)
    (tmp_path / name).write_bytes(content)
    with pytest.raises(VendorFileError, match=r"unpacks? to more than [\d,]+ bytes: it is corrupt, or has to be split"):
        read_source(tmp_path / name, **({} if "dbn" in name else {"symbol": "X", "rtype": 35}))
