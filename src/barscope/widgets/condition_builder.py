"""A form for a condition: rows of comparisons in groups, judged while they are typed, read back as one sentence."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import ipywidgets as widgets

from barscope.charts.text import block, escape
from barscope.domain.conditions import FIELDS, OPERATORS, AllOf, AnyOf, Comparison, Condition
from barscope.errors import InvalidParameterError
from barscope.studies.segments import ByCondition
from barscope.widgets.choice_box import ChoiceBox
from barscope.widgets.fields import icon_button
from barscope.widgets.notices import close_all

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from barscope.domain.conditions import Operand
    from barscope.widgets.guard import Guard

ALL, ANY = "all", "any"
_GROUPS: dict[str, type[AllOf] | type[AnyOf]] = {ALL: AllOf, ANY: AnyOf}
_WORDS = tuple((name.replace("_", " "), name) for name in OPERATORS)
MOST_BARS = 10_000


class ConditionBuilder:
    """The form of one condition: groups of rows, and how groups and rows are joined.

    Attributes:
        widget: What a panel shows.
        groups: The groups, at least one.
        joined: Whether all groups have to hold or any; shown from two groups on.
        context_bars, gap_tolerance: As those of `ByCondition`.
        add_group: The button.
    """

    def __init__(self, guard: Guard, on_change: Callable[[], None] = lambda: None) -> None:
        self._guard = guard
        self._on_change = on_change
        self._is_quiet = False
        self.names: tuple[str, ...] = FIELDS
        self.groups: list[ConditionGroup] = []
        self._make_widgets(guard)
        self.set(ByCondition(Comparison("close", ">", "open"), context_bars=10))

    @property
    def how(self) -> ByCondition | None:
        """What the form says; None while something in it is wrong."""
        parts = [group.condition for group in self.groups]
        conditions = [part for part in parts if part is not None]
        if len(conditions) < len(parts):
            return None
        whole = _joined(conditions, self.joined.value)
        return ByCondition(whole, self.context_bars.value, self.gap_tolerance.value)

    @property
    def problem(self) -> str | None:
        """What is wrong with the first row that is; None where nothing is."""
        return next((row.problem for group in self.groups for row in group.rows if row.problem), None)

    def set(self, how: ByCondition) -> None:
        """Fill the form.

        Raises:
            InvalidParameterError: If the condition is nested deeper than groups of rows; the form stays as it is.
        """
        join, parts = _as_groups(how.condition)
        with self._quietly():
            for group in self.groups:
                group.close()
            self.groups = [ConditionGroup(self._guard, self, inner, rows) for inner, rows in parts]
            self.joined.value = join
            self.context_bars.value, self.gap_tolerance.value = how.context_bars, how.gap_tolerance
        self.changed()

    def offer(self, series: Sequence[str]) -> None:
        """Offer other series beside the fields of a bar; what is typed stays, and is judged anew."""
        names = (*FIELDS, *(name for name in series if name not in FIELDS))
        if names != self.names:
            self.names = names
            self.changed()

    def changed(self) -> None:
        """Judge every row, and read the whole back as a sentence."""
        if self._is_quiet:
            return
        for group in self.groups:
            group.judge(is_only=len(self.groups) == 1)
        boxes = tuple(group.widget for group in self.groups)
        if self._rows.children != boxes:
            self._rows.children = boxes
        self._between.layout.display = "" if len(self.groups) > 1 else "none"
        how = self.how
        self._sentence.value = block(f"Bars where {how.condition}") if how else ""
        self._on_change()

    def drop(self, group: ConditionGroup) -> None:
        """Take a group away; the last one stays."""
        if len(self.groups) > 1:
            self.groups.remove(group)
            self.changed()
            group.close()

    # ---- widgets

    def _make_widgets(self, guard: Guard) -> None:
        self.joined = widgets.Dropdown(options=[("All groups hold", ALL), ("Any group holds", ANY)])
        self.joined.tooltip = "How the groups are joined"
        self._between = widgets.Box([self.joined]).add_class("barscope-between")
        self._rows = widgets.VBox().add_class("barscope-condition-groups")
        self.add_group = widgets.Button(description="Group", icon="plus", tooltip="Another group of comparisons")
        self._sentence = widgets.HTML().add_class("barscope-sentence")
        self.context_bars = _bars_field("Context", "Bars shown before and after each setup")
        self.gap_tolerance = _bars_field("Gap", "Stretches with no more bars than this between them are one setup")
        numbers = widgets.Box([self.context_bars, self.gap_tolerance, self.add_group]).add_class(
            "barscope-condition-bars"
        )
        self.widget = widgets.VBox([self._between, self._rows, numbers, self._sentence])
        self.widget.add_class("barscope-condition")
        for field in (self.joined, self.context_bars, self.gap_tolerance):
            field.observe(guard(lambda _change: self.changed()), "value")
        self.add_group.on_click(guard(lambda _button: self._add_group()))

    def _add_group(self) -> None:
        self.groups.append(ConditionGroup(self._guard, self, ALL, [None]))
        self.changed()

    @contextmanager
    def _quietly(self) -> Iterator[None]:
        self._is_quiet = True
        try:
            yield
        finally:
            self._is_quiet = False


class ConditionGroup:
    """Rows joined by one word.

    Attributes:
        widget: What the form shows.
        rows: The rows, at least one.
        joined: Whether all rows have to hold or any; shown from two rows on.
        add, remove: The buttons.
    """

    def __init__(self, guard: Guard, form: ConditionBuilder, join: str, rows: Sequence[Comparison | None]) -> None:
        self._guard, self._form = guard, form
        self.joined = widgets.Dropdown(options=[("all of", ALL), ("any of", ANY)], value=join)
        self.joined.tooltip = "How the rows are joined"
        self.add = icon_button("plus", "Another comparison in this group")
        self.remove = icon_button("times", "Remove this group")
        self._head = widgets.Box([self.joined, self.add, self.remove]).add_class("barscope-condition-head")
        self.rows = [ConditionRow(guard, self, form, row) for row in rows]
        self.widget = widgets.VBox([self._head]).add_class("barscope-condition-group")
        self.joined.observe(guard(lambda _change: form.changed()), "value")
        self.add.on_click(guard(lambda _button: self._add()))
        self.remove.on_click(guard(lambda _button: form.drop(self)))

    @property
    def condition(self) -> Condition | None:
        """What the rows say together; None while one is wrong."""
        parts = [row.comparison for row in self.rows]
        found = [part for part in parts if part is not None]
        return _joined(found, self.joined.value) if len(found) == len(parts) else None

    def judge(self, *, is_only: bool) -> None:
        """Say in each row what is wrong with it."""
        for row in self.rows:
            row.judge(self._form.names)
            row.remove.layout.visibility = "hidden" if len(self.rows) == 1 else "visible"
        children = (self._head, *(row.widget for row in self.rows))
        if self.widget.children != children:
            self.widget.children = children
        self.remove.layout.display = "none" if is_only else ""
        self.joined.disabled = len(self.rows) == 1

    def drop(self, row: ConditionRow) -> None:
        """Take a row away; the last one stays."""
        if len(self.rows) > 1:
            self.rows.remove(row)
            self._form.changed()
            row.close()

    def close(self) -> None:
        """Let go of its widgets."""
        close_all(self.widget)

    def _add(self) -> None:
        self.rows.append(ConditionRow(self._guard, self, self._form, None))
        self._form.changed()


class ConditionRow:
    """One comparison.

    Attributes:
        widget: What the form shows.
        left, right: The operands as typed.
        operator: What stands between them.
        remove: The button.
        comparison: What the row says; None while it is wrong.
        problem: What is wrong with it; None where nothing is.
    """

    def __init__(self, guard: Guard, group: ConditionGroup, form: ConditionBuilder, said: Comparison | None) -> None:
        left, operator, right = (said.left, said.operator, said.right) if said else ("close", "crosses_above", "")
        self.comparison: Comparison | None = None
        self.problem: str | None = None
        self.left = ChoiceBox(value=_as_text(left), label="Left side", placeholder="field or series")
        self.operator = widgets.Dropdown(options=_WORDS, value=operator, tooltip="How the two sides are compared")
        self.right = ChoiceBox(value=_as_text(right), label="Right side", placeholder="series or number")
        self.remove = icon_button("times", "Remove this comparison")
        self._problem = widgets.HTML().add_class("barscope-row-problem")
        parts = [self.left, self.remove, self.operator, self.right, self._problem]
        self.widget = widgets.Box(parts).add_class("barscope-condition-row")
        for field in (self.left, self.operator, self.right):
            field.observe(guard(lambda _change: form.changed()), "value")
        self.remove.on_click(guard(lambda _button: group.drop(self)))

    def judge(self, names: Sequence[str]) -> None:
        """Say what is wrong with it, where something is."""
        self.left.choices = self.right.choices = list(names)
        self.comparison, self.problem = None, None
        try:
            comparison = Comparison(_operand(self.left, names), self.operator.value, _operand(self.right, names))
            comparison.check(names)
            self.comparison = comparison
        except InvalidParameterError as error:
            self.problem = str(error)
        for box in (self.left, self.right):
            is_number = _number(box.value) is not None
            box.wrong = self.problem is not None and box.value not in names and not is_number
        self._problem.value = escape(self.problem or "")
        self._problem.tooltip = self.problem
        self._problem.layout.display = "" if self.problem else "none"

    def close(self) -> None:
        """Let go of its widgets."""
        close_all(self.widget)


def _operand(box: ChoiceBox, names: Sequence[str]) -> Operand:
    text = box.value.strip()
    if not text:
        raise InvalidParameterError(f"{box.label} is empty: choose a {box.placeholder}")
    number = _number(text)
    return text if text in names or number is None else number


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _as_text(operand: Operand) -> str:
    return operand if isinstance(operand, str) else f"{operand:.12g}"


def _bars_field(label: str, tooltip: str) -> widgets.BoundedIntText:
    return widgets.BoundedIntText(min=0, max=MOST_BARS, description=label, tooltip=tooltip)


def _joined(conditions: Sequence[Condition], join: str) -> Condition:
    return conditions[0] if len(conditions) == 1 else _GROUPS[join](tuple(conditions))


def _as_groups(condition: Condition) -> tuple[str, list[tuple[str, list[Comparison]]]]:
    """How the groups are joined, and each group as how its rows are joined and the rows."""
    rows = _as_rows(condition)
    if rows is not None:
        return ALL, [rows]
    groups = [_as_rows(part) for part in getattr(condition, "conditions", ())]
    found = [group for group in groups if group is not None]
    if len(found) < len(groups):
        raise InvalidParameterError("this condition is nested deeper than the form can show: use it from code")
    return _join_of(condition), found


def _as_rows(condition: Condition) -> tuple[str, list[Comparison]] | None:
    """A group of nothing but comparisons; None for anything deeper."""
    parts = getattr(condition, "conditions", (condition,))
    rows = [part for part in parts if isinstance(part, Comparison)]
    return (_join_of(condition), rows) if len(rows) == len(parts) else None


def _join_of(condition: Condition) -> str:
    return ANY if isinstance(condition, AnyOf) else ALL
