"""A disk that remembers everything SQLite did to it, and can tell what a loss of power would have left.

SQLite's own file layer goes on underneath, so the code under test runs on real files. Beside it, this one logs each
write, truncation, sync, creation and deletion, in order. An `image` is what the disk holds when the power fails after a
step of that log:

- what was synced is there: all of a file since its last sync, and no file because of the sync of another;
- a write that was not synced is kept, dropped, or torn: of its sectors some are new, some old, a few are rubbish. Each
  write has its own fate, so a later one may be there without an earlier one, of this file or of another;
- a truncation that was not synced happened or did not;
- a name that was created or deleted since the folder was last synced may be what it was before. SQLite syncs the
  folder with the first sync of a new journal or log (`unixSync`, flag DIRSYNC), which cannot be seen here: it is
  taken as given.

The wal-index (`-shm`) is left out: whoever opens a database first makes it anew.
"""

from __future__ import annotations

import random
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import apsw

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

BELOW = "unix"
"""The file layer that does the work."""

Disk = TypeVar("Disk", bound=apsw.VFS)
_SECTORS = (512, 4096)
_JOURNALS = ("-journal", "-wal")


class Write(NamedTuple):
    """Bytes written to a file."""

    file: int
    offset: int
    data: bytes


class Truncate(NamedTuple):
    """A file cut or extended to a size."""

    file: int
    size: int


class Sync(NamedTuple):
    """A file brought to the disk, and its folder with it if it is a new journal."""

    file: int


class Link(NamedTuple):
    """A name that means a file from now on, or none."""

    path: str
    file: int | None


class Found(NamedTuple):
    """A file that was there before, all of it on the disk."""

    path: str
    file: int
    content: bytes


class Fact(NamedTuple):
    """What the program under test was promised, or was about to do, at this point of the log."""

    what: object


Step = Write | Truncate | Sync | Link | Found | Fact


class RecordingDisk(apsw.VFS):
    """Logs what every connection does that is opened while it is `installed`.

    Attributes:
        log: Everything that happened, oldest first. Files are numbered as they are created.
    """

    def __init__(self, name: str = "recording") -> None:
        self.log: list[Step] = []
        self._names: dict[str, int] = {}
        self._files = 0
        super().__init__(name, BELOW, makedefault=True)

    def note(self, what: object) -> None:
        """Puts a fact into the log."""
        self.log.append(Fact(what))

    def xOpen(self, name, flags):  # noqa: N802 (SQLite's name)
        """Opens a file; one that SQLite deletes by itself is nobody's business."""
        if name is None:
            return apsw.VFSFile(BELOW, name, flags)
        path = name.filename() if isinstance(name, apsw.URIFilename) else name
        is_new = not Path(path).exists()
        file = _RecordedFile(self, name, flags)
        if is_new or path not in self._names:
            self._files += 1
            self._names[path] = self._files
            self.log.append(Link(path, self._files) if is_new else Found(path, self._files, file.content()))
        file.number = self._names[path]
        return file

    def xDelete(self, name, syncdir):  # noqa: N802
        """Deletes a file."""
        super().xDelete(name, syncdir)
        self._names.pop(name, None)
        self.log.append(Link(name, None))


class UnsyncedDisk(apsw.VFS):
    """A disk that leaves out the syncs, for files that no loss of power can hit: they take long."""

    def __init__(self, name: str = "unsynced") -> None:
        super().__init__(name, BELOW, makedefault=True)

    def xOpen(self, name, flags):  # noqa: N802
        """Opens a file."""
        return _UnsyncedFile(BELOW, name, flags)


class _UnsyncedFile(apsw.VFSFile):
    def xSync(self, flags):  # noqa: N802
        pass


class _RecordedFile(apsw.VFSFile):
    """Logs what reaches the file below; no power fails there, so it is not synced."""

    def __init__(self, disk, name, flags):
        super().__init__(BELOW, name, flags)
        self._disk = disk
        self.number = 0

    def content(self):
        size = self.xFileSize()
        return self.xRead(size, 0) if size else b""

    def xWrite(self, data, offset):  # noqa: N802
        super().xWrite(data, offset)
        self._disk.log.append(Write(self.number, offset, bytes(data)))

    def xTruncate(self, size):  # noqa: N802
        super().xTruncate(size)
        self._disk.log.append(Truncate(self.number, size))

    def xSync(self, flags):  # noqa: N802
        self._disk.log.append(Sync(self.number))


