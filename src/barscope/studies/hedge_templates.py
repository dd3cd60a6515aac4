"""The hedge templates there are: those everybody has, and the user's own in presets.db."""

from __future__ import annotations

from typing import TYPE_CHECKING

from barscope.domain.hedges import BUILT_IN, HedgeTemplate
from barscope.errors import BarscopeError, InvalidParameterError, StoreError, cut

if TYPE_CHECKING:
    from barscope.store.presets import PresetStore


class HedgeTemplates:
    """Templates by slug, stored under their slug."""

    def __init__(self, presets: PresetStore) -> None:
        self._table = presets.hedge_templates

    def own(self) -> tuple[HedgeTemplate, ...]:
        """The user's own templates that can be read; `problems` names the rest."""
        return self._read()[0]

    def problems(self) -> tuple[str, ...]:
        """Why stored templates cannot be read, one sentence each."""
        return self._read()[1]

    def all(self) -> tuple[HedgeTemplate, ...]:
        """The built-in templates, then the user's own."""
        return (*BUILT_IN, *self.own())

    def add(self, template: HedgeTemplate) -> None:
        """Keep a template.

        Raises:
            InvalidParameterError: If there is one of its name.
        """
        if template.slug in {known.slug for known in BUILT_IN} | set(self._table.names()):
            raise InvalidParameterError(f"there is a template {cut(template.slug)} already: choose another name")
        self._table.set(template.slug, template.to_dict())

    def delete(self, slug: str) -> None:
        """Let go of one of the user's own templates; what was recorded with it stays.

        Raises:
            InvalidParameterError: If it is built in, or there is none.
        """
        if slug not in self._table.names():
            raise InvalidParameterError(f"{cut(slug)} is no template of yours: only those can be deleted")
        self._table.delete(slug)

    def _read(self) -> tuple[tuple[HedgeTemplate, ...], tuple[str, ...]]:
        templates: list[HedgeTemplate] = []
        problems: list[str] = []
        for slug in self._table.names():
            try:
                templates.append(HedgeTemplate.from_dict(_fields(self._table.get(slug))))
            except (StoreError, InvalidParameterError) as error:
                problems.append(_problem(slug, error))
        return tuple(templates), tuple(problems)


def _fields(stored: object) -> dict[str, object]:
    if not isinstance(stored, dict):
        raise InvalidParameterError("it is not a JSON object")
    return stored


def _problem(slug: str, error: BarscopeError) -> str:
    return f"template {cut(slug)} cannot be read: {error}"
