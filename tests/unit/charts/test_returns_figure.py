"""The figure of forward returns."""

from __future__ import annotations

import numpy as np
import pytest

from barscope.charts.data import ChartSpec
from barscope.charts.forward_returns import returns_figure

RNG = np.random.default_rng(3)
SIGNALS, EVERY = RNG.normal(0.01, 0.02, 80), RNG.normal(0, 0.02, 2000)


def test_shares_add_up():
    """The bars of the signals and the outline of all bars each add up to one; NaN are passed over."""
    with_gaps = np.append(SIGNALS, np.nan)
    figure = returns_figure({5: (with_gaps, EVERY)})
    bars = next(trace for trace in figure.data if trace.type == "bar")
    outline = next(trace for trace in figure.data if trace.type == "scatter")
    assert np.sum(bars.y) == pytest.approx(1)
    assert np.sum(outline.y) == pytest.approx(1)
    assert "80 signals: median" in figure.layout.annotations[0].text


def test_zero_parts_the_bins():
    """No bar mixes gains with losses."""
    bars = next(trace for trace in returns_figure({1: (SIGNALS, EVERY)}).data if trace.type == "bar")
    width = bars.width / 0.9
    edges = np.asarray(bars.x) - width / 2
    assert np.abs(edges / width - np.round(edges / width)).max() < 1e-6
    assert np.sum(np.asarray(bars.y)[np.asarray(bars.x) > 0]) == pytest.approx(np.mean(SIGNALS >= 0))


def test_one_pane_per_horizon():
    """Each horizon that has signals gets a pane on the one x axis; the others are left out."""
    none = np.full(3, np.nan)
    figure = returns_figure({1: (SIGNALS, EVERY), 5: (SIGNALS, EVERY), 20: (none, EVERY)}, ChartSpec(theme="dark"))
    assert {trace.yaxis for trace in figure.data} == {"y", "y2"}
    assert {trace.xaxis for trace in figure.data} == {"x"}


def test_extreme_returns_cost_nothing():
    """A return of a million percent neither widens the first view nor fills the memory with bins."""
    figure = returns_figure({1: (np.append(SIGNALS, 1e4), np.append(EVERY, 1e4))})
    assert figure.layout.xaxis.range[1] < 1
    assert max(len(trace.x) for trace in figure.data) <= 2001


@pytest.mark.parametrize("samples", [{}, {1: (np.empty(0), EVERY)}])
def test_nothing_is_said_calmly(samples):
    """Without a signal the figure says why, escaped."""
    figure = returns_figure(samples, reason="close < 1 never holds")
    assert "close &lt; 1 never holds" in figure.layout.annotations[0].text
    assert len(figure.data) == 0


@pytest.mark.parametrize("signals", [np.array([0.0]), np.array([0.5]), np.zeros(9)])
def test_few_or_equal_returns_are_drawn(signals):
    """One return, or equal ones, make a figure as well, also without any bar to compare to."""
    assert returns_figure({1: (signals, np.empty(0))}).data
    assert returns_figure({1: (signals, signals)}).data
