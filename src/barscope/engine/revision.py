"""Which commit of a git checkout a file is of, read from the checkout's own files."""

from __future__ import annotations

import re
from pathlib import Path

_COMMIT = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")


def git_revision(place: Path) -> str | None:
    """The commit checked out where a file or folder lies; None where that is no checkout.

    Installed packages have none, also those of an environment that lies inside a checkout.
    """
    if "site-packages" in place.parts:
        return None
    for folder in (place, *place.parents):
        try:
            return _head(_git_folder(folder / ".git"))
        except (OSError, ValueError):  # not a checkout, or one that cannot be read: look further up
            continue
    return None


def _git_folder(git: Path) -> Path:
    """The folder of a checkout's git files; a work tree has a file that names it."""
    if git.is_dir():
        return git
    named = git.read_text(encoding="utf-8").partition("gitdir:")[2].strip()
    return git.parent / named


def _head(git: Path) -> str | None:
    head = (git / "HEAD").read_text(encoding="utf-8").strip()
    name = head.partition("ref:")[2].strip()
    if not name:
        return _commit(head)
    common = git / "commondir"
    shared = git / common.read_text(encoding="utf-8").strip() if common.exists() else git
    loose = shared / name
    if loose.exists():
        return _commit(loose.read_text(encoding="utf-8").strip())
    packed = (shared / "packed-refs").read_text(encoding="utf-8").splitlines()
    found = [line.partition(" ")[0] for line in packed if line.endswith(f" {name}")]
    return _commit(found[0]) if found else None


def _commit(text: str) -> str | None:
    return text if _COMMIT.fullmatch(text) else None
