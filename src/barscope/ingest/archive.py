"""Zip archives that may be hostile: what is in one is checked whole before anything is read, and nothing is ever
written where the archive says. Each entry is streamed to a caller's own file.
"""  # noqa: D205

from __future__ import annotations

import re
import stat
import struct
import zlib
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from barscope.errors import DataError, VendorFileError, cut
from barscope.ingest.files import SMALL, TIGHTEST

if TYPE_CHECKING:
    from collections.abc import Iterator

_AGAIN = "get the archive again"
_END = struct.Struct("<4s4H2LH")
_END_64 = struct.Struct("<4sQ2H2L4Q")
_LOCATOR_64 = struct.Struct("<4sLQL")
_LOCAL = struct.Struct("<4s5H3L2H")
_ENCRYPTED = 0x1 | 0x40 | 0x2000
_DESCRIPTOR = 0x8
_UNKNOWN_32, _UNKNOWN_16 = 0xFFFFFFFF, 0xFFFF
_NAME = re.compile(r"(?:[A-Za-z0-9][A-Za-z0-9._+=@ -]{0,199}/)?[A-Za-z0-9][A-Za-z0-9._+=@ -]{0,199}/?")
_INNER = (".zip", ".7z", ".rar", ".tar", ".tgz", ".gz", ".bz2", ".xz", ".jar")
CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class ArchiveLimits:
    """What unpacking one archive may take."""

    entries: int = 20_000
    directory_bytes: int = 16 * 1024**2
    entry_bytes: int = 16 * 1024**3
    total_bytes: int = 64 * 1024**3
    ratio: int = TIGHTEST


