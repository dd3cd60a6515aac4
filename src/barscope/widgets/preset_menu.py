"""Conditions kept by name: choose one to load it, save the form under a name, delete."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ipywidgets as widgets

from barscope.charts.text import plain
from barscope.errors import InvalidParameterError
from barscope.widgets.fields import icon_button

if TYPE_CHECKING:
    from barscope.studies.condition_presets import ConditionPresets
    from barscope.widgets.condition_builder import ConditionBuilder
    from barscope.widgets.guard import Guard

_NONE = ("Saved …", None)


class PresetMenu:
    """A menu of presets beside a form.

    Attributes:
        widget: What a panel shows.
        menu: The names; choosing one fills the form.
        name: What to save under.
        save, delete: The buttons.
    """

    def __init__(self, presets: ConditionPresets, builder: ConditionBuilder, guard: Guard) -> None:
        self._presets, self._builder, self._guard = presets, builder, guard
        self.menu = widgets.Dropdown(options=[_NONE], tooltip="Load a saved condition")
        self.name = widgets.Text(placeholder="Save as …", tooltip="Name to save this condition under")
        self.save = icon_button("floppy-o", "Save this condition under the name")
        self.delete = icon_button("trash-o", "Delete the chosen saved condition")
        self.widget = widgets.Box([self.menu, self.name, self.save, self.delete]).add_class("barscope-presets")
        self.menu.observe(guard(lambda change: self._load(change["new"])), "value")
        self.name.observe(guard(lambda _change: self.judge()), "value")
        self.save.on_click(guard(lambda _button: self._save()))
        self.delete.on_click(guard(lambda _button: self._delete()))
        self.refresh()

    def refresh(self, chosen: str | None = None) -> None:
        """Read the names anew; presets that cannot be read are told in a message and left out."""
        found = self._presets.list()
        for problem in found.problems:
            self._guard.notices.show(str(problem), level="warning")
        names = [name for name, _how in found]
        self.menu.options = [_NONE, *((plain(name), name) for name in names)]
        self.menu.value = chosen if chosen in names else None
        self.judge()

    def judge(self) -> None:
        """Whether there is something to save or to delete."""
        self.save.disabled = self._builder.how is None or not self.name.value.strip()
        self.delete.disabled = self.menu.value is None

    def _load(self, name: str | None) -> None:
        if name is not None:
            self.name.value = name
            how = self._presets.load(name)
            if how != self._builder.how:
                self._builder.set(how)
        self.judge()

    def _save(self) -> None:
        how = self._builder.how
        if how is None:
            raise InvalidParameterError(self._builder.problem or "there is no condition to save")
        name = self.name.value.strip()
        self._presets.save(name, how)
        self.refresh(name)

    def _delete(self) -> None:
        if self.menu.value is not None:
            self._presets.delete(self.menu.value)
            self.name.value = ""
            self.refresh()
