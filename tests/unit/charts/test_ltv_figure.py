"""The loan-to-value figure: lines, the lender's line, the days of a call, at any number of days."""

import numpy as np

from barscope.charts.data import ChartSpec
from barscope.charts.ltv import LtvCurve, ltv_figure

DAY_NS = 86_400_000_000_000


def days(n):
    """So many days in ns."""
    return np.arange(n, dtype=np.int64) * DAY_NS


def curve(name, at_close, at_low, limit=0.75):
    """A curve that is called where the ratio at the low reaches the limit."""
    at_low = np.array(at_low, dtype=np.float64)
    return LtvCurve(name, np.array(at_close, dtype=np.float64), at_low, at_low >= limit)


def dots(figure, place):
    """Positions of the days of a call of a curve."""
    return [trace.x for trace in figure.data if trace.mode == "markers" and trace.name != "values"][place].tolist()


def texts(figure):
    """All texts of a figure."""
    return " ".join(annotation.text for annotation in figure.layout.annotations)


def test_the_days_of_a_call_are_marked_and_counted():
    """A dot stands at the low of each day whose low reaches the line, and the legend counts them."""
    bare = curve("Unhedged", [0.7, 0.74, 0.8], [0.7, 0.76, 0.82])
    hedged = curve("Put", [0.7, 0.7, 0.7], [0.7, 0.71, 0.72])
    figure = ltv_figure(days(3), [bare, hedged], 0.75)
    assert dots(figure, 0) == [1, 2]
    assert dots(figure, 1) == []
    assert "called on 2 days" in texts(figure)
    assert "never called" in texts(figure)
    assert [shape.y0 for shape in figure.layout.shapes if shape.line.dash] == [0.75]


def test_many_days_are_drawn_at_level_of_detail():
    """Fifty thousand days become a few thousand points, among them the worst day of a call; a zoom shows each day."""
    n = 50_000
    ratios = np.full(n, 0.6)
    ratios[30_001:30_004] = 0.8, 0.9, 0.85
    figure = ltv_figure(days(n), [curve("Unhedged", ratios, ratios)], 0.75)
    assert max(len(trace.x) for trace in figure.data) < 3000
    assert 30_002 in dots(figure, 0)
    near = ltv_figure(days(n), [curve("Unhedged", ratios, ratios)], 0.75, ChartSpec(visible=(29_990, 30_010)))
    assert dots(near, 0) == [30_001, 30_002, 30_003]


def test_collateral_worth_nothing_leaves_a_gap_and_a_readable_scale():
    """A ratio without a number is not drawn, and one far beyond the line does not flatten the others."""
    figure = ltv_figure(days(3), [curve("Unhedged", [0.7, np.nan, 0.72], [0.7, 90.0, 0.72])], 0.75)
    assert figure.layout.yaxis.range[1] < 3
    assert dots(figure, 0) == [1]


def test_a_name_is_text():
    """Markup in the name of a template is shown, not obeyed."""
    figure = ltv_figure(days(2), [curve("<b onclick=x>", [0.7, 0.7], [0.7, 0.7])], 0.75)
    assert "&lt;b onclick" in texts(figure)


def test_nothing_to_draw_is_said():
    """Without days there is a calm figure that says why."""
    assert "no ratios" in texts(ltv_figure(days(0), [], 0.75))
