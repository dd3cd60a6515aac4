"""Neighbourhoods of combinations."""

import numpy as np
import pytest

from barscope.domain.judgement import grid_neighbours, nearest_neighbours, neighbours, plateau_view
from barscope.errors import InvalidParameterError


def grid(*axes):
    """All combinations of the values."""
    return np.stack([x.ravel() for x in np.meshgrid(*axes, indexing="ij")], axis=1).astype(float)


def sets(found):
    """The neighbours of each, as sets."""
    return [set(row[row >= 0].tolist()) for row in found]


def test_neighbours_on_a_grid_are_one_step_away():
    """Up and down each axis, by the order of the values whatever their distance; none beyond the edge."""
    points = grid([5, 10, 50], [1, 2, 3])
    found = sets(grid_neighbours(points))
    assert found[4] == {1, 3, 5, 7}
    assert found[0] == {1, 3}


@pytest.mark.parametrize("seed", [1, 2])
def test_neighbours_equal_a_plain_search(seed):
    """On a shuffled three-dimensional grid with gaps."""
    rng = np.random.default_rng(seed)
    points = grid([1, 2, 4, 8], [0.1, 0.2, 0.3], [5, 6])
    points = rng.permutation(points)[:18]
    places = np.stack([np.unique(x, return_inverse=True)[1] for x in points.T], axis=1)
    for own, around in zip(places, sets(grid_neighbours(points)), strict=True):
        assert around == set(np.flatnonzero(np.abs(places - own).sum(axis=1) == 1).tolist())


def test_a_parameter_of_one_value_is_no_axis():
    """It makes no neighbours, and none are missed for it."""
    found = grid_neighbours(grid([1, 2, 3], [7]))
    assert found.shape == (3, 2)


def test_names_are_no_steps():
    """Between moving averages of different kinds there is no next one."""
    found = sets(grid_neighbours(grid([1, 2, 3], [0, 1]), unordered=[1]))
    assert found[2] == {0, 4}


def test_a_triangle_is_a_grid():
    """Pairs with fast < slow, or triples in order, have their neighbours on the grid; a scattered sample has not."""
    pairs = np.array([(f, s) for f in range(10) for s in range(10) if f < s], float)
    triples = np.array([(a, b, c) for a in range(9) for b in range(9) for c in range(9) if a < b < c], float)
    for points in (pairs, triples):
        np.testing.assert_array_equal(neighbours(points), grid_neighbours(points))
    scattered = np.random.default_rng(1).random((50, 2))
    np.testing.assert_array_equal(neighbours(scattered), nearest_neighbours(scattered))


def test_scattered_points_of_many_parameters_are_no_grid():
    """A grid of their values could not even be numbered."""
    points = np.random.default_rng(1).random((1000, 9))
    with pytest.raises(InvalidParameterError, match="1000 scattered points are no grid"):
        grid_neighbours(points)
    assert neighbours(points).shape == (1000, 18)


def test_the_nearest_are_those_of_a_plain_search():
    """By scaled distance, so that the unit of a parameter does not matter; oneself is not among them."""
    rng = np.random.default_rng(4)
    points = rng.random((200, 3)) * [1, 1000, 0.01] + [0, 50, 0]
    scaled = (points - points.min(axis=0)) / np.ptp(points, axis=0)
    distances = np.linalg.norm(scaled[:, np.newaxis] - scaled, axis=2)
    np.fill_diagonal(distances, np.inf)
    expected = [set(row.tolist()) for row in np.argsort(distances, axis=1)[:, :5]]
    assert sets(nearest_neighbours(points, 5)) == expected


def test_the_nearest_have_the_same_name():
    """Another name is no neighbour, even where there are too few of the same."""
    rng = np.random.default_rng(4)
    points = np.column_stack([rng.random(43), np.repeat([0, 1, 2], [20, 20, 3])])
    found = nearest_neighbours(points, 4, unordered=[1])
    assert (points[found[:40], 1] == points[:40, 1, np.newaxis]).all()
    assert sets(found[40:]) == [{41, 42}, {40, 42}, {40, 41}]


def test_few_points_have_few_neighbours():
    """All others; of one point there is none."""
    assert sets(nearest_neighbours(np.array([[0.0], [1.0], [5.0]]))) == [{1, 2}, {0, 2}, {0, 1}]
    assert nearest_neighbours(np.array([[1.0]])).shape == (1, 0)
    with pytest.raises(InvalidParameterError, match="count is 0"):
        nearest_neighbours(np.zeros((5, 2)), 0)


def test_the_plateau_is_chosen_over_the_peak():
    """A lone 9 among zeros loses against a hill of ones; so does a hole among high values."""
    metric = np.zeros((7, 7))
    metric[1, 1] = 9.0
    metric[4:7, 3:6] = 1.0
    points = grid(range(7), range(7))
    view = plateau_view(metric.ravel(), grid_neighbours(points))
    assert metric.argmax() == 8
    assert points[view.pick].tolist() == [5, 4]
    hole = np.full(9, 2.0)
    hole[4] = -5.0
    assert plateau_view(hole, grid_neighbours(grid(range(3), range(3)))).pick != 4


def test_mean_minimum_and_count_of_neighbours():
    """Only those that have the metric count; NaN and infinity do not."""
    metric = np.array([1.0, 2.0, np.nan, 4.0, np.inf])
    view = plateau_view(metric, grid_neighbours(grid(range(5))))
    assert view.count.tolist() == [1, 1, 2, 0, 1]
    np.testing.assert_array_equal(view.mean, [2, 1, 3, np.nan, 4])
    np.testing.assert_array_equal(view.minimum, [2, 1, 2, np.nan, 4])
    np.testing.assert_array_equal(view.score, [1, 1, np.nan, np.nan, np.nan])


def test_too_few_neighbours_make_no_score():
    """Fewer than half: a point at the end of a spur says nothing of its surroundings."""
    points = np.array([(0, 0), (0, 1), (1, 0), (1, 1), (2, 1), (3, 1)], float)
    view = plateau_view(np.ones(6), grid_neighbours(points))
    assert np.isnan(view.score).tolist() == [False, False, False, False, False, True]


def test_without_any_neighbourhood_there_is_no_pick():
    """The message tells the way out."""
    with pytest.raises(InvalidParameterError, match="try more values of each parameter"):
        _ = plateau_view(np.ones(1), nearest_neighbours(np.zeros((1, 2)))).pick


def test_lengths_that_do_not_fit_are_refused():
    """A metric for each combination."""
    with pytest.raises(InvalidParameterError, match="do not fit"):
        plateau_view(np.ones(4), grid_neighbours(grid(range(5))))
