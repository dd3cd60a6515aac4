"""The blobs of run_columns."""

import struct

import numpy as np
import pytest
import zstandard

from barscope.errors import StoreError
from barscope.store.columns import decode, encode


def test_a_blob_is_zstd_of_little_endian_values():
    """Any program can read a blob with zstd and the byte order alone."""
    assert zstandard.decompress(encode(np.array([1.5, -2.0]))) == struct.pack("<2d", 1.5, -2.0)
    assert zstandard.decompress(encode(np.array([1, -2]))) == struct.pack("<2q", 1, -2)
    assert zstandard.decompress(encode(np.array([1.5]).astype(">f8"))) == struct.pack("<d", 1.5)


@pytest.mark.parametrize(
    ("series", "kind"), [("ts", np.int64), ("volume", np.int64), ("open", np.float64), ("VOLUME", np.float64)]
)
def test_the_series_says_which_numbers_a_blob_holds(series, kind):
    """Times and volumes are int64, everything else float64."""
    values = np.array([1, 2, 3], dtype=kind)
    back = decode(encode(values), 3, series)
    assert back.dtype == kind
    assert np.array_equal(back, values)


@pytest.mark.parametrize(
    "blob",
    [
        b"",
        b"not zstd",
        encode(np.zeros(3))[:-1],
        encode(np.zeros(4)),
        encode(np.zeros(2)),
        zstandard.ZstdCompressor(write_content_size=False).compress(bytes(24)),
        zstandard.ZstdCompressor().compress(bytes(10**8)),
    ],
    ids=["empty", "garbage", "cut", "more", "fewer", "no-size", "bomb"],
)
def test_a_blob_that_is_not_what_its_row_says_is_refused(blob):
    """Damage, truncation and another length raise StoreError that names the series."""
    with pytest.raises(StoreError, match="series close is damaged"):
        decode(blob, 3, "close")
