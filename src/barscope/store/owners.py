"""Who is at work on a run: where the lock of its owner is, and whether a living process holds it. For reading only."""

from __future__ import annotations

import fcntl
import hashlib
import re
from contextlib import suppress
from typing import TYPE_CHECKING

from barscope.store.failures import file_errors

if TYPE_CHECKING:
    from pathlib import Path

_PLAIN_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,199}")


def owners_folder(database: Path) -> Path:
    """The folder of the locks beside a runs.db."""
    return database.with_name(database.name + ".owners")


def owner_path(database: Path, run_id: str) -> Path:
    """The lock file of a run: named as the run, or by a hash where the name is not plain."""
    plain = _PLAIN_NAME.fullmatch(run_id) is not None
    name = run_id if plain else "~" + hashlib.sha256(run_id.encode("utf-8", "surrogatepass")).hexdigest()
    return owners_folder(database) / name


def is_owned(database: Path, run_id: str) -> bool:
    """Whether a living process or thread owns the run."""
    return is_held(owner_path(database, run_id))


def is_held(path: Path) -> bool:
    """Whether anybody holds the lock of an owner."""
    with file_errors(path), suppress(FileNotFoundError), path.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False
