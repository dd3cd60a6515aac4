"""What a user saves by name, one shape for every kind: save, load, names, list, rename, delete.

A preset that is broken, or was saved by a newer barscope, harms only itself. Whoever changes one says what was loaded
before; if another session has saved something else meanwhile, that is a conflict and nothing is written.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar

from barscope.errors import InvalidParameterError, PresetConflictError, SchemaVersionError, StoreError, cut
from barscope.store.loaded import Loaded, load
from barscope.store.named_table import check_name

if TYPE_CHECKING:
    from collections.abc import Callable, Set

    from barscope.store.named_table import NamedTable

Value = TypeVar("Value")
VERSION = 1
"""Of the presets this barscope writes, and the newest it reads."""


class Presets(Generic[Value]):
    """The presets of one kind.

    Args:
        kind: What a person calls one of them.
        table: Where they are kept, as JSON values.
        to_json: A value as JSON.
        of_json: The value of some JSON; raises InvalidParameterError, or SchemaVersionError for that of a newer
            barscope.
        prefix: What their names have before them in the table.
        is_ours: Whether some JSON in the table is of this kind, where it holds several.
    """

    def __init__(
        self,
        kind: str,
        table: NamedTable[Any],
        to_json: Callable[[Value], Any],
        of_json: Callable[[Any], Value],
        *,
        prefix: str = "",
        is_ours: Callable[[Any], bool] = lambda _stored: True,
    ) -> None:
        self.kind = kind
        self.table = table
        self.to_json = to_json
        self._of_json = of_json
        self._prefix = prefix
        self._is_ours = is_ours

    def __repr__(self) -> str:
        return f"Presets({self.kind!r}: {', '.join(map(cut, self.names())) or 'none yet'})"

    def key(self, name: str) -> str:
        """The name of a preset in the table.

        Raises:
            InvalidParameterError: If it is blank, too long or not plain text.
        """
        return self._prefix + check_name(name.strip() if isinstance(name, str) else name)

    def names(self) -> tuple[str, ...]:
        """All names, sorted, also those of broken presets."""
        keys = (key for key in self.table.names() if key.startswith(self._prefix))
        return tuple(name for key in keys if self._holds(name := key.removeprefix(self._prefix)))

    def list(self) -> Loaded[tuple[str, Value]]:
        """Every (name, value) that can be read, sorted by name, and what is wrong with the others."""
        return load([(name,) for name in self.names()], lambda row: (row[0], self.load(row[0])))

    def load(self, name: str) -> Value:
        """The value of a name.

        Raises:
            InvalidParameterError: If there is none.
            StoreError: If it is broken, or of a newer barscope.
        """
        stored = self._stored(name)
        if stored is None:
            raise self._missing(name)
        return self.of_json(name, self._packed(stored))

    def of_json(self, name: str, value: Any) -> Value:  # noqa: ANN401  # whatever was stored
        """The value of some JSON.

        Raises:
            StoreError: If it is broken, or of a newer barscope; named.
        """
        where = f"the {self.kind} preset {cut(name)}"
        try:
            return self._of_json(value)
        except SchemaVersionError as error:
            raise SchemaVersionError(f"{where} has {error}") from error
        except InvalidParameterError as error:
            raise StoreError(f"{where} is broken: {error}. Delete it and save it again") from error

    def save(self, name: str, value: Value, *, before: Value | None = None, overwrite: bool = False) -> None:
        """Keep a value under a name.

        Args:
            name: What to call it.
            value: The value.
            before: The value that was loaded and is now changed; None keeps a new one.
            overwrite: Take the place of whatever has the name.

        Raises:
            PresetConflictError: If what is stored under the name is not `before`.
            InvalidParameterError: If the name is blank, too long, not plain text, or of another kind of preset.
        """
        self._change(name, before, self.to_row(value), overwrite=overwrite)

    def delete(self, name: str, *, before: Value | None = None) -> None:
        """Forget a name; does nothing if there is none.

        Raises:
            PresetConflictError: If `before` is given, and something else is stored by now.
        """
        self._change(name, before, None, overwrite=before is None)

    def rename(self, name: str, new_name: str) -> None:
        """Give a preset another name.

        Raises:
            InvalidParameterError: If there is no such preset, or the new name is taken or not plain text.
        """
        if name not in self.names():
            raise self._missing(name)
        self.table.rename(self._prefix + name, self.key(new_name))

    def to_row(self, value: Value) -> Any:  # noqa: ANN401  # as the table holds it
        """A value as the table holds it."""
        return self.to_json(value)

    def check_free(self, name: str) -> None:
        """Refuse a name that a preset of another kind has.

        Raises:
            InvalidParameterError: If it has.
        """
        if not self._holds(name):
            raise InvalidParameterError(f"{cut(name)} is the name of a preset of another kind: choose another name")

    def _packed(self, stored: Any) -> Any:  # noqa: ANN401  # JSON is of any type
        """What the table holds as JSON."""
        return stored

    def _change(self, name: str, before: Value | None, row: Any, *, overwrite: bool) -> None:  # noqa: ANN401
        key = self.key(name)
        name = key.removeprefix(self._prefix)
        self.check_free(name)
        if overwrite:
            self.table.set(key, row) if row is not None else self.table.delete(key)
            return
        try:
            self.table.change(key, self._expected(name, before), row)
        except PresetConflictError as error:
            raise PresetConflictError(f"the {self.kind} preset", name, error.happened) from None

    def _expected(self, name: str, before: Value | None) -> Any | None:  # noqa: ANN401
        """What is stored, if it still is what was loaded; otherwise something that it is not."""
        if before is None:
            return None
        try:
            stored = self._stored(name)
            is_unchanged = stored is not None and self.of_json(name, self._packed(stored)) == before
        except StoreError:
            is_unchanged = False
        return stored if is_unchanged else self.to_row(before)

    def _stored(self, name: str) -> Any | None:  # noqa: ANN401  # JSON is of any type
        stored = self.table.get(self._prefix + name)
        return stored if stored is None or self._is_ours(stored) else None

    def _holds(self, name: str) -> bool:
        """Whether what has a name, if anything, is of this kind; what is broken could be of any."""
        try:
            stored = self.table.get(self._prefix + name)
        except StoreError:
            return True
        return stored is None or self._is_ours(stored)

    def _missing(self, name: str) -> InvalidParameterError:
        known = ", ".join(self.names()) or "none yet"
        return InvalidParameterError(f"no {self.kind} preset {cut(name)}: there is {cut(known, 200)}")


def versioned(value: Any) -> dict[str, Any]:  # noqa: ANN401  # whatever was stored
    """The fields of a stored preset without its version.

    Raises:
        InvalidParameterError: If it is no JSON object, or has no version.
        SchemaVersionError: If a newer barscope saved it.
    """
    version = value.get("version") if isinstance(value, dict) else None
    if not isinstance(value, dict) or not isinstance(version, int) or isinstance(version, bool):
        raise InvalidParameterError("it has no version")
    if version > VERSION:
        raise SchemaVersionError(f"version {cut(version)}, this barscope reads up to {VERSION}: update barscope")
    return {key: field for key, field in value.items() if key != "version"}


def fields_of(value: Any, required: Set[str], optional: Set[str] = frozenset()) -> dict[str, Any]:  # noqa: ANN401
    """The fields of a JSON object.

    Raises:
        InvalidParameterError: If it is none, or its fields are not those.
    """
    if not isinstance(value, dict):
        raise InvalidParameterError(f"{cut(repr(value))} is not a JSON object")
    missing, unknown = required - set(value), set(value) - required - optional
    if missing or unknown:
        wrong = [f"no {cut(name)}" for name in sorted(missing)] + [f"unknown {cut(name)}" for name in sorted(unknown)]
        raise InvalidParameterError(f"it has {cut(', '.join(wrong), 200)}")
    return value
