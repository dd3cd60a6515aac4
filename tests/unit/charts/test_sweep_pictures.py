"""The pictures of a sweep: heat map, parallel coordinates, and the accounts of the best, the median and the worst."""

import numpy as np
import pytest

from barscope.charts.data import THEMES, ChartSpec
from barscope.charts.parallel_coordinates import MOST_LINES, Brush, describe_parallel, parallel_figure
from barscope.charts.sweep_equity import MOST_POINTS, describe_sweep_equity, sweep_equity_figure
from barscope.charts.sweep_heatmap import describe_heatmap, heatmap_figure
from barscope.charts.sweep_metrics import colour_scale, metric_of
from barscope.charts.theme import PALETTES
from barscope.domain.equity import EquityCurve
from barscope.domain.periods import BarPeriod
from barscope.domain.sweeps import SweepGrid, SweepLines
from barscope.errors import InvalidParameterError

NAN = float("nan")


def grid(values, metric="sharpe", x=None, y=None):
    """A grid of rows of values, numbered row by row; cells without a value have no combination."""
    values = np.array(values, dtype=np.float64)
    rows, columns = values.shape
    numbers = np.where(np.isnan(values), -1, np.arange(values.size).reshape(values.shape))
    return SweepGrid("fast", x or tuple(range(columns)), "slow", y or tuple(range(rows)), metric, values, numbers)


def lines(n, seed=1):
    """Combinations of three parameters with a metric that grows with the first."""
    values = np.random.default_rng(seed).uniform(0, 10, (n, 3))
    return SweepLines(("a", "b", "c"), values, values[:, 0] - 5, np.arange(n))


def texts(figure):
    """All texts of a figure that stand there by themselves."""
    return " ".join(annotation.text for annotation in figure.layout.annotations)


def drawn_lines(figure):
    """How many lines each trace of lines has, the greyed ones first."""
    return [int(np.isnan(trace.y).sum()) for trace in figure.data if trace.mode == "lines"][:-2]


def curve(equity):
    """An account by the minute."""
    equity = np.array(equity, dtype=np.float64)
    ts = np.arange(len(equity), dtype=np.int64) * 60_000_000_000
    return EquityCurve(ts, equity, equity, equity, equity)


# ---- heat map


def test_a_cell_holds_the_value_of_its_pair():
    """Row and column of the picture are those of the grid, and the label of a cell names both parameters."""
    figure = heatmap_figure(grid([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], x=(5, 10), y=(20, 40, 60)))
    cells = figure.data[0]
    assert cells.z[2][1] == 6.0
    assert cells.text[2][1] == "fast 10<br>slow 60"
    assert figure.layout.xaxis.ticktext == ("5", "10")
    assert "best 6.00 at 10 × 60" in texts(figure)


@pytest.mark.parametrize(("metric", "middle"), [("sharpe", 0.0), ("total_return", 0.0), ("profit_factor", 1.0)])
def test_colours_part_at_the_middle(metric, middle):
    """The middle of the colours is zero for returns and Sharpe, one for the profit factor, whatever the values."""
    cells = heatmap_figure(grid([[0.5, 2.0], [3.0, 7.0]], metric)).data[0]
    assert (cells.zmin + cells.zmax) / 2 == pytest.approx(middle)


def test_colours_of_a_cost_run_one_way_and_its_best_is_the_least():
    """A drawdown is the better the smaller it is."""
    figure = heatmap_figure(grid([[0.5, 0.2], [0.3, 0.4]], "max_drawdown"))
    assert (figure.data[0].zmin, figure.data[0].zmax) == (0.2, 0.5)
    assert "best 20.00% at 1 × 0" in texts(figure)


def test_one_wild_value_does_not_pale_the_others():
    """A value a hundred times the others ends beyond the colours instead of stretching them."""
    values = np.linspace(-1, 1, 400).reshape(20, 20)
    values[3, 3] = 100
    assert heatmap_figure(grid(values)).data[0].zmax < 2


def test_a_cell_without_a_result_has_a_dot_and_says_so():
    """Empty cells are told from those of value zero, and counted."""
    figure = heatmap_figure(grid([[0.0, NAN], [1.0, NAN]]))
    dots = figure.data[1]
    assert (dots.x.tolist(), dots.y.tolist()) == ([1, 1], [0, 1])
    assert "no result" in dots.hovertemplate
    assert "2 without a result" in texts(figure)
    full = heatmap_figure(grid([[0.0, 1.0]]))
    assert not len(full.data[1].x)
    assert "without" not in texts(full)


