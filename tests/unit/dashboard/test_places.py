from __future__ import annotations

import pytest

from barscope.dashboard.places import MOST_CONNECTIONS, Places


@pytest.fixture
def clock():
    """Seconds that pass when told to."""

    class Clock:
        now = 0.0

        def __call__(self):
            return self.now

    return Clock()


@pytest.fixture
def places(clock):
    """Two places, kept 30 seconds for who is away, and 100 for who is silent."""
    return Places(2, away_s=30, idle_s=100, clock=clock)


def test_a_page_that_is_being_made_keeps_a_place(places):
    """With one viewer seated and one coming both places are taken; the place of one who does not come is free."""
    places.take("a")
    with places.coming():
        assert places.are_taken
    assert not places.are_taken


def test_who_never_connects_loses_the_place(places, clock):
    """After the time for who is away, and not before."""
    places.take("a")
    clock.now = 30
    assert places.overdue() == ()
    clock.now = 31
    assert places.overdue() == ("a",)


def test_who_is_connected_and_silent_loses_the_place_later(places, clock):
    """A connection keeps the place until the page has been silent for long; a message begins the time anew."""
    places.take("a")
    places.connect("a", print)
    clock.now = 90
    places.hear("a")
    clock.now = 190
    assert places.overdue() == ()
    clock.now = 191
    assert places.overdue() == ("a",)


def test_a_page_that_is_still_being_sent_is_there(places, clock):
    """A page that takes longer than a viewer may be away is not taken for one who left."""
    places.take("a")
    with places.connected("a"):
        clock.now = 60
        assert places.overdue() == ()
    clock.now = 90
    assert places.overdue() == ()


def test_a_page_has_few_connections(places):
    """The connection after the last that is allowed is refused, and one of no viewer always."""
    places.take("a")
    assert all(places.connect("a", print) for _ in range(MOST_CONNECTIONS))
    assert not places.connect("a", print)
    assert not places.connect("b", print)


def test_who_loses_the_place_is_disconnected(places):
    """What is still connected is closed with the place; what was closed before is not closed again."""
    closed = []
    first, second = (lambda name=name: closed.append(name) for name in ("first", "second"))
    places.take("a")
    places.connect("a", first)
    places.connect("a", second)
    places.disconnect("a", first)
    places.free("a")
    assert closed == ["second"]
