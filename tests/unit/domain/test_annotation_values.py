"""Annotations as values."""

from __future__ import annotations

import pytest

from barscope.domain.annotations import Annotation, Point
from barscope.errors import InvalidParameterError


def test_points_are_in_order_of_time():
    """A line drawn from right to left is the line drawn from left to right."""
    one, other = Point(1, 5), Point(2, 3)
    assert Annotation("trend", (other, one)) == Annotation("trend", (one, other))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Annotation("circle", (Point(1, 1),)), "unknown kind 'circle'"),
        (lambda: Annotation("trend", (Point(1, 1),)), "a trend has 2 points, not 1"),
        (lambda: Annotation("text", (Point(1, 1),), "  "), "a text without words"),
        (lambda: Annotation("level", (Point(1, 1),), "x" * 201), "at most 200 characters"),
        (lambda: Annotation("level", (Point(1, 1),), "x", "red"), "colour 'red'"),
        (lambda: Point(1, float("nan")), "price nan is not a number"),
        (lambda: Point(1.5, 1), "time 1.5 is not a whole number"),
        (lambda: Annotation.from_dict({"version": 2, "kind": "level"}), "of a newer barscope"),
        (lambda: Annotation.from_dict({"kind": "level", "points": [[1]]}), "are not pairs of time and price"),
        (lambda: Annotation.from_dict({"kind": [], "points": [[1, 2]]}), "unknown kind"),
        (lambda: Annotation.from_dict(None), "is not an annotation"),
    ],
)
def test_what_cannot_be_drawn_is_refused(make, message):
    """The error names the value and what is expected."""
    with pytest.raises(InvalidParameterError, match=message):
        make()