def test_the_pick_has_a_frame_and_the_plateau_a_line_around_it():
    """The frame encloses the picked cell; the line passes between cells of the plateau and others, nowhere inside."""
    figure = heatmap_figure(grid(np.ones((3, 3))), pick=4, plateau=[3, 4])
    outline, frame = figure.data[2], figure.data[-1]
    assert (min(frame.x), max(frame.x), min(frame.y), max(frame.y)) == (0.5, 1.5, 0.5, 1.5)
    edges = set(zip(outline.x[::3], outline.y[::3], outline.x[1::3], outline.y[1::3], strict=False))
    assert len(edges) == 6
    assert (0.5, 0.5, 0.5, 1.5) not in edges
    assert "picked 1.00" in texts(figure)
    assert "plateau" in texts(figure)


def test_a_pick_beside_symbols_is_framed_on_all_of_them():
    """Where each row is a symbol, the combination has a cell in each; the head names it instead of one value."""
    numbers = np.array([[0, 1], [0, 1]])
    beside = SweepGrid("fast", (5, 10), "symbol", ("A", "B"), "sharpe", np.array([[1.0, 2.0], [3.0, 4.0]]), numbers)
    figure = heatmap_figure(beside, pick=1)
    frame = figure.data[-1]
    assert (min(frame.x), max(frame.x), min(frame.y), max(frame.y)) == (0.5, 1.5, -0.5, 1.5)
    assert "picked fast 10" in texts(figure)
    assert "Picked: 2.00 at 10 × A. Picked: 4.00 at 10 × B" in str(describe_heatmap(beside, 1))


def test_a_pick_that_is_not_on_the_grid_is_not_marked():
    """A combination of other values leaves the picture as it is."""
    assert not len(heatmap_figure(grid([[1.0, 2.0]]), pick=99).data[-1].x)


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("n", [1, 3, 60])
def test_labels_fit_at_every_size(n, theme):
    """From one cell to 3,600 no two labels of an axis are closer than they are wide."""
    axis = heatmap_figure(grid(np.ones((n, n)), x=tuple(range(100, 100 + n))), ChartSpec(theme=theme, width=400)).layout
    gap = (axis.xaxis.tickvals[1] - axis.xaxis.tickvals[0]) * 400 / n if n > 1 else 400
    assert gap > 3 * 6.6
    assert len(axis.yaxis.tickvals) <= max(1, 640 / 18)


def test_values_are_written_in_large_cells_only():
    """Numbers stand in the cells where they have room."""
    assert heatmap_figure(grid(np.ones((3, 3)))).data[0].texttemplate == "%{z:.2f}"
    assert heatmap_figure(grid(np.ones((60, 60)))).data[0].texttemplate is None


def test_names_and_values_are_text():
    """Markup in a parameter's value is shown, not obeyed."""
    figure = heatmap_figure(grid([[1.0, 2.0]], x=("<b>up</b>", "down")))
    assert figure.layout.xaxis.ticktext[0] == "&lt;b&gt;up&lt;/b&gt;"
    assert "<b>up" not in str(figure.data[0].text) + texts(figure)


def test_a_grid_of_nothing_says_so():
    """No cells, or cells that are all empty, make a calm picture."""
    assert "no combinations" in texts(heatmap_figure(grid(np.empty((0, 0)))))
    assert "2 without a result" in texts(heatmap_figure(grid([[NAN, NAN]])))


def test_a_heat_map_in_words():
    """Span, best, worst, median and pick are said."""
    said = str(describe_heatmap(grid([[1.0, 2.0], [3.0, NAN]], x=(5, 10), y=(20, 40)), 0))
    assert said.startswith("Sharpe by fast and slow. fast: 5 to 10. slow: 20 to 40. Cells with a value: 3 of 4.")
    assert "Best: 3.00 at 5 × 40. Worst: 1.00 at 5 × 20. Median: 2.00. Picked: 1.00 at 5 × 20." in said


def test_arrays_of_another_shape_are_refused():
    """A grid says which shape it expects."""
    with pytest.raises(InvalidParameterError, match=r"\(1, 2\) is expected"):
        SweepGrid("a", (1, 2), "b", (1,), "sharpe", np.ones((2, 1)), np.zeros((1, 2), np.int64))


# ---- colours


@pytest.mark.parametrize("theme", THEMES)
def test_no_value_has_the_colour_of_the_ground(theme):
    """The palest colour of every scale stands out from the page, so that an empty cell is seen."""
    palette = PALETTES[theme]
    for name in ("sharpe", "max_drawdown", "win_rate"):
        for stop in (0.0, 0.25, 0.5, 1.0):
            scale = colour_scale(metric_of(name), np.array([0.0, 1.0]), palette)
            colour = scale.colour(scale.low + stop * (scale.high - scale.low))
            distance = sum(abs(int(colour[i : i + 2], 16) - int(palette.paper[i : i + 2], 16)) for i in (1, 3, 5))
            assert distance > 40, (name, stop, colour)


def test_values_beyond_the_ends_have_the_colour_of_the_end():
    """Colours are bounded."""
    scale = colour_scale(metric_of("sharpe"), np.array([-1.0, 1.0]), PALETTES["light"])
    assert scale.colour(-9.0) == PALETTES["light"].down
    assert scale.colour(9.0) == PALETTES["light"].up


