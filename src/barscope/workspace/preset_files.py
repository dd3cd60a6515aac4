"""Presets in a JSON file: written whole or not at all, read as data that may be broken, newer or hostile.

{"barscope_presets": 1, "watchlists": {"tech": {…}}, "layouts": {"morning": {…}}}
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from barscope.errors import BarscopeError, InvalidParameterError, SchemaVersionError, StoreError, cut
from barscope.store.named_table import add_all
from barscope.studies.presets import VERSION

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from barscope.store.database import Database
    from barscope.studies.presets import Presets

MARK = "barscope_presets"
"""The key every file of presets has; its value is the version of the format."""
LARGEST_FILE = 10_000_000
LARGEST_PRESET = 1_000_000
"""In characters of JSON."""
DEEPEST = 32
"""Levels of lists and objects in each other."""


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What became of the presets of a file.

    Attributes:
        loaded: (kind, name) of each that was stored.
        skipped: (kind, name) of each whose name was taken.
        problems: What is wrong with each of the others.
    """

    loaded: tuple[tuple[str, str], ...] = ()
    skipped: tuple[tuple[str, str], ...] = ()
    problems: tuple[str, ...] = ()

    def __str__(self) -> str:
        told = f"{len(self.loaded)} loaded, {len(self.skipped)} skipped, {len(self.problems)} with problems"
        names = ", ".join(f"{cut(name)} in {kind.replace('_', ' ')}" for kind, name in self.skipped[:5])
        return told + (f"; names taken: {names}" if names else "")


def file_text(presets: Mapping[str, Presets[Any]], kinds: set[str], names: set[str] | None) -> str:
    """The text of a file with presets.

    Args:
        presets: All kinds there are.
        kinds: Which of them.
        names: Which names; None is all.

    Raises:
        InvalidParameterError: If a name is not there.
        StoreError: If one that was asked for by name is broken.
    """
    found = {kind: _chosen(presets[kind], names) for kind in presets if kind in kinds}
    missing = (names or set()) - {name for of_kind in found.values() for name in of_kind}
    if missing:
        raise InvalidParameterError(f"no preset is called {cut(', '.join(sorted(missing)), 200)}: see names()")
    whole = {MARK: VERSION, **{kind: of_kind for kind, of_kind in found.items() if of_kind}}
    return json.dumps(whole, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def read_file(source: str | Path | bytes) -> dict[str, Any]:
    """The kinds of a file of presets: kind → name → JSON.

    Raises:
        InvalidParameterError: If there is no such file, or it is not one of presets.
        SchemaVersionError: If a newer barscope wrote it.
    """
    where, content = ("this file", source) if isinstance(source, bytes) else _content(Path(source))
    if len(content) > LARGEST_FILE:
        raise InvalidParameterError(f"{where} is larger than {LARGEST_FILE:,} bytes: it is no file of presets")
    try:
        whole = json.loads(content.decode("utf-8-sig"), parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise InvalidParameterError(f"{where} is not JSON ({cut(error, 200)}): choose a file of presets") from None
    version = whole.pop(MARK, None) if isinstance(whole, dict) else None
    if not isinstance(version, int) or isinstance(version, bool):
        raise InvalidParameterError(f"{where} is no file of presets: it has no {MARK}")
    if version > VERSION:
        raise SchemaVersionError(f"{where} has version {cut(version)}, this barscope reads up to {VERSION}: update it")
    return whole  # type: ignore[no-any-return]  # a dict, as it had the mark


def import_all(
    presets: Mapping[str, Presets[Any]], database: Database, whole: dict[str, Any], *, replace: bool
) -> ImportReport:
    """Store the presets of a file, in one transaction; those that cannot be read are left out.

    Args:
        presets: All kinds there are.
        database: Where they are kept.
        whole: As `read_file` gives it.
        replace: Whether a preset takes the place of one that has its name.
    """
    problems: list[str] = []
    good: list[tuple[str, str, Any]] = []
    for kind, name, value in _entries(presets, whole, problems):
        try:
            good.append((kind, name, _row(presets[kind], name, value)))
        except BarscopeError as error:
            problems.append(f"{cut(name)} in {kind}: {error}")
    rows = ((presets[kind].table, presets[kind].key(name), row) for kind, name, row in good)
    stored = add_all(database, rows, replace=replace)
    pairs = [(kind, name) for kind, name, _row in good]
    loaded = tuple(pair for pair, is_stored in zip(pairs, stored, strict=True) if is_stored)
    skipped = tuple(pair for pair, is_stored in zip(pairs, stored, strict=True) if not is_stored)
    return ImportReport(loaded, skipped, tuple(problems))


def _chosen(presets: Presets[Any], names: set[str] | None) -> dict[str, Any]:
    wanted = [name for name in presets.names() if names is None or name in names]
    found = {}
    for name in wanted:
        try:
            found[name] = presets.to_json(presets.load(name))
        except StoreError:
            if names is not None:
                raise
    return found


def _content(path: Path) -> tuple[str, bytes]:
    where = cut(path, 200)
    if not path.is_file():
        raise InvalidParameterError(f"there is no file {where}: choose a file of presets")
    try:
        with path.open("rb") as file:
            return where, file.read(LARGEST_FILE + 1)
    except OSError as error:
        raise InvalidParameterError(f"{where} cannot be read: {error.strerror}") from error


def _entries(
    presets: Mapping[str, Presets[Any]], whole: dict[str, Any], problems: list[str]
) -> Iterator[tuple[str, str, Any]]:
    for kind, of_kind in whole.items():
        if kind not in presets:
            problems.append(f"{cut(kind)} is no kind of preset this barscope knows: it may be of a newer one")
        elif not isinstance(of_kind, dict):
            problems.append(f"{kind} is not an object of names and presets")
        else:
            yield from ((kind, name, value) for name, value in of_kind.items())


def _row(presets: Presets[Any], name: str, value: Any) -> Any:  # noqa: ANN401  # JSON is of any type
    presets.key(name)
    presets.check_free(name)
    _check_size(value)
    return presets.to_row(presets.of_json(name, value))


def _check_size(value: object) -> None:
    level = [value]
    for _ in range(DEEPEST):
        inner = [part.values() if isinstance(part, dict) else part for part in level if isinstance(part, dict | list)]
        level = [item for part in inner for item in part]
        if not level:
            break
    else:
        raise InvalidParameterError(f"it is nested deeper than {DEEPEST} levels")
    if len(json.dumps(value)) > LARGEST_PRESET:
        raise InvalidParameterError(f"it is larger than {LARGEST_PRESET:,} characters")


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no number of JSON")
