"""Watchlists beside the symbols: a button, and the line it unfolds to pick and save them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ipywidgets as widgets

from barscope.errors import InvalidParameterError
from barscope.widgets.preset_menu import PresetMenu
from barscope.workspace.layouts import source_of_watchlist, stored_source

if TYPE_CHECKING:
    from barscope.store.preset_values import SymbolPreset
    from barscope.store.secmaster import SecurityMaster
    from barscope.widgets.guard import Guard
    from barscope.widgets.source_picker import SourcePicker
    from barscope.workspace.saved import Watchlists


class WatchlistMenu:
    """The watchlists of a choice of bars.

    Attributes:
        button: Unfolds the line.
        widget: The line.
        presets: The menu in it.
    """

    def __init__(self, watchlists: Watchlists, source: SourcePicker, secmaster: SecurityMaster, guard: Guard) -> None:
        self._watchlists, self._source, self._secmaster, self._guard = watchlists, source, secmaster, guard
        self.button = widgets.ToggleButton(icon="list-ul", tooltip="Watchlists").add_class("barscope-icon")
        self.presets = PresetMenu(watchlists, self, guard)
        self.widget = self.presets.widget.add_class("barscope-watchlists")
        self.button.observe(guard(lambda _change: self._unfold()), "value")
        self.presets.name.placeholder = "Save symbols as …"
        self._unfold()

    @property
    def can_save(self) -> bool:
        """Whether symbols are chosen."""
        return hasattr(self._source, "symbols") and bool(self._source.symbols.value)

    def read(self) -> SymbolPreset:
        """The chosen symbols.

        Raises:
            InvalidParameterError: If there are none.
        """
        chosen = self._source.value
        if chosen is None:
            raise InvalidParameterError("No symbols selected")
        return self._watchlists.of(chosen)

    def show(self, _name: str, value: SymbolPreset) -> None:
        """Choose the symbols of a watchlist; days, hours and timeframe stay where they fit.

        Raises:
            InvalidParameterError: If none of them is stored.
        """
        self._source.reload()
        source, problems = stored_source(source_of_watchlist(value), value.publisher_name, self._secmaster)
        chosen = self._source.value
        if chosen is not None and chosen.rtype == source.rtype:
            kept = ("start_date", "end_date", "hours", "timeframe")
            source = source.model_copy(update={name: getattr(chosen, name) for name in kept})
        self._source.set(source)
        for problem in problems:
            self._guard.notices.show(problem, level="warning")

    def _unfold(self) -> None:
        self.widget.layout.display = "" if self.button.value else "none"
        if self.button.value:
            self.presets.refresh(self.presets.chosen)