# ---- parallel coordinates


def test_each_combination_with_a_value_is_a_line():
    """Those without are left out; each line passes one point per parameter and ends at the metric."""
    found = lines(50)
    found.metric[:10] = NAN
    figure = parallel_figure(found, "sharpe")
    assert sum(drawn_lines(figure)) == 40
    assert "40 combinations" in texts(figure)
    assert {"<b>a</b>", "<b>b</b>", "<b>c</b>", "<b>Sharpe</b>"} <= {note.text for note in figure.layout.annotations}


def test_more_lines_than_a_browser_draws_are_bounded_and_counted():
    """Of 50,000 combinations 2,000 are drawn, the best and the worst among them, and the figure says so."""
    found = lines(50_000)
    figure = parallel_figure(found, "sharpe")
    assert sum(drawn_lines(figure)) == MOST_LINES
    assert "2,000 of 50,000 combinations" in texts(figure)
    ends = figure.data[-1].y
    assert (ends.min(), ends.max()) == (0.0, 1.0)


def test_a_brush_greys_what_lies_outside():
    """Stretches of one axis add up, those of several narrow each other down."""
    found = lines(1000)
    low = int((found.values[:, 0] < 2.5).sum())
    one = parallel_figure(found, "sharpe", brushes=[Brush(0, 0.0, 0.25)])
    kept = sum(drawn_lines(one)[1:])
    assert abs(kept - low) < 20
    assert f"{kept:,} brushed" in texts(one)
    both = parallel_figure(found, "sharpe", brushes=[Brush(0, 0.0, 0.25), Brush(0, 0.75, 1.0)])
    assert sum(drawn_lines(both)[1:]) > kept
    narrowed = parallel_figure(found, "sharpe", brushes=[Brush(0, 0.0, 0.25), Brush(1, 0.0, 0.5)])
    assert sum(drawn_lines(narrowed)[1:]) < kept
    assert drawn_lines(narrowed)[0] == 1000 - sum(drawn_lines(narrowed)[1:])


def test_a_parameter_that_is_no_number_has_its_texts():
    """The axis of a choice names its values, as text."""
    found = SweepLines(("side",), np.array([[0.0], [1.0]]), np.array([1.0, 2.0]), np.arange(2))
    figure = parallel_figure(found, "sharpe", labels={"side": ("<i>long</i>", "short")})
    assert "&lt;i&gt;long" in texts(figure)
    assert "side short" in figure.data[-1].text[1]


def test_nothing_computed_yet_is_said():
    """Without a value there is a calm figure."""
    found = lines(3)
    found.metric[:] = NAN
    assert "no combination has a value yet" in texts(parallel_figure(found, "sharpe"))
    assert "of 3" in str(describe_parallel(found, "sharpe"))


def test_parallel_coordinates_in_words():
    """The spans of the parameters are said, and those of the best tenth."""
    said = str(describe_parallel(lines(100), "sharpe"))
    assert "100 with a value, of 100" in said
    assert "of the best tenth" in said


# ---- equity


def test_curves_are_drawn_in_percent_since_each_began():
    """Accounts of different size are compared by their returns."""
    curves = {"best": ("fast 5", curve([100, 120])), "worst": ("fast 9", curve([1000, 900]))}
    figure = sweep_equity_figure(curves, period=BarPeriod.MINUTE)
    assert figure.data[0].y.tolist() == pytest.approx([0, 20])
    assert figure.data[1].y.tolist() == pytest.approx([0, -10])
    assert "fast 5" in texts(figure)
    assert "+20.00%" in texts(figure)
    assert "Worst: fast 9: -10.00%" in str(describe_sweep_equity(curves))


def test_a_curve_has_few_points_however_many_bars():
    """Half a million bars are 2,000 points at most, the deepest fall among them."""
    equity = 1e5 + np.cumsum(np.random.default_rng(3).normal(0, 10, 500_000))
    equity[123_456] = 50_000
    curves = {rank: (rank, curve(equity + n)) for n, rank in enumerate(("best", "median", "worst"))}
    figure = sweep_equity_figure(curves, ChartSpec(max_candles=1300), period=BarPeriod.MINUTE)
    assert all(len(trace.x) <= MOST_POINTS for trace in figure.data)
    assert 123_456 in figure.data[0].x


def test_curves_that_cannot_be_drawn_are_said():
    """Without a number there is a calm figure, and a name is text."""
    nothing = {"best": ("x", curve([NAN, NAN]))}
    assert "no combination" in texts(sweep_equity_figure(nothing, period=BarPeriod.DAY))
    named = {"best": ("<b>x</b>", curve([1, 2]))}
    assert "&lt;b&gt;x" in texts(sweep_equity_figure(named, period=BarPeriod.DAY))
