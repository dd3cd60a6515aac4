"""Reading who publishes the bars of a security master."""

from __future__ import annotations

from typing import TYPE_CHECKING

from barscope.domain.instruments import Publisher

if TYPE_CHECKING:
    from barscope.store.connections import Connections


def list_publishers(database: Connections) -> tuple[Publisher, ...]:
    """All publishers, by id."""
    rows = database.rows("SELECT publisher_id, name, dataset, venue FROM publishers ORDER BY publisher_id")
    return tuple(Publisher(*row) for row in rows)