class Archive:
    """The files of a zip archive, in one folder or none.

    Raises:
        DataError: If there is no such file, or it cannot be read.
        VendorFileError: If it is no zip archive, is damaged, or plays a trick; the message says which.
    """

    def __init__(self, path: Path, limits: ArchiveLimits | None = None) -> None:
        self.source = path.name
        limits = limits or ArchiveLimits()
        try:
            self._file: BinaryIO = path.open("rb")
        except OSError as error:
            raise DataError(f"{cut(path, 200)} cannot be read: {error.strerror}") from error
        try:
            start = self._directory_start(limits)
            self._zip = ZipFile(self._file)
            self._entries = self._checked(self._zip.infolist(), start, limits)
        except (BadZipFile, struct.error, UnicodeDecodeError, NotImplementedError, OSError, ValueError) as error:
            self._file.close()
            if isinstance(error, OSError) and error.errno is not None and error.errno != 22:  # EINVAL: a bad offset
                raise DataError(f"{self.source} cannot be read: {error.strerror}") from error
            raise VendorFileError(f"{self.source}: its directory is damaged ({cut(error)}): {_AGAIN}") from error
        except VendorFileError:
            self._file.close()
            raise

    def close(self) -> None:
        """Closes the file."""
        self._file.close()

    @property
    def sizes(self) -> dict[str, int]:
        """Name, without its folder → size."""
        return {name: info.file_size for name, info in self._entries.items()}

    def chunks(self, name: str) -> Iterator[bytes]:
        """The content of an entry, as many bytes as it says, whose checksum holds.

        Raises:
            VendorFileError: If it is damaged.
        """
        info = self._entries[name]
        n_bytes = 0
        try:
            with closing(self._zip.open(info)) as entry:
                while chunk := entry.read(CHUNK):
                    n_bytes += len(chunk)
                    yield chunk
        except (BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError) as error:
            what = "wrong checksum" if "CRC" in str(error) else f"damaged after {n_bytes:,} bytes, {cut(error)}"
            raise VendorFileError(f"{self.source}: entry {cut(name)} is damaged ({what}): {_AGAIN}") from error
        if n_bytes != info.file_size:
            raise self._refused(name, f"has {n_bytes:,} bytes, its directory says {info.file_size:,}")

    def _directory_start(self, limits: ArchiveLimits) -> int:
        """Where the central directory begins, if the archive begins and ends as one that was made in one go."""
        size = self._file.seek(0, 2)
        self._file.seek(0)
        head = self._file.read(4)
        if head != b"PK\x03\x04":
            raise VendorFileError(f"{self.source}: it does not begin as a zip archive does: {_AGAIN}")
        if size < _END.size:
            raise VendorFileError(f"{self.source}: the archive is truncated: {_AGAIN}")
        self._file.seek(size - _END.size)
        magic, _, _, _, count, n_bytes, start, comment = _END.unpack(self._file.read(_END.size))
        if magic != b"PK\x05\x06" or comment:
            what = "it is truncated, or something follows its end (a comment, or another archive)"
            raise VendorFileError(f"{self.source}: {what}: {_AGAIN}")
        end = size - _END.size
        if count == _UNKNOWN_16 or _UNKNOWN_32 in (n_bytes, start):
            self._file.seek(end - _LOCATOR_64.size)
            _, _, at, _ = _LOCATOR_64.unpack(self._file.read(_LOCATOR_64.size))
            self._file.seek(at)
            *_, count, n_bytes, start = _END_64.unpack(self._file.read(_END_64.size))
            end = at
        if count > limits.entries or n_bytes > limits.directory_bytes:
            raise VendorFileError(
                f"{self.source}: it has {count:,} entries, more than {limits.entries:,} are not read: split the request"
            )
        self._count = int(count)
        if start + n_bytes != end:
            raise VendorFileError(f"{self.source}: its directory is not where its end says: {_AGAIN}")
        return int(start)

    def _checked(self, infos: list[ZipInfo], end: int, limits: ArchiveLimits) -> dict[str, ZipInfo]:
        """The files by name, none of which plays a trick."""
        if len(infos) != self._count:
            raise VendorFileError(
                f"{self.source}: its directory holds {len(infos):,} entries, its end says {self._count:,}: {_AGAIN}"
            )
        found: dict[str, ZipInfo] = {}
        lower: set[str] = set()
        folders: set[str] = set()
        for info in infos:
            self._check_name(info)
            self._check_kind(info, limits)
            folder, _, name = info.filename.rpartition("/")
            if info.is_dir():
                folders.add(info.filename[:-1])
                continue
            folders.add(folder)
            if name.casefold() in lower:
                raise self._refused(info.filename, "is there twice")
            lower.add(name.casefold())
            found[name] = info
        if len(folders) > 1:
            shown = ", ".join(cut(folder or "no folder") for folder in sorted(folders)[:3])
            raise VendorFileError(f"{self.source}: its files are in several folders ({shown}): one batch is in one")
        total = sum(info.file_size for info in infos)
        if total > limits.total_bytes:
            raise VendorFileError(f"{self.source}: it unpacks to {total:,} bytes, more than {limits.total_bytes:,}")
        self._check_places(infos, end)
        return found

    def _check_name(self, info: ZipInfo) -> None:
        name = info.orig_filename
        if "\0" in name or not name.isprintable():
            raise self._refused(name, "has a name with control characters")
        if name.startswith(("/", "\\")) or re.match(r"[A-Za-z]:", name):
            raise self._refused(name, "has an absolute name")
        if "\\" in name or ".." in re.split(r"[/\\]", name):
            raise self._refused(name, "has a name that leads out of its folder")
        if not _NAME.fullmatch(name):
            raise self._refused(name, "has a name that no vendor file has: letters, digits and . _ + = @ - are read")
        if name.casefold().endswith(_INNER):
            raise self._refused(name, "is an archive itself: unpack it first")

    def _check_kind(self, info: ZipInfo, limits: ArchiveLimits) -> None:
        mode = stat.S_IFMT(info.external_attr >> 16)
        if mode not in (0, stat.S_IFREG, stat.S_IFDIR) or (mode and stat.S_ISDIR(mode) != info.is_dir()):
            raise self._refused(info.filename, "is a link or a device, no file")
        if info.flag_bits & _ENCRYPTED:
            raise self._refused(info.filename, "is encrypted: unpack it first")
        if info.compress_type not in (ZIP_STORED, ZIP_DEFLATED):
            raise self._refused(
                info.filename, f"is packed by method {info.compress_type}: stored and deflated are read"
            )
        if info.compress_type == ZIP_STORED and info.file_size != info.compress_size:
            raise self._refused(info.filename, "is stored in another size than it has")
        if info.file_size > limits.entry_bytes:
            raise self._refused(info.filename, f"unpacks to {info.file_size:,} bytes, more than {limits.entry_bytes:,}")
        if info.file_size > max(SMALL, limits.ratio * info.compress_size):
            raise self._refused(info.filename, f"unpacks more than {limits.ratio} to 1, as no market data do")
        if info.is_dir() and info.file_size:
            raise self._refused(info.filename, "is a folder with content")

    def _check_places(self, infos: list[ZipInfo], end: int) -> None:
        """Each entry has a place of its own, whose header says what the directory says."""
        free = 0
        for info in sorted(infos, key=lambda info: info.header_offset):
            if info.header_offset < free:
                raise self._refused(info.filename, "overlaps another one")
            free = info.header_offset + self._check_local(info) + info.compress_size
            if free > end:
                raise self._refused(info.filename, "ends behind the last entry")

    def _check_local(self, info: ZipInfo) -> int:
        """The length of an entry's own header."""
        self._file.seek(info.header_offset)
        magic, _, flags, method, _, _, crc, packed, size, n_name, n_extra = _LOCAL.unpack(self._file.read(_LOCAL.size))
        name = self._file.read(n_name)
        written = info.orig_filename.encode("utf-8" if info.flag_bits & 0x800 else "cp437")
        if magic != b"PK\x03\x04" or name != written:
            raise self._refused(info.filename, f"calls itself {cut(name.decode('utf-8', 'replace'))}")
        if (flags, method) != (info.flag_bits, info.compress_type):
            raise self._refused(info.filename, "is described in two ways")
        told = (crc, packed, size)
        unsaid = (0, 0, 0) if flags & _DESCRIPTOR else None
        known = (info.CRC, info.compress_size, info.file_size)
        if told != unsaid and any(a not in (b, _UNKNOWN_32) for a, b in zip(told, known, strict=True)):
            raise self._refused(info.filename, "is described in two ways")
        return int(_LOCAL.size + n_name + n_extra)

    def _refused(self, name: str, what: str) -> VendorFileError:
        return VendorFileError(f"{self.source}: entry {cut(name)} {what}; nothing of the archive was read")
