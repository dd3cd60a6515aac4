"""From the record of a run to the series of its chart."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np

from barscope.indicators import catalogue
from barscope.indicators.outputs import recorded_outputs
from barscope.indicators.registry import build_indicator
from barscope.workspace.chart_data import chart_series


def drawn(name, params):
    """The one series of an indicator, as its record says."""
    indicator = build_indicator(name, params)
    columns = SimpleNamespace(series={output.name: np.zeros(3) for output in indicator.outputs})
    [series] = chart_series(columns, recorded_outputs([indicator]))
    return series


def test_what_is_chosen_for_every_rsi_counts_for_both_classes_of_that_name():
    """Each of TA-Lib's functions that shares its name with a named class is one indicator with it for the chart."""
    shared = [cls.class_name for cls in catalogue() if cls.class_name.startswith("TA_")]
    assert len(shared) == 4
    for name in shared:
        ours, talibs = drawn(name.removeprefix("TA_"), {}), drawn(name, {})
        assert (ours.indicator, ours.key) == (talibs.indicator, talibs.key)
        assert ours.name != talibs.name
