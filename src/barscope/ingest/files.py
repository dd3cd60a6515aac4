"""Opening files: what can go wrong with them, said in words a person can act on."""

from __future__ import annotations

import zlib
from pathlib import Path

from barscope.errors import DataError, VendorFileError, cut

MAX_TEXT_BYTES = 8 * 1024**3
SMALL = 1 << 20
"""What unpacks to this many bytes may be packed as tightly as it likes."""
TIGHTEST = 200
"""Market data are not packed more tightly than this to one; what is meant to exhaust the memory is."""

_MAGIC = {
    b"SQLite format 3\0": "an SQLite database",
    b"PAR1": "a Parquet file",
    b"PK\x03\x04": "a zip archive",
    b"\x1f\x8b": "a gzip file",
    b"\x28\xb5\x2f\xfd": "a zstd file",
    b"DBN": "a DBN file",
    b"%PDF": "a PDF document",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
}


def looks_like(head: bytes) -> str:
    """What the first bytes of a file say it is."""
    for magic, kind in _MAGIC.items():
        if head.startswith(magic):
            return kind
    return "an empty file" if not head else "something else"


def read_bytes(path: Path, *, limit: int | None = None) -> bytes:
    """The content of a file, or its first `limit` bytes.

    Raises:
        DataError: If there is no such file, it is a folder, or it may not or cannot be read.
    """
    try:
        with path.open("rb") as file:
            return file.read(-1 if limit is None else limit)
    except FileNotFoundError:
        raise DataError(f"no such file: {cut(path, 200)}") from None
    except IsADirectoryError:
        raise DataError(f"{cut(path, 200)} is a folder: name a file in it") from None
    except PermissionError:
        raise DataError(f"{cut(path, 200)} may not be read by this user: change its permissions") from None
    except (OSError, ValueError) as error:  # ValueError: a NUL character in the name
        raise DataError(f"{cut(path, 200)} cannot be read: {error}") from error


def most_unpacked(packed: int) -> int:
    """How many bytes so many packed ones may unpack to."""
    return max(SMALL, TIGHTEST * packed)


def gunzip(content: bytes, source: str, *, limit: int = MAX_TEXT_BYTES) -> tuple[bytes, int]:
    """The text in a gzip file, and of how many members it is, each with a checksum.

    Raises:
        VendorFileError: If it is corrupt, truncated, no gzip file, or its text is larger than the limit.
    """
    plain, rest, members = bytearray(), content, 0
    limit = min(limit, most_unpacked(len(content)))
    try:
        while rest:
            stream = zlib.decompressobj(wbits=31)
            plain += stream.decompress(rest, limit + 1 - len(plain))
            if len(plain) > limit:
                raise VendorFileError(
                    f"{source}: it unpacks to more than {limit:,} bytes: it is corrupt, or has to be split"
                )
            if not stream.eof:
                raise VendorFileError(
                    f"{source}: the gzip data end early after {len(plain):,} bytes: get the file again"
                )
            rest = stream.unused_data.lstrip(b"\0")
            members += 1
    except zlib.error as error:
        raise VendorFileError(f"{source}: not a readable gzip file but {looks_like(content)} ({error})") from None
    return bytes(plain), members
