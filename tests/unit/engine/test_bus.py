"""Delivery on the event bus."""

import dataclasses
from uuid import UUID

import pytest

from barscope.domain import events
from barscope.domain.periods import BarPeriod
from barscope.engine.bar_events import processed, received
from barscope.engine.bus import EventBus, Subscriber
from barscope.engine.clock import SequentialIds


def cancelled(n):
    """An event that tells the order it was made in."""
    return events.OrderCancellationRequest(ts_event_ns=n, ts_created_ns=n, system_order_id=UUID(int=n), symbol="A")


def test_delivery_is_in_subscription_order_and_those_who_ask_are_last():
    """A recorder that subscribed first still hears last."""
    bus, heard = EventBus(), []
    bus.subscribe(events.OrderCancellationRequest, lambda e: heard.append("recorder"), last=True)
    bus.subscribe(events.OrderCancellationRequest, lambda e: heard.append("broker"))
    bus.subscribe(events.OrderCancellationRequest, lambda e: heard.append("strategy"))
    bus.publish(cancelled(1))
    assert heard == ["broker", "strategy", "recorder"]


def test_an_event_published_while_another_is_delivered_waits_its_turn():
    """First in, first out: everyone hears an event before anyone hears what followed from it."""
    bus, heard = EventBus(), []

    def first(event):
        heard.append(("first", event.ts_event_ns))
        if event.ts_event_ns == 1:
            bus.publish(cancelled(2))
            bus.publish(cancelled(3))
            bus.wait_until_system_idle()

    bus.subscribe(events.OrderCancellationRequest, first)
    bus.subscribe(events.OrderCancellationRequest, lambda e: heard.append(("second", e.ts_event_ns)))
    bus.publish(cancelled(1))
    bus.wait_until_system_idle()
    assert heard == [(who, n) for n in (1, 2, 3) for who in ("first", "second")]


def test_matching_is_by_exact_type():
    """A subscription to one type hears no other, not even one derived from it."""

    class Special(events.OrderExpired):
        pass

    bus, heard = EventBus(), []
    bus.subscribe(events.OrderExpired, heard.append)
    bus.publish(cancelled(1))
    bus.publish(Special(ts_event_ns=1, ts_created_ns=1, ts_broker_ns=1, associated_order_id=UUID(int=1), symbol="A"))
    assert heard == []


def test_what_a_subscriber_raises_comes_out_and_the_rest_of_the_queue_is_dropped():
    """After an exception the bus is idle and nothing of the failed moment is delivered later."""
    bus, heard = EventBus(), []
    expired = events.OrderExpired(
        ts_event_ns=2, ts_created_ns=2, ts_broker_ns=2, associated_order_id=UUID(int=2), symbol="A"
    )

    def fail(event):
        bus.publish(expired)
        raise ValueError("bad event")

    bus.subscribe(events.OrderCancellationRequest, fail)
    bus.subscribe(events.OrderExpired, heard.append)
    with pytest.raises(ValueError, match="bad event"):
        bus.publish(cancelled(1))
    assert bus.delivering == cancelled(1)
    bus.unsubscribe(events.OrderCancellationRequest, fail)
    bus.publish(cancelled(3))
    assert bus.delivering is None
    assert heard == []


def test_a_subscriber_hears_nothing_after_its_shutdown():
    """Shutting down ends the subscriptions, twice as well as once."""
    bus, heard = EventBus(), []
    subscriber = Subscriber(bus)
    subscriber.listen(events.OrderCancellationRequest, heard.append)
    bus.publish(cancelled(1))
    subscriber.shutdown()
    subscriber.shutdown()
    bus.publish(cancelled(2))
    assert heard == [cancelled(1)]


def test_there_are_13_frozen_keyword_only_events():
    """Every event has both timestamps, refuses positions and changes, and carries nothing beside its fields."""
    assert len(set(events.EVENT_TYPES)) == 13
    for kind in events.EVENT_TYPES:
        names = [field.name for field in dataclasses.fields(kind)]
        assert names[:2] == ["ts_event_ns", "ts_created_ns"]
        with pytest.raises(TypeError, match="positional"):
            kind(1, 2)
    event = cancelled(1)
    with pytest.raises(dataclasses.FrozenInstanceError):
        event.symbol = "B"
    assert not hasattr(event, "__dict__")


def test_the_fast_way_to_make_bar_events_makes_the_same_events():
    """They equal those made by name, and are as frozen."""
    fields = {"ts_event_ns": 1, "ts_created_ns": 2, "symbol": "A", "bar_period": BarPeriod.DAY}
    prices = {"open": 1.0, "high": 4.0, "low": 0.5, "close": 2.0, "volume": 7}
    values = (*fields.values(), *prices.values())
    assert received(*values) == events.BarReceived(**fields, **prices)
    assert processed(*values, {"X": 1.0}) == events.BarProcessed(**fields, **prices, indicators={"X": 1.0})
    for event in (received(*values), processed(*values, {})):
        with pytest.raises(dataclasses.FrozenInstanceError):
            event.close = 3.0


def test_ids_follow_from_their_kind_and_number():
    """Two runs give equal ids, two kinds of things never share one."""
    one, other = SequentialIds(), SequentialIds()
    first = [one("order of X"), one("fill"), one("order of X")]
    assert first == [other("order of X"), other("fill"), other("order of X")]
    assert len(set(first)) == 3
