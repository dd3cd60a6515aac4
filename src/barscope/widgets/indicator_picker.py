"""The catalogue of indicators: search it by name or group, set parameters, add."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from barscope.charts.text import escape, plain
from barscope.errors import BarscopeError, InvalidParameterError, StoreError
from barscope.indicators.registry import build_indicator, catalogue, search
from barscope.widgets.bar_options import AS_STORED, offer, timeframe_name
from barscope.widgets.certificates import CertificateLine
from barscope.widgets.fields import icon_button, indicator_label
from barscope.widgets.parameter_form import ParameterForm

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from barscope.indicators.certificates import Certificate
    from barscope.indicators.core import Indicator
    from barscope.widgets.guard import Guard
    from barscope.workspace.saved import IndicatorDefaults

ALL_GROUPS = "All groups"
_AHEAD = "✗ "
"""Before the name of one that looks ahead: a list of the browser has no colours."""


class IndicatorPicker:
    """Search, list, form and button.

    The parameters last used for an indicator are there again when it is chosen again.

    Attributes:
        widget: What a panel shows.
        search: Words that name, title or group have to hold.
        group: One group, or all.
        found: The indicators that match; its value is the chosen class name.
        form: The parameters of the chosen one.
        certificate: What was proven of it with these parameters.
        indicator: It with these parameters; None where they do not hold.
        timeframe: The longer bars to compute it on; empty for those of the chart.
        keep: The button that makes the parameters the user's defaults of the indicator.
        add: The button.
        reload: The button that imports the user's own indicators again.
    """

    def __init__(
        self,
        guard: Guard,
        on_add: Callable[[str, dict[str, Any], str | None], None],
        on_reload: Callable[[], None],
        on_change: Callable[[], None] = lambda: None,
        defaults: IndicatorDefaults | None = None,
    ) -> None:
        self._guard = guard
        self._on_add = on_add
        self._on_reload = on_reload
        self._on_change = on_change
        self._defaults = defaults
        self._default: dict[str, Any] | None = None
        self._lookaheads: set[str] = set()
        self.indicator: Indicator | None = None
        self._used: dict[str, dict[str, Any]] = {}
        self._enabled = self._is_quiet = False
        self._make_widgets(guard)
        self._listen(guard)
        self.refresh()

    def select(self, class_name: str, params: Mapping[str, Any] | None = None, timeframe: str | None = None) -> None:
        """Choose an indicator and fill in its form.

        Raises:
            UnknownIndicatorError: If no such class is registered.
        """
        if params is not None:
            self._used[class_name] = dict(params)
        if class_name not in {value for _label, value in self.found.options}:
            self.search.value, self.group.value = "", ALL_GROUPS
        if timeframe in {value for _label, value in self.timeframe.options}:
            self.timeframe.value = timeframe
        if self.found.value == class_name:
            self._show()
        else:
            self.found.value = class_name

    def refresh(self) -> None:
        """Offer what is registered now; the user's own come first."""
        groups = tuple(dict.fromkeys(cls.group for cls in catalogue()))
        kept = self.group.value if self.group.value in groups else ALL_GROUPS
        self.group.options = ((ALL_GROUPS, ALL_GROUPS), *((plain(group), group) for group in groups))
        self.group.value = kept
        self._filter()

    def enable(self, enabled: bool) -> None:
        """Whether there are bars to compute on."""
        self._enabled = enabled
        self._judge()

    def offer_timeframes(self, labels: Sequence[str]) -> None:
        """Offer longer bars than those of the chart."""
        offer(self.timeframe, [("On these bars", AS_STORED), *((f"On {timeframe_name(one)}", one) for one in labels)])
        self.timeframe.layout.display = "" if labels else "none"

    def show_certificate(self, certificate: Certificate | None) -> None:
        """Show what was proven of the chosen indicator; None while it is being examined."""
        self.certificate.show(self.found.value if self.indicator is not None else None, certificate)
        if certificate is not None:
            self.mark(certificate)

    def mark(self, certificate: Certificate) -> None:
        """Mark an indicator in the list, or no longer, by whether it looks ahead."""
        looks_ahead = certificate.first_lookahead is not None
        if looks_ahead != (certificate.class_name in self._lookaheads):
            (self._lookaheads.add if looks_ahead else self._lookaheads.discard)(certificate.class_name)
            self._filter()

    # ---- from one step to the next

    def _filter(self) -> None:
        classes = search(self.search.value) if self.search.value.strip() else catalogue()
        shown = [cls for cls in classes if self.group.value in (ALL_GROUPS, cls.group)]
        options = tuple((self._label(cls), cls.class_name) for cls in shown)
        before = self.found.value
        kept = before if before in {cls.class_name for cls in shown} else None
        self._is_quiet = True  # other options choose the first for a moment: the form keeps what was typed
        try:
            if self.found.options != options:
                self.found.options = options
            self.found.value = kept or (shown[0].class_name if shown else None)
        finally:
            self._is_quiet = False
        if self.found.value != before:
            self._show()
        self._count.value = escape(
            f"{len(shown)} of {len(catalogue())}" if shown else "Nothing matches: try another word"
        )

    def _label(self, cls: type[Indicator]) -> str:
        return f"{_AHEAD}{indicator_label(cls)}" if cls.class_name in self._lookaheads else indicator_label(cls)

    def _show(self) -> None:
        if self._is_quiet:
            return
        class_name = self.found.value
        self.form.widget.layout.visibility = "hidden" if class_name is None else "visible"
        if class_name is not None:
            default = self._read_default(class_name)
            self.form.show(class_name, self._used.get(class_name) or default)
        self._judge()

    def _judge(self) -> None:
        problem = self.form.problem if self.found.value is not None else None
        self._problem.value = escape(_without_class(problem, self.form.class_name)) if problem else ""
        self._problem.tooltip = problem
        self.add.disabled = not self._enabled or self.found.value is None or problem is not None
        self.keep.disabled = self.found.value is None or problem is not None or not self.form.fields
        self.keep.icon = "bookmark" if self._default is not None else "bookmark-o"
        self._build()

    def _build(self) -> None:
        """Follow the form; says so when it stands for another indicator than before."""
        before, self.indicator = self.indicator, None
        if self.found.value is not None and self.form.problem is None:
            with suppress(BarscopeError):  # between two classes the form is still that of the one before
                self.indicator = build_indicator(self.found.value, self.form.params)
        if self.indicator != before:
            self._on_change()

    def _add(self) -> None:
        if self.form.problem is not None:
            raise InvalidParameterError(self.form.problem)
        class_name, params = self.found.value, self.form.params
        self._used[class_name] = params
        self._on_add(class_name, params, self.timeframe.value or None)

    def _read_default(self, class_name: str) -> dict[str, Any]:
        """What to offer for an indicator; the user's defaults of it are remembered, so that a conflict is seen."""
        self._default = None
        if self._defaults is None:
            return {}
        try:
            if class_name in self._defaults.names():
                self._default = self._defaults.load(class_name)
            return self._defaults.of(class_name)
        except StoreError as error:
            self._guard.notices.show(str(error), level="warning")
            return {}

    def _keep(self) -> None:
        """Make the parameters the user's defaults; those that are so by themselves need not be kept."""
        class_name, params = self.found.value, self.form.params
        if self._defaults is None or class_name is None:
            return
        try:
            if build_indicator(class_name, params).params == build_indicator(class_name).params:
                self._defaults.delete(class_name, before=self._default)
            else:
                self._defaults.save(class_name, params, before=self._default)
        finally:
            self._read_default(class_name)
            self._judge()

    def _reload(self) -> None:
        self._on_reload()
        self._lookaheads.clear()
        self.refresh()
        self._show()

    # ---- widgets

    def _make_widgets(self, guard: Guard) -> None:
        self.search = widgets.Text(placeholder="Search indicators", tooltip="Words in name, title or group")
        self.group = widgets.Dropdown(options=[ALL_GROUPS], tooltip="Group of indicators")
        self.reload = icon_button("refresh", "Import my own indicators again")
        self.found = widgets.Select(rows=7, tooltip="Indicators")
        self._count = widgets.HTML().add_class("barscope-hint")
        self.form = ParameterForm(guard, self._judge)
        self.certificate = CertificateLine()
        self._problem = widgets.HTML().add_class("barscope-problem")
        self.timeframe = widgets.Dropdown(tooltip="Longer bars: a value appears once the longer bar is complete")
        self.timeframe.add_class("barscope-timeframe")
        self.offer_timeframes(())
        self.keep = icon_button("bookmark-o", "Use these parameters as my defaults of this indicator")
        self.keep.layout.display = "none" if self._defaults is None else ""
        self.add = widgets.Button(description="Add indicator", icon="plus", button_style="primary")
        line = widgets.Box([self.search, self.group, self.reload]).add_class("barscope-search")
        buttons = widgets.Box([self.keep, self.add]).add_class("barscope-add-buttons")
        footer = widgets.Box([self._problem, self._count, self.timeframe, buttons]).add_class("barscope-add")
        parts = [line, self.found, self.form.widget, self.certificate.widget, footer]
        self.widget = widgets.VBox(parts).add_class("barscope-picker")

    def _listen(self, guard: Guard) -> None:
        self.search.observe(guard(lambda _change: self._filter()), "value")
        self.group.observe(guard(lambda _change: self._filter()), "value")
        self.found.observe(guard(lambda _change: self._show()), "value")
        self.keep.on_click(guard(lambda _button: self._keep()))
        self.add.on_click(guard(lambda _button: self._add()))
        self.reload.on_click(guard(lambda _button: self._reload()))


def _without_class(problem: str, class_name: str | None) -> str:
    """The message without the name of the class, which stands above it anyway."""
    return problem.removeprefix(f"{class_name}: ")
