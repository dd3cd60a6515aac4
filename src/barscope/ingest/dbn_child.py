"""Unpacks one vendor file in a process of its own, so that a hostile one can only kill that process.

Run as `python -P dbn_child.py FILE MEMORY_BYTES CPU_SECONDS OUTPUT_BYTES`. Writes a line of JSON (the metadata) and
then the raw records to standard output. A file that is refused ends it with status 3 and the reason on standard error;
of one whose number of records nothing vouches for, standard error says why, behind `UNVERIFIED`.
It imports nothing of barscope: starting takes a few hundredths of a second.
"""

from __future__ import annotations

import contextlib
import json
import resource
import sys
from collections.abc import Iterator
from itertools import chain
from typing import Any, BinaryIO

REFUSED = 3
UNVERIFIED = "unverified: "
AGAIN = "get the file again"
_ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
_CHECKSUM = 0x04  # of the byte behind it: RFC 8878, 3.1.1.1.1
_PREFIX = 8  # "DBN", the version, and the length of the metadata
_CHUNK = 8192  # zstd packs up to 32,768 to 1: a chunk unpacks to 256 MB at most
_BAR_BYTES = 56
_REFERENCE_BYTES = {"definition": (360, 400, 520), "statistics": (64, 64, 80)}  # in versions 1, 2 and 3
_TS_OUT_BYTES = 8


class RefusedError(Exception):
    """A file that is not a whole vendor file of bars."""


def record_bytes(schema: str | None, version: int) -> int | None:
    """The length of a record, without its time of sending; None for a schema that is not read."""
    if schema is not None and schema.startswith("ohlcv-"):
        return _BAR_BYTES
    return _REFERENCE_BYTES[schema][version - 1] if schema in _REFERENCE_BYTES else None


def limit(memory_bytes: int, cpu_seconds: int) -> None:
    """Limits this process; a system that lacks a limit goes without it."""
    limits = {
        resource.RLIMIT_AS: memory_bytes,
        resource.RLIMIT_CPU: cpu_seconds,
        resource.RLIMIT_CORE: 0,
    }
    for what, most in limits.items():
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(what, (most, most))


def unpack(path: str, out: BinaryIO, output_bytes: int) -> str | None:
    """Writes the metadata and the records of a file, or refuses it; gives why nothing vouches for their number."""
    with open(path, "rb") as file:  # noqa: PTH123  # pathlib would double the start time
        packing = _Packing()
        chunks = packing.plain(file)
        buffer = bytearray()
        for chunk in chunks:
            buffer += chunk
            end = _metadata_end(buffer)
            if _PREFIX < end <= len(buffer):
                break
        else:
            raise RefusedError(f"the file is truncated: it ends inside its metadata at byte {len(buffer):,}; {AGAIN}")
        metadata = _metadata(bytes(buffer[:end]))
        out.write(json.dumps(metadata).encode() + b"\n")
        n_bytes = 0
        for chunk in chain([bytes(buffer[end:])], chunks):
            n_bytes += len(chunk)
            if n_bytes > output_bytes:
                raise RefusedError(f"it unpacks to more than {output_bytes:,} bytes: it is corrupt, or has to be split")
            out.write(chunk)
    size = record_bytes(metadata["schema"], metadata["version"])
    if size is None:
        return None  # whoever asked refuses it by its schema
    size += _TS_OUT_BYTES if metadata["ts_out"] else 0
    whole, rest = divmod(n_bytes, size)
    if rest:
        raise RefusedError(f"the file is truncated: it ends inside record {whole + 1:,}; {AGAIN}")
    return packing.unverified


class _Packing:
    """How a file is packed, if it is: nothing, or zstd."""

    def __init__(self) -> None:
        self.unverified: str | None = "a plain .dbn file does not say how many records it has, as a .dbn.zst does"

    def plain(self, file: BinaryIO) -> Iterator[bytes]:
        """The content of a file in chunks; a zstd stream has to be whole."""
        first = file.read(_CHUNK)
        if not first.startswith(_ZSTD_MAGIC):
            yield first
            while chunk := file.read(_CHUNK * 16):
                yield chunk
            return
        import zstandard

        self.unverified = None if first[4:5] and first[4] & _CHECKSUM else "its packing carries no checksum"
        frame = zstandard.ZstdDecompressor().decompressobj()
        read, chunk = 0, first
        while chunk:
            try:
                yield frame.decompress(chunk)
            except zstandard.ZstdError as error:
                raise RefusedError(f"the compressed data are corrupt near byte {read:,} ({error}); {AGAIN}") from None
            read += len(chunk) - len(frame.unused_data)
            chunk = frame.unused_data or file.read(_CHUNK)
            if frame.eof and chunk:
                frame = zstandard.ZstdDecompressor().decompressobj()
                self.unverified = "it is packed in several frames and does not say how many"
        if not frame.eof:
            raise RefusedError(f"the file is truncated: its compressed data end early, after {read:,} bytes; {AGAIN}")


def _metadata_end(buffer: bytearray) -> int:
    """Where the records begin; `_PREFIX` where too little has been read to tell."""
    if len(buffer) < _PREFIX:
        return _PREFIX
    if buffer[:3] != b"DBN":
        raise RefusedError("it does not begin as a DBN file does")
    if not 1 <= buffer[3] <= 3:
        raise RefusedError(f"it is DBN version {buffer[3]}: versions 1, 2 and 3 are read")
    return _PREFIX + int.from_bytes(buffer[4:_PREFIX], "little")


def _metadata(header: bytes) -> dict[str, Any]:
    import databento_dbn

    try:
        decoded = databento_dbn.Metadata.decode(header)
    except databento_dbn.DBNError as error:
        raise RefusedError(f"its metadata are corrupt ({error}); {AGAIN}") from None
    return {
        "version": header[3],
        "dataset": decoded.dataset,
        "schema": _text(decoded.schema),
        "stype_in": _text(decoded.stype_in),
        "stype_out": _text(decoded.stype_out),
        "ts_out": decoded.ts_out,
        "mappings": [
            [symbol, str(interval["start_date"]), str(interval["end_date"]), interval["symbol"]]
            for symbol, intervals in decoded.mappings.items()
            for interval in intervals
        ],
    }


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def main(arguments: list[str]) -> int:
    """Unpacks the file and returns the exit status."""
    path = arguments[0]
    memory_bytes, cpu_seconds, output_bytes = map(int, arguments[1:])
    limit(memory_bytes, cpu_seconds)
    try:
        unverified = unpack(path, sys.stdout.buffer, output_bytes)
        sys.stdout.buffer.flush()
    except RefusedError as error:
        reason = str(error)
    except MemoryError:
        reason = f"unpacking it takes more than {memory_bytes:,} bytes of memory: it is corrupt, or has to be split"
    except OSError as error:
        reason = f"it cannot be unpacked: {error.strerror}"
    else:
        if unverified:
            sys.stderr.write(UNVERIFIED + unverified)
        return 0
    sys.stderr.write(reason)
    return REFUSED


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
