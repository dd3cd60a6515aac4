"""Presets of one kind kept by name: choose one to load it, save what is there, rename, delete."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

import ipywidgets as widgets

from barscope.charts.text import plain
from barscope.errors import PresetConflictError
from barscope.widgets.fields import icon_button

if TYPE_CHECKING:
    from barscope.studies.presets import Presets
    from barscope.widgets.guard import Guard

Value = TypeVar("Value")
_NONE = ""
"""The value of the entry that stands for no preset; None would leave a drop-down blank."""


class PresetForm(Protocol[Value]):
    """What presets are saved from and loaded into."""

    @property
    def can_save(self) -> bool:
        """Whether there is something to save."""

    def read(self) -> Value:
        """What there is; raises InvalidParameterError where that is nothing."""

    def show(self, name: str, value: Value) -> None:
        """Take a preset over."""


class PresetMenu(Generic[Value]):
    """A menu of presets beside what they are made of.

    It remembers what each preset was when it was loaded or saved here. If another session has saved something else
    under the name since then, saving and deleting are refused, and a button offers to overwrite.

    Attributes:
        widget: What a panel shows.
        menu: The names; choosing one loads it.
        name: What to save under.
        load: Loads the chosen preset again.
        save, rename, delete: The buttons.
        overwrite: The button that is there after a conflict.
    """

    def __init__(self, presets: Presets[Value], form: PresetForm[Value], guard: Guard, *, rows: int = 0) -> None:
        """Args: `rows` is the height of a list; 0 makes a drop-down."""
        self._presets, self._form, self._guard = presets, form, guard
        self._loaded: dict[str, Value] = {}
        self._is_quiet = False
        kind = presets.kind
        self._none = () if rows else (("Saved …", _NONE),)
        made = widgets.Select(rows=rows) if rows else widgets.Dropdown()
        self.menu = made
        self.menu.tooltip = f"Load a saved {kind}"
        self.name = widgets.Text(placeholder="Save as …", tooltip=f"Name to save this {kind} under")
        self.save = icon_button("floppy-o", f"Save this {kind} under the name")
        self.overwrite = icon_button("exclamation-triangle", "Overwrite what another session saved under the name")
        self.load = icon_button("undo", f"Load the chosen {kind} again").add_class("barscope-load")
        self.rename = icon_button("pencil", f"Give the chosen {kind} the name beside")
        self.delete = icon_button("trash-o", f"Delete the chosen {kind}")
        buttons = [self.save, self.overwrite, self.load, self.rename, self.delete]
        self.widget = widgets.Box([self.menu, self.name, *buttons]).add_class("barscope-presets")
        if rows:
            self.widget.add_class("barscope-preset-list")
        self._listen()
        self.refresh()

    @property
    def chosen(self) -> str | None:
        """The name that is chosen in the menu."""
        return self.menu.value or None

    def refresh(self, chosen: str | None = None) -> None:
        """Read the names anew; presets that cannot be read are told in a message and left out."""
        found = self._presets.list()
        for problem in found.problems:
            self._guard.notices.show(str(problem), level="warning")
        names = [name for name, _value in found]
        self._offer(names, chosen)

    def judge(self) -> None:
        """Whether there is something to save, to rename or to delete."""
        name, chosen = self.name.value.strip(), self.chosen
        self.save.disabled = not self._form.can_save or not name
        self.rename.disabled = chosen is None or name in ("", chosen)
        self.load.disabled = self.delete.disabled = chosen is None

    # ---- from one step to the next

    def _offer(self, names: list[str], chosen: str | None) -> None:
        self._is_quiet = True
        try:
            options = (*self._none, *((plain(name), name) for name in names))
            if self.menu.options != options:
                self.menu.options = options
            self.menu.value = chosen if chosen in names else (_NONE if self._none else None)
        finally:
            self._is_quiet = False
        self._offer_overwriting(offered=False)
        self.judge()

    def _load(self, name: str | None) -> None:
        if self._is_quiet:
            return
        if name is not None:
            value = self._presets.load(name)
            self._form.show(name, value)
            self._loaded[name] = value
            self.name.value = name
        self.judge()

    def _save(self, *, overwrite: bool = False) -> None:
        name, value = self.name.value.strip(), self._form.read()
        try:
            self._presets.save(name, value, before=self._loaded.get(name), overwrite=overwrite)
        except PresetConflictError:
            self._meet_conflict(name)
            raise
        self._loaded[name] = value
        self.refresh(name)

    def _rename(self) -> None:
        name, new_name = self.chosen, self.name.value.strip()
        if name is None:
            return
        self._presets.rename(name, new_name)
        if name in self._loaded:
            self._loaded[new_name] = self._loaded.pop(name)
        self.refresh(new_name)

    def _delete(self) -> None:
        name = self.chosen
        if name is None:
            return
        try:
            self._presets.delete(name, before=self._loaded.get(name))
        except PresetConflictError:
            self._meet_conflict(name)
            raise
        self._loaded.pop(name, None)
        self.name.value = ""
        self.refresh()

    def _meet_conflict(self, name: str) -> None:
        """Offer to load it again, or to overwrite it."""
        self._loaded.pop(name, None)
        self.refresh()
        self.name.value = name
        self._offer_overwriting(offered=True)

    def _offer_overwriting(self, *, offered: bool) -> None:
        self.overwrite.layout.display = "" if offered else "none"

    def _type(self) -> None:
        self._offer_overwriting(offered=False)
        self.judge()

    def _listen(self) -> None:
        guard = self._guard
        self.menu.observe(guard(lambda _change: self._load(self.chosen)), "value")
        self.name.observe(guard(lambda _change: self._type()), "value")
        self.load.on_click(guard(lambda _button: self._load(self.chosen)))
        self.save.on_click(guard(lambda _button: self._save()))
        self.overwrite.on_click(guard(lambda _button: self._save(overwrite=True)))
        self.rename.on_click(guard(lambda _button: self._rename()))
        self.delete.on_click(guard(lambda _button: self._delete()))