@contextmanager
def installed(disk: Disk) -> Iterator[Disk]:
    """Connections opened inside the block are on this disk."""
    try:
        yield disk
    finally:
        disk.unregister()


@contextmanager
def setting_fixed(name: str, value: str) -> Iterator[None]:
    """Connections opened inside the block have a setting of SQLite that nobody can change.

    The program under test is not touched: SQLite passes over its PRAGMA, as if it had not been said.
    """

    def fix(connection: apsw.Connection) -> None:
        connection.pragma(name, value)
        connection.authorizer = lambda action, first, second, *_: (
            apsw.SQLITE_IGNORE
            if action == apsw.SQLITE_PRAGMA and first == name and second is not None
            else apsw.SQLITE_OK
        )

    apsw.connection_hooks.append(fix)
    try:
        yield
    finally:
        apsw.connection_hooks.remove(fix)


@dataclass
class _File:
    """A file as the log has it so far: its bytes on the disk, and the steps that may be lost."""

    synced: bytearray = field(default_factory=bytearray)
    pending: list[Write | Truncate] = field(default_factory=list)

    def sync(self) -> None:
        for step in self.pending:
            _apply(self.synced, step)
        self.pending.clear()

    def image(self, rng: random.Random, kept: float) -> bytearray:
        left = bytearray(self.synced)
        for step in self.pending:
            if rng.random() < kept:
                _apply(left, step)
            elif isinstance(step, Write) and rng.random() < 0.5:
                _tear(left, step, rng)
        return left


class PowerLoss:
    """Follows a log to ever later points, and tells at each what a loss of power would leave."""

    def __init__(self, log: Iterable[Step]) -> None:
        self._steps = iter(log)
        self._done = 0
        self._files: dict[int, _File] = {}
        self._folder: dict[str, int | None] = {}
        self._links: list[Link] = []
        self.facts: list[object] = []

    def advance(self, to: int) -> None:
        """Goes on until `to` steps have happened."""
        while self._done < to:
            self._happen(next(self._steps))
            self._done += 1

    def image(self, rng: random.Random, kept: float | None = None) -> dict[str, bytearray]:
        """A content of the folder, name → bytes, that is possible if the power fails now.

        Args:
            rng: Decides what reaches the disk.
            kept: How likely it is that something unsynced does, of 1 all; drawn if None.
        """
        kept = rng.choice((0.0, 0.2, 0.5, 0.8, 0.95, 1.0)) if kept is None else kept
        names: dict[str, list[int | None]] = {path: [file] for path, file in self._folder.items()}
        for path, file in self._links:
            names.setdefault(path, [None]).append(file)
        found = {path: rng.choice(files) if kept < 1 else files[-1] for path, files in names.items()}
        return {Path(path).name: self._files[file].image(rng, kept) for path, file in found.items() if file is not None}

    def _happen(self, step: Step) -> None:
        match step:
            case Fact(what):
                self.facts.append(what)
            case Link():
                self._links.append(step)
                if step.file is not None:
                    self._files.setdefault(step.file, _File())
            case Found(path, file, content):
                self._folder[path] = file
                self._files[file] = _File(bytearray(content))
            case Sync(file):
                self._files[file].sync()
                if any(link.file == file and link.path.endswith(_JOURNALS) for link in self._links):
                    self._folder.update(self._links)
                    self._links.clear()
            case Write(file) | Truncate(file):
                self._files[file].pending.append(step)


def drawn_by(seed: str) -> random.Random:
    """Chance that a seed repeats."""
    return random.Random(seed)  # noqa: S311 (nothing is kept secret by it)


def _apply(content: bytearray, step: Write | Truncate) -> None:
    if isinstance(step, Write):
        _extend(content, step.offset)
        content[step.offset : step.offset + len(step.data)] = step.data
    else:
        _extend(content, step.size)
        del content[step.size :]


def _tear(content: bytearray, write: Write, rng: random.Random) -> None:
    """Some sectors of a write reach the disk; of a few it is not known what does."""
    sector = rng.choice(_SECTORS)
    end = write.offset + len(write.data)
    start = write.offset
    while start < end:
        stop = min(end, start - start % sector + sector)
        fate = rng.random()
        if fate < 0.48:
            _apply(content, Write(write.file, start, write.data[start - write.offset : stop - write.offset]))
        elif fate > 0.97:
            _apply(content, Write(write.file, start, rng.randbytes(stop - start)))
        start = stop


def _extend(content: bytearray, size: int) -> None:
    content.extend(bytes(max(0, size - len(content))))
