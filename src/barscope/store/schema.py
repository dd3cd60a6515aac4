"""What a database file of barscope is, and whether a file is one."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import apsw

from barscope.errors import SchemaVersionError, StoreError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Schema:
    """A kind of database file.

    Attributes:
        kind: What a person calls it, such as `security master`.
        application_id: The number at offset 68 of its files.
        migrations: Script i takes a file from `user_version` i to i + 1.
        additions: Table → script that makes it. These tables are nobody's contract but ours: a writer makes those that
            are missing, a reader of an older file does without, and the `user_version` stays what others know.
    """

    kind: str
    application_id: int
    migrations: tuple[str, ...]
    additions: Mapping[str, str] = field(default_factory=dict)

    @property
    def version(self) -> int:
        """The `user_version` this barscope reads and writes."""
        return len(self.migrations)


def check_identity(connection: apsw.Connection, path: Path, schema: Schema) -> int:
    """The `user_version` of an open file; 0 for one that holds nothing yet.

    A file without an application id is accepted if its version is known and every table and column of
    that version is there: other programs create such files from the same contract.

    Raises:
        SchemaVersionError: If another program or a newer barscope wrote it.
    """
    application_id = connection.pragma("application_id")
    version = int(connection.pragma("user_version"))
    if application_id not in (0, schema.application_id):
        raise foreign_file(path, schema)
    if version > schema.version:
        remedy = "update barscope, or choose another file"
        raise SchemaVersionError(f"{path} has version {version}, this barscope knows {schema.version}: {remedy}")
    if application_id == 0 and not _columns_of(schema, version) <= _columns(connection):
        raise foreign_file(path, schema)
    if version == 0 and _columns(connection):
        raise foreign_file(path, schema)
    return version


def migrate(connection: apsw.Connection, schema: Schema, version: int) -> None:
    """Brings an open file, inside a transaction, from `version` to the version of the schema."""
    for script in schema.migrations[version:]:
        connection.execute(script).fetchall()  # to its last statement
    for table in missing_additions(connection, schema):
        connection.execute(schema.additions[table]).fetchall()
    connection.pragma("application_id", schema.application_id)
    connection.pragma("user_version", schema.version)


def missing_additions(connection: apsw.Connection, schema: Schema) -> tuple[str, ...]:
    """The additional tables that an open file does not have yet."""
    there = {name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
    return tuple(table for table in schema.additions if table not in there)


def not_created(path: Path, schema: Schema) -> StoreError:
    """The error of reading a file that is missing or empty."""
    return StoreError(f"{path} is no {schema.kind} yet: open it for writing once to create it")


def foreign_file(path: Path, schema: Schema) -> SchemaVersionError:
    """The error of a file that another program wrote."""
    return SchemaVersionError(f"{path} is not a {schema.kind} of barscope: choose another file; it was left unchanged")


def _columns_of(schema: Schema, version: int) -> set[tuple[str, str]]:
    with_tables = apsw.Connection(":memory:")
    for script in schema.migrations[:version]:
        with_tables.execute(script).fetchall()
    columns = _columns(with_tables)
    with_tables.close()
    return columns


def _columns(connection: apsw.Connection) -> set[tuple[str, str]]:
    query = "SELECT t.name, c.name FROM sqlite_schema AS t JOIN pragma_table_info(t.name) AS c WHERE t.type = 'table'"
    return {(str(table), str(column)) for table, column in connection.execute(query)}
