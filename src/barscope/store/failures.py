"""Which typed error a failing file or SQLite call becomes; the message names the file and the remedy."""

from __future__ import annotations

import errno
from contextlib import contextmanager
from typing import TYPE_CHECKING

import apsw

from barscope.errors import InvalidParameterError, ReadOnlyStoreError, StoreBusyError, StoreError, StoreFullError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_READ_ONLY = (apsw.ReadOnlyError, apsw.CantOpenError, apsw.PermissionsError)
_NO_PLACE = (PermissionError, FileNotFoundError, FileExistsError, NotADirectoryError, IsADirectoryError)
_BUSY = (apsw.BusyError, apsw.LockedError)
_BROKEN = (apsw.NotADBError, apsw.CorruptError)


@contextmanager
def sqlite_errors(path: Path) -> Iterator[None]:
    """Turns an error of SQLite inside the block into a StoreError."""
    try:
        yield
    except apsw.Error as error:
        raise _of_sqlite(path, error) from error
    except (UnicodeEncodeError, OverflowError) as error:
        raise InvalidParameterError(
            f"{path} cannot store a value ({error}): use valid Unicode and 64-bit numbers"
        ) from error


@contextmanager
def file_errors(path: Path) -> Iterator[None]:
    """Turns an OSError inside the block into a StoreError."""
    try:
        yield
    except OSError as error:
        raise _of_system(path, error) from error


def _of_sqlite(path: Path, error: apsw.Error) -> StoreError:
    if isinstance(error, apsw.FullError) or getattr(error, "extendedresult", 0) == apsw.SQLITE_IOERR_SHMSIZE:
        return _full(path)
    if isinstance(error, _READ_ONLY):
        return _read_only(path, error)
    if isinstance(error, apsw.AuthError):
        return ReadOnlyStoreError(f"{path} is open for reading some of its tables only: this query asks for more")
    if isinstance(error, apsw.InterruptError):
        return StoreError(f"a query of {path} took too long and was ended: ask for less")
    if isinstance(error, _BUSY):
        return busy(path)
    if isinstance(error, _BROKEN):
        return StoreError(f"{path} is damaged or not a database ({error}): restore it from a copy or move it away")
    if isinstance(error, apsw.ConstraintError):
        return StoreError(f"{path} refused a row ({error}); nothing of this step was kept: correct the values")
    return StoreError(f"{path}: {error}")


def _of_system(path: Path, error: OSError) -> StoreError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return _full(path)
    if isinstance(error, _NO_PLACE) or error.errno == errno.EROFS:
        return _read_only(path, error)
    return StoreError(f"{path}: {error.strerror}")


def busy(path: Path) -> StoreBusyError:
    """The error of a writer that waited long enough."""
    return StoreBusyError(f"{path} is being written by another process or thread: let it finish, then try again")


def _full(path: Path) -> StoreFullError:
    return StoreFullError(f"no space left for {path}: nothing of this step was kept; free some space and try again")


def _read_only(path: Path, error: Exception) -> ReadOnlyStoreError:
    remedy = "choose a folder that exists and that you may write to, or open the store read-only"
    return ReadOnlyStoreError(f"{path} cannot be opened or written ({error}): {remedy}")
