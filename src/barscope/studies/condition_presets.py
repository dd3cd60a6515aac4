"""Named conditions, saved with their context and gap tolerance."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from barscope.domain.conditions import condition_of
from barscope.studies.presets import VERSION, Presets, versioned
from barscope.studies.segments import ByCondition

if TYPE_CHECKING:
    from barscope.store.named_table import NamedTable


class ConditionPresets(Presets[ByCondition]):
    """The presets in `PresetStore.condition_presets`."""

    def __init__(self, table: NamedTable[Any]) -> None:
        super().__init__("condition", table, condition_json, condition_preset_of)


def condition_json(how: ByCondition) -> dict[str, Any]:
    """A condition as it is stored."""
    return {
        "version": VERSION,
        "condition": how.condition.to_json(),
        "context_bars": how.context_bars,
        "gap_tolerance": how.gap_tolerance,
    }


def condition_preset_of(value: object) -> ByCondition:
    """The condition of a stored preset.

    Raises:
        InvalidParameterError: If it is broken.
        SchemaVersionError: If a newer barscope saved it.
    """
    fields = versioned(value)
    rest = {key: fields[key] for key in ("context_bars", "gap_tolerance") if key in fields}
    return ByCondition(condition_of(fields.get("condition")), **rest)
