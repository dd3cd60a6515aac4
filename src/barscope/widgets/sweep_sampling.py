"""How a sweep goes about it: which combinations, over which stretches of time, with how many workers."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from barscope.charts.text import plain
from barscope.domain.sampling import GRID, LATIN_HYPERCUBE, RANDOM
from barscope.studies.sweep_request import Stretch
from barscope.widgets.bar_options import dropdown, offer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from barscope.studies.splits import Split
    from barscope.studies.sweep_request import SweepRequest
    from barscope.widgets.guard import Guard

SAMPLINGS = (("Grid: all", GRID), ("Random sample", RANDOM), ("Latin hypercube", LATIN_HYPERCUBE))
THREADS, PROCESSES = "threads", "processes"
_WHOLE = ""
_FIRST_SAMPLES = 200
_MOST_WORKERS = 64


class SweepSampling:
    """Sampling, stretches, and where it is computed.

    Attributes:
        widget: What a panel shows.
        sampling: Grid, random or Latin hypercube.
        samples, seed: Of a sample; shown where one is taken.
        split: The split whose regions are the stretches; the whole where none is chosen.
        regions: Region → whether it is a stretch.
        executor: Threads or processes.
        workers: How many.
    """

    def __init__(self, guard: Guard, on_change: Callable[[], None]) -> None:
        self._on_change = on_change
        self._splits: dict[str, Split] = {}
        self._is_quiet = False
        self.sampling = dropdown("Combinations")
        offer(self.sampling, SAMPLINGS)
        self.samples = widgets.BoundedIntText(value=_FIRST_SAMPLES, min=1, max=1_000_000, description="Samples")
        self.seed = widgets.IntText(value=0, description="Seed", tooltip="The same seed takes the same sample")
        self.split = dropdown("Stretches")
        self.regions = {name: widgets.Checkbox(value=True, description=name) for name in ("train", "dev", "test")}
        self.executor = dropdown("Compute with")
        offer(self.executor, (("Threads", THREADS), ("Processes", PROCESSES)))
        self.workers = widgets.BoundedIntText(
            value=min(os.cpu_count() or 1, _MOST_WORKERS), min=1, max=_MOST_WORKERS, description="Workers"
        )
        for field in (self.samples, self.seed, self.workers):
            field.add_class("barscope-field")
        self._regions_box = widgets.Box(tuple(self.regions.values())).add_class("barscope-regions")
        parts = [self.sampling, self.samples, self.seed, self.split, self._regions_box, self.executor, self.workers]
        self.widget = widgets.Box(parts).add_class("barscope-sweep-how")
        for widget in (*parts[:4], *self.regions.values(), self.executor, self.workers):
            widget.observe(guard(lambda _change: self._tell()), "value")
        self.offer_splits(())

    @property
    def request_fields(self) -> dict[str, Any]:
        """What it says of a request."""
        is_grid = self.sampling.value == GRID
        sample = {} if is_grid else {"samples": self.samples.value, "seed": self.seed.value}
        return {"sampling": self.sampling.value, **sample, "stretches": self.stretches}

    @property
    def stretches(self) -> tuple[Stretch, ...]:
        """The ticked regions of the split; none for the whole."""
        split = self._splits.get(self.split.value)
        if split is None:
            return ()
        return tuple(
            Stretch(name=region.name, start_date=region.start_date, end_date=region.end_date)
            for region in split.regions
            if self.regions[region.name].value
        )

    @property
    def problem(self) -> str | None:
        """Why nothing can be computed, or None."""
        is_nothing = self.split.value != _WHOLE and not self.stretches
        return "Tick at least one stretch of the split." if is_nothing else None

    def offer_splits(self, splits: Iterable[Split]) -> None:
        """The splits there are; the chosen one stays chosen where it can."""
        self._splits = {split.split_id: split for split in splits}
        named = [(plain(split.name), split_id) for split_id, split in self._splits.items()]
        offer(self.split, [("The whole", _WHOLE), *named])
        self._show()

    def set(self, request: SweepRequest) -> None:
        """Choose what a request chose; a split is found by the days of its regions."""
        self._is_quiet = True
        try:
            self.sampling.value, self.seed.value = request.sampling, request.seed
            self.samples.value = request.samples or self.samples.value
            self.split.value = next((key for key in self._splits if self._has(key, request)), _WHOLE)
            for name, box in self.regions.items():
                box.value = self.split.value == _WHOLE or any(name == stretch.name for stretch in request.stretches)
        finally:
            self._is_quiet = False
        self._tell()

    def _has(self, split_id: str, request: SweepRequest) -> bool:
        days = {(region.name, region.start_date, region.end_date) for region in self._splits[split_id].regions}
        asked = {(stretch.name, stretch.start_date, stretch.end_date) for stretch in request.stretches}
        return bool(asked) and asked <= days

    def _tell(self) -> None:
        if not self._is_quiet:
            self._show()
            self._on_change()

    def _show(self) -> None:
        is_sample = self.sampling.value != GRID
        split = self._splits.get(self.split.value)
        there = {region.name for region in split.regions} if split else set()
        shown: dict[Any, bool] = {
            self.samples: is_sample,
            self.seed: is_sample,
            self.split: bool(self._splits),
            self._regions_box: bool(there),
            **{box: name in there for name, box in self.regions.items()},
        }
        for widget, is_shown in shown.items():
            widget.layout.display = "" if is_shown else "none"
