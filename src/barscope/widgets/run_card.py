"""The card of a run: everything it came from, so that a person can judge it and run it again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from barscope.charts.text import block, plain
from barscope.widgets.data_table import Column, DataTable, TableRow
from barscope.widgets.formats import duration, moment_s
from barscope.widgets.source_choices import PERIOD_NAMES

if TYPE_CHECKING:
    from barscope.store.run_reader import RunRecord
    from barscope.widgets.guard import Guard
    from barscope.workspace.run import Run

_COLUMNS = (
    Column("what", "What", str, "left", 190, 0.5),
    Column("value", "Value", str, "left", 260, 1.4),
)


_OF_SCENARIOS = (
    *("underlying_units", "loan_amount", "margin_call_ltv", "data_source", "volatility", "rate", "dividend_yield"),
    *("exercise", "financing_rate", "option_spread_pct", "contract_size", "synthetic", "dataset"),
)


class RunCard:
    """Facts as a table, and the source of the strategy below it.

    Attributes:
        widget: What a panel shows.
        facts: The table.
        source: The button that shows the source.
    """

    def __init__(self, guard: Guard) -> None:
        self.facts = DataTable(_COLUMNS, guard, label="What the run came from")
        self.source = widgets.ToggleButton(description="Source", tooltip="Show the source of the strategy")
        self._text = widgets.HTML().add_class("barscope-details")
        self._text.layout.display = "none"
        footer = widgets.Box([self.source]).add_class("barscope-card-footer")
        self.widget = widgets.VBox([self.facts, footer, self._text]).add_class("barscope-card")
        self.source.observe(guard(lambda _change: self._toggle()), "value")

    def show(self, run: Run) -> None:
        """The card of another run."""
        self.facts.show([TableRow(f"{n}", {"what": w, "value": v}) for n, (w, v) in enumerate(card_rows(run.record))])
        source = "\n\n".join(s.get("source", "") for s in run.config.get("strategies", ()))
        self._text.value = block(source)
        self.source.layout.display = "" if source else "none"

    def _toggle(self) -> None:
        self._text.layout.display = "" if self.source.value else "none"


def card_rows(record: RunRecord) -> tuple[tuple[str, str], ...]:
    """What a run came from and what became of it: label and text."""
    return tuple((what, plain(value)) for what, value in _facts(record) if value not in (None, "", {}, []))


def _facts(record: RunRecord) -> Iterator[tuple[str, Any]]:
    config, metadata = record.config, record.metadata
    yield "Run", record.run_id
    yield "Name", record.name
    yield "Mode", config.get("mode")
    yield "Status", record.status
    yield "Why it ended", metadata.get("error") or metadata.get("reason")
    yield "Record", record.problem
    yield "Began", f"{moment_s(record.ts_start)} UTC"
    yield "Took", None if record.ts_end is None else duration(record.ts_end - record.ts_start)
    yield "Symbols", ", ".join(map(str, config.get("symbols", ())))
    yield "Period", PERIOD_NAMES.get(config.get("rtype", 0), config.get("rtype"))
    asked = config.get("request", config)
    yield "Timeframe", asked.get("timeframe")
    yield "Hours", asked.get("hours")
    yield "Split", asked.get("split")
    yield "Publisher", config.get("publisher_id")
    yield "Symbol type", config.get("symbol_type")
    yield "Days", f"{config.get('start_date') or 'first stored'} – {config.get('end_date') or 'last stored'}"
    yield "Data fingerprint", config.get("data_fingerprint") or metadata.get("data_fingerprint")
    for strategy in config.get("strategies", ()):
        yield from _strategy(strategy)
    for indicator in config.get("indicators", ()):
        yield f"Indicator {indicator.get('class_name')}", _pairs(indicator.get("params", {}))
    for name, source_hash in config.get("source_hashes", {}).items():
        yield f"Code of {name}", source_hash
    if config.get("mode") == "scenario":
        asked = {**metadata.get("scenario", {}), **config.get("request", {})}
        yield from _scenario(asked, config.get("templates", ()))
    if config.get("mode") == "sweep":
        yield from _sweep(config, metadata.get("sweep", {}))
    broker = config.get("broker", {})
    yield "Broker", broker.get("class_name")
    for name, value in broker.get("settings", {}).items():
        yield _label(name), value
    yield "barscope commit", config.get("git_revision")
    for library, version in config.get("versions", {}).items():
        yield f"{library} version", version
    for table, count in metadata.get("row_counts", {}).items():
        yield f"Rows of {table}", f"{count:,}"
    yield "Digest", metadata.get("digest")


def _strategy(strategy: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    yield "Strategy", strategy.get("class_name")
    for name, value in strategy.get("params", {}).items():
        yield _label(name), value
    yield "Code hash", strategy.get("source_hash")
    yield "Code commit", strategy.get("git_revision")


def _scenario(request: Mapping[str, Any], templates: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, Any]]:
    for name in _OF_SCENARIOS:
        value = request.get(name)
        yield _label(name), _pairs(value) if isinstance(value, dict) else value
    for template in templates:
        legs = "; ".join(_pairs(leg) for leg in template.get("legs", ()))
        rest = {name: value for name, value in template.items() if name not in ("name", "legs")}
        yield f"Template {template.get('name')}", f"{legs}; {_pairs(rest)}"


def _sweep(config: Mapping[str, Any], counts: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    request = config.get("request", {})
    yield "Indicator", request.get("indicator")
    for name, axis in request.get("parameters", {}).items():
        yield _label(name), _axis(axis)
    for name, value in {**request.get("fixed", {}), **request.get("broker", {})}.items():
        yield _label(name), value
    yield "Sampling", _pairs({name: request.get(name) for name in ("sampling", "samples", "seed")})
    for stretch in request.get("stretches", ()):
        yield f"Stretch {stretch.get('name')}", f"{stretch.get('start_date')} – {stretch.get('end_date')}"
    yield "Combinations", config.get("combinations")
    yield "Computed", config.get("way")
    for name, count in counts.items():
        yield f"Children {name}", count


def _axis(axis: Any) -> str:  # noqa: ANN401  # JSON
    if not isinstance(axis, Mapping):
        return ", ".join(map(str, axis))
    step = axis.get("step")
    return f"{axis.get('low')} to {axis.get('high')}" + ("" if step is None else f" by {step}")


def _label(name: str) -> str:
    return name.replace("_", " ").capitalize()


def _pairs(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in values.items())
