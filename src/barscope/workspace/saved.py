"""Everything a user keeps by name in a workspace, a kind each, and the files to carry it elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from barscope.errors import InvalidParameterError, StoreError, cut
from barscope.indicators.registry import indicator_class
from barscope.store.preset_values import SymbolPreset
from barscope.store.presets import GLOBAL_DEFAULTS
from barscope.studies.condition_presets import ConditionPresets
from barscope.studies.presets import Presets
from barscope.workspace import layouts
from barscope.workspace.preset_files import ImportReport, file_text, import_all, read_file

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from barscope.store.presets import PresetStore
    from barscope.store.secmaster import SecurityMaster
    from barscope.studies.request import BarChoice
    from barscope.workspace.saved_charts import SavedCharts


class Watchlists(Presets[SymbolPreset]):
    """Named symbols, with whose and which bars they are.

    Args:
        store: presets.db.
        secmaster: Whose symbols they are.
    """

    def __init__(self, store: PresetStore, secmaster: SecurityMaster) -> None:
        super().__init__("watchlist", store.symbol_presets, layouts.watchlist_json, layouts.watchlist_of_json)
        self._secmaster = secmaster

    def of(self, choice: BarChoice) -> SymbolPreset:
        """The watchlist of the symbols of a request.

        Raises:
            InvalidParameterError: If there are none.
            UnknownPublisherError: If there is no such publisher.
        """
        return layouts.watchlist_of(choice, self._secmaster)

    def to_row(self, value: SymbolPreset) -> SymbolPreset:
        """The columns it is kept in."""
        return layouts.watchlist_of_json(layouts.watchlist_json(value))

    def _packed(self, stored: SymbolPreset) -> dict[str, Any]:
        return layouts.watchlist_json(stored)


class IndicatorDefaults(Presets[dict[str, Any]]):
    """Parameters by indicator class, and those of GLOBAL_DEFAULTS, which count where a class has none of its own."""

    def __init__(self, store: PresetStore) -> None:
        super().__init__("indicator defaults", store.indicator_defaults, dict, layouts.indicator_defaults_of_json)

    def of(self, class_name: str) -> dict[str, Any]:
        """What to offer for an indicator: its own defaults, or those of all indicators that it has parameters for.

        Raises:
            UnknownIndicatorError: If no such class is registered.
            StoreError: If what is stored is broken.
        """
        parameters = indicator_class(class_name).parameters
        stored = self.names()
        name = next((name for name in (class_name, GLOBAL_DEFAULTS) if name in stored), None)
        found = {} if name is None else self.load(name)
        return {key: value for key, value in found.items() if key in parameters or name == class_name}


class Saved:
    """What a user keeps by name; every kind has save, load, names, list, rename and delete.

    Attributes:
        watchlists: Named symbols.
        indicator_sets: Indicators for any bars.
        layouts: All that the explorer shows.
        conditions: Conditions with context and gap tolerance.
        chart_settings: How a chart is drawn.
        indicator_defaults: Parameters by indicator class.
        kinds: All of these by name, as they stand in a file.
    """

    def __init__(self, store: PresetStore, charts: SavedCharts, secmaster: SecurityMaster) -> None:
        explore = store.explore_presets
        self._database = store.database
        self.watchlists = Watchlists(store, secmaster)
        self.indicator_sets: Presets[layouts.IndicatorSet] = Presets(
            layouts.INDICATOR_SET,
            explore,
            layouts.indicator_set_json,
            layouts.indicator_set_of_json,
            is_ours=layouts.is_indicator_set,
        )
        self.layouts: Presets[layouts.Layout] = Presets(
            layouts.LAYOUT, explore, layouts.layout_json, layouts.layout_of_json, is_ours=layouts.is_layout
        )
        self.conditions = ConditionPresets(store.condition_presets)
        self.chart_settings = charts.named
        self.indicator_defaults = IndicatorDefaults(store)
        self.kinds: dict[str, Presets[Any]] = {
            name: value for name, value in vars(self).items() if isinstance(value, Presets)
        }

    def __repr__(self) -> str:
        return f"Saved({', '.join(f'{len(presets.names())} {kind}' for kind, presets in self.kinds.items())})"

    def export(self, path: str | Path, kinds: Iterable[str] | None = None, names: Iterable[str] | None = None) -> Path:
        """Write presets to a JSON file, whole or not at all; returns where it is.

        Args:
            path: The file; one that is there is replaced.
            kinds: Names of `kinds`; None is all.
            names: Names of presets; None is all.

        Raises:
            InvalidParameterError: If a kind or a name is not there.
            StoreError: If the file cannot be written, or a preset asked for by name is broken.
        """
        from barscope.charts.export import write_file

        return write_file(path, self.text(kinds, names).encode())

    def text(self, kinds: Iterable[str] | None = None, names: Iterable[str] | None = None) -> str:
        """The text of the file that `export` writes; broken presets are left out unless they are asked for by name."""
        chosen = set(self.kinds) if kinds is None else set(_listed("kinds", kinds))
        for kind in sorted(chosen - set(self.kinds)):
            raise InvalidParameterError(f"unknown kind {cut(kind)}: choose from {', '.join(self.kinds)}")
        return file_text(self.kinds, chosen, None if names is None else set(_listed("names", names)))

    def import_(self, source: str | Path | bytes, *, replace: bool = False) -> ImportReport:
        """Store the presets of a JSON file. What is broken or newer in it is named, and the rest is stored.

        Args:
            source: The file, or its content.
            replace: Whether a preset takes the place of one that has its name; otherwise it is skipped.

        Raises:
            InvalidParameterError: If it is no file of presets.
            SchemaVersionError: If a newer barscope wrote it.
        """
        return import_all(self.kinds, self._database, read_file(source), replace=replace)

    def problems(self) -> tuple[StoreError, ...]:
        """What is wrong with the presets that cannot be read."""
        found = (error for presets in self.kinds.values() for error in presets.list().problems)
        return tuple({str(error): error for error in found}.values())


def _listed(what: str, values: Iterable[str]) -> Iterable[str]:
    """Values in a list; a single text would be taken letter by letter."""
    if isinstance(values, str):
        raise InvalidParameterError(f"{what} is the text {cut(values)}: give a list")
    return values
