"""What people drew on the charts of a symbol, in presets.db."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from barscope.domain.annotations import Annotation
from barscope.errors import InvalidParameterError, StoreError, cut
from barscope.store.json_text import from_json, to_json
from barscope.store.loaded import Loaded, load

if TYPE_CHECKING:
    from typing import Any

    from barscope.store.connections import Row
    from barscope.store.database import Database

_COLUMNS = "annotation_id, publisher_id, symbol, symbol_type, config, created_at"


@dataclass(frozen=True, slots=True)
class StoredAnnotation:
    """An annotation and the symbol it belongs to; `created_at` is ISO 8601, UTC."""

    annotation_id: str
    publisher_id: int
    symbol: str
    symbol_type: str
    annotation: Annotation
    created_at: str


class AnnotationTable:
    """The annotations of all symbols, oldest first."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, stored: StoredAnnotation) -> None:
        """Adds one."""
        row = (
            stored.annotation_id,
            stored.publisher_id,
            stored.symbol,
            stored.symbol_type,
            to_json(stored.annotation.to_dict()),
            stored.created_at,
        )
        with self._database.atomic() as connection:
            connection.execute(f"INSERT INTO annotations ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?)", row)  # noqa: S608

    def list(
        self, symbol: str | None = None, publisher_id: int | None = None, symbol_type: str | None = None
    ) -> Loaded[StoredAnnotation]:
        """Those of a symbol, a publisher and a symbol type; None is all of them."""
        if not self._database.has_addition("annotations"):
            return Loaded(())
        wanted = {"symbol": symbol, "publisher_id": publisher_id, "symbol_type": symbol_type}
        given = {column: value for column, value in wanted.items() if value is not None}
        where = " AND ".join(f"{column} = ?" for column in given) or "1"
        query = f"SELECT {_COLUMNS} FROM annotations WHERE {where} ORDER BY created_at, rowid"  # noqa: S608
        return load(self._database.rows(query, tuple(given.values())), _read)

    def delete(self, annotation_id: str) -> None:
        """Removes one.

        Raises:
            StoreError: If there is none of this id.
        """
        with self._database.atomic() as connection:
            connection.execute("DELETE FROM annotations WHERE annotation_id = ?", (annotation_id,))
            if not connection.changes():
                raise StoreError(f"no annotation {cut(annotation_id)}: list them to see their ids")


def _read(row: Row) -> StoredAnnotation:
    annotation_id, publisher_id, symbol, symbol_type, config, created_at = row
    where = f"{cut(annotation_id)} in annotations"
    values: Any = from_json(config, where)
    try:
        annotation = Annotation.from_dict(values)
    except InvalidParameterError as error:
        raise StoreError(f"{where} is broken: {error}") from error
    return StoredAnnotation(annotation_id, publisher_id, symbol, symbol_type, annotation, created_at)
