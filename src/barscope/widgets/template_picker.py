"""Which hedge templates a scenario follows: a box to tick for each, and a form to make one's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ipywidgets as widgets

from barscope.charts.text import escape, plain
from barscope.domain.hedges import BUILT_IN, HedgeTemplate
from barscope.widgets.fields import icon_button, text_line
from barscope.widgets.formats import count
from barscope.widgets.notices import close_all
from barscope.widgets.template_builder import TemplateBuilder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from barscope.studies.hedge_templates import HedgeTemplates
    from barscope.widgets.guard import Guard

_BUILT_IN = frozenset(template.slug for template in BUILT_IN)


class TemplatePicker:
    """The templates there are; `value` holds the slugs of those that are ticked, in the order of the list.

    Attributes:
        widget: What a panel shows.
        rows: The rows by slug.
        new: The button that opens the form.
        builder: The form.
    """

    def __init__(self, templates: HedgeTemplates, guard: Guard, on_change: Callable[[], None]) -> None:
        self._templates = templates
        self._guard = guard
        self._on_change = on_change
        self._filling = False
        self.rows: dict[str, TemplateRow] = {}
        self.builder = TemplateBuilder(guard, lambda: {template.slug for template in templates.all()}, self._take)
        self._make_widgets()
        self.reload()
        self.set([BUILT_IN[0].slug])

    @property
    def value(self) -> tuple[str, ...]:
        """The slugs of the ticked templates."""
        return tuple(slug for slug, row in self.rows.items() if row.tick.value)

    def set(self, slugs: Iterable[str]) -> None:
        """Tick these templates and no others; those that are gone are left out."""
        wanted = set(slugs)
        self._filling = True
        try:
            for slug, row in self.rows.items():
                row.tick.value = slug in wanted
        finally:
            self._filling = False
        self._tell()

    def reload(self) -> None:
        """Read the templates again; what was ticked stays ticked."""
        there = {template.slug: template for template in self._templates.all()}
        gone = [self.rows.pop(slug) for slug in tuple(self.rows) if slug not in there]
        for slug, template in there.items():
            if slug not in self.rows:
                self.rows[slug] = TemplateRow(template, self._guard, self._tell, self._delete)
        self._list.children = tuple(self.rows[slug].widget for slug in there)
        for row in gone:
            row.close()
        for problem in self._templates.problems():
            self._guard.notices.show(problem, level="warning")

    def _tell(self) -> None:
        if not self._filling:
            self._title.value = escape(f"Templates ({len(self.value)} of {len(self.rows)})")
            self._on_change()

    def _take(self, template: HedgeTemplate | None) -> None:
        """Keep what the form has made, or leave the form."""
        if template is not None:
            self._templates.add(template)
            self.reload()
            self.rows[template.slug].tick.value = True
        self.new.value = False

    def _delete(self, slug: str) -> None:
        self._templates.delete(slug)
        self.reload()
        self._tell()

    def _turn(self) -> None:
        """Show the form in place of the list, or the list."""
        is_building = self.new.value
        if is_building:
            self.builder.clear()
        self._list.layout.display = "none" if is_building else ""
        self.builder.widget.layout.display = "" if is_building else "none"

    def _make_widgets(self) -> None:
        self._title = text_line("Templates").add_class("barscope-heading")
        self.new = widgets.ToggleButton(description="New…", tooltip="Make a template of your own")
        self.new.observe(self._guard(lambda _change: self._turn()), "value")
        self._list = widgets.VBox().add_class("barscope-template-list")
        head = widgets.Box([self._title, self.new]).add_class("barscope-section")
        self.widget = widgets.VBox([head, self._list, self.builder.widget]).add_class("barscope-templates")
        self.builder.widget.layout.display = "none"


class TemplateRow:
    """One template: a box to tick, and for one's own a button that deletes it."""

    def __init__(
        self, template: HedgeTemplate, guard: Guard, on_change: Callable[[], None], on_delete: Callable[[str], None]
    ) -> None:
        self.tick = widgets.Checkbox(description=plain(template.name), indent=False, tooltip=described(template))
        self.delete = icon_button("trash-o", f"Delete {plain(template.name)}")
        self.delete.layout.display = "none" if template.slug in _BUILT_IN else ""
        self.widget = widgets.Box([self.tick, self.delete]).add_class("barscope-template")
        self.tick.observe(guard(lambda _change: on_change()), "value")
        self.delete.on_click(guard(lambda _button: on_delete(template.slug)))

    def close(self) -> None:
        """Let go of its widgets."""
        close_all(self.widget)


def described(template: HedgeTemplate) -> str:
    """A template in words."""
    legs = [
        f"{leg.weight:.4g} × {leg.strike_pct:.4g} of the price, {count(leg.months, 'month')}" for leg in template.legs
    ]
    days = template.roll_days_before
    end = "held to expiry" if days is None else f"rolled {count(days, 'day')} before expiry"
    return f"{'; '.join(legs)}; covers {template.coverage:.4g} of the units; {end}"
