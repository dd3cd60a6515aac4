"""What is kept about charts: settings by whose they are, presets of settings, and what was drawn on a symbol."""

from __future__ import annotations

import datetime as dt
import secrets
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from barscope.charts.data import ChartSpec
from barscope.charts.settings import ChartSettings, apply_settings, apply_to_spec
from barscope.errors import InvalidParameterError, StoreError, cut
from barscope.studies.recorded_request import request_of
from barscope.studies.request import ExplorerRequest
from barscope.studies.session import session_id_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from barscope.charts.data import ChartData
    from barscope.domain.annotations import Annotation
    from barscope.store.annotations import StoredAnnotation
    from barscope.store.loaded import Loaded
    from barscope.store.presets import PresetStore

_PRESET = "preset:"


def run_owner(run_id: str) -> str:
    """Whose settings those of one run are."""
    return f"run:{run_id}"


def session_owner(session_id: str) -> str:
    """Whose settings those of an explorer session are."""
    return f"session:{session_id}"


def indicator_owner(class_name: str) -> str:
    """Whose settings those of an indicator are, wherever it is drawn."""
    return f"indicator:{class_name}"


@dataclass(frozen=True, slots=True)
class KeptSettings:
    """What counts for a chart.

    Attributes:
        settings: The choices for the chart itself.
        of_indicators: Those for an indicator wherever it is drawn, by class.
        problems: What is stored and cannot be used; in its place counts what lies below.
    """

    settings: ChartSettings = field(default_factory=ChartSettings)
    of_indicators: Mapping[str, ChartSettings] = field(default_factory=dict)
    problems: tuple[str, ...] = ()


class SavedCharts:
    """Settings and annotations in presets.db.

    Args:
        presets: The store.
        now: The time, UTC.
        new_id: Makes the id of an annotation.

    Attributes:
        named: Settings kept by name, for any chart.
    """

    def __init__(
        self,
        presets: PresetStore,
        now: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC),
        new_id: Callable[[], str] = lambda: secrets.token_hex(8),
    ) -> None:
        from barscope.store.annotations import AnnotationTable  # not at the top: readers import this module too
        from barscope.studies.presets import Presets
        from barscope.workspace.layouts import chart_of_json

        self._settings = presets.chart_settings
        self.named = Presets(
            "chart settings", presets.chart_settings, ChartSettings.to_dict, chart_of_json, prefix=_PRESET
        )
        self._annotations = AnnotationTable(presets.database)
        self._now = now
        self._new_id = new_id

    # ---- settings

    def kept(self, owners: Iterable[str], indicators: Iterable[str | None] = ()) -> KeptSettings:
        """What counts for a chart.

        Args:
            owners: Whose settings, the strongest first.
            indicators: The classes of the indicators in it.
        """
        problems: list[str] = []
        settings = ChartSettings()
        for owner in owners:
            settings = settings.over(self._read(owner, problems))
        classes = dict.fromkeys(name for name in indicators if name)
        return KeptSettings(
            settings, {name: self._read(indicator_owner(name), problems) for name in classes}, tuple(problems)
        )

    def _read(self, owner: str, problems: list[str]) -> ChartSettings:
        try:
            stored = self._settings.get(owner)
            return ChartSettings() if stored is None else ChartSettings.from_dict(stored)
        except (StoreError, InvalidParameterError) as error:
            problems.append(f"The chart settings of {cut(owner)} cannot be used: {error}")
            return ChartSettings()

    def save(self, owner: str, settings: ChartSettings) -> None:
        """Keeps settings in place of those the owner had; settings without a choice are forgotten."""
        if settings == ChartSettings():
            self._settings.delete(owner)
        else:
            self._settings.set(owner, settings.to_dict())

    # ---- annotations

    def annotate(
        self, annotation: Annotation, symbol: str, publisher_id: int, symbol_type: str = "raw_symbol"
    ) -> StoredAnnotation:
        """Keeps an annotation on a symbol."""
        from barscope.store.annotations import StoredAnnotation

        created = self._now().isoformat(timespec="milliseconds")
        stored = StoredAnnotation(self._new_id(), publisher_id, symbol, symbol_type, annotation, created)
        self._annotations.add(stored)
        return stored

    def annotations(
        self, symbol: str | None = None, publisher_id: int | None = None, symbol_type: str | None = None
    ) -> Loaded[StoredAnnotation]:
        """The annotations on a symbol, oldest first; None is all."""
        return self._annotations.list(symbol, publisher_id, symbol_type)

    def delete_annotation(self, annotation_id: str) -> None:
        """Removes an annotation.

        Raises:
            StoreError: If there is none of this id.
        """
        self._annotations.delete(annotation_id)

    # ---- the chart of a run

    def dressed(self, data: ChartData, run_id: str, config: Mapping[str, Any]) -> ChartData:
        """The chart of a run with its settings and with what was drawn on its symbol."""
        kept = self.of_run(run_id, config, [s.indicator for s in data.series])
        drawn = self.annotations(data.symbol, config.get("publisher_id"), config.get("symbol_type"))
        return replace(
            apply_settings(data, kept.settings, kept.of_indicators),
            annotations=(*data.annotations, *(stored.annotation for stored in drawn)),
        )

    def spec_of_run(self, run_id: str, config: Mapping[str, Any]) -> ChartSpec:
        """How the chart of a run is looked at."""
        return apply_to_spec(ChartSpec(), self.of_run(run_id, config).settings)

    def of_run(self, run_id: str, config: Mapping[str, Any], indicators: Iterable[str | None] = ()) -> KeptSettings:
        """The settings of a run, over those of the explorer session it belongs to."""
        return self.kept(self.owners_of_run(run_id, config), indicators)

    def owners_of_run(self, run_id: str, config: Mapping[str, Any]) -> tuple[str, ...]:
        """Whose settings count for a run, the strongest first."""
        with suppress(InvalidParameterError, KeyError):  # a record that tells no request has no session
            request = request_of(config)
            if isinstance(request, ExplorerRequest):
                return run_owner(run_id), session_owner(session_id_of(request))
        return (run_owner(run_id),)
