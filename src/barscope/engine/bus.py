"""The event bus: every event of a run passes through it, on one thread, in one order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from barscope.engine.clock import SequentialIds, SimulatedClock

if TYPE_CHECKING:
    from uuid import UUID

    from barscope.domain.events import Event
    from barscope.engine.clock import Clock

E = TypeVar("E", bound="Event")
Handler = Callable[[Any], None]


class EventBus:
    """Delivers events synchronously, first in, first out, to the subscribers of their exact type.

    The subscribers of a type get an event in the order they subscribed, those that asked to be last after all
    others. An event published while another is delivered waits its turn. What a subscriber raises comes out of
    the `publish` that was first; the events still waiting are dropped.

    Attributes:
        clock: Tells the time of the run.
        new_id: Gives the next id of a kind of thing.
        delivering: The event that is delivered; after an exception, the one that raised it; None in between.
    """

    def __init__(self, clock: Clock | None = None, new_id: Callable[[str], UUID] | None = None) -> None:
        self.clock = SimulatedClock() if clock is None else clock
        self.new_id = SequentialIds() if new_id is None else new_id
        self.delivering: Event | None = None
        self._first: dict[type[Event], list[Handler]] = {}
        self._last: dict[type[Event], list[Handler]] = {}
        self._handlers: dict[type[Event], tuple[Handler, ...]] = {}
        self._queue: deque[Event] = deque()
        self._draining = False

    def subscribe(self, event_type: type[E], handler: Callable[[E], None], *, last: bool = False) -> None:
        """Hands every event of exactly this type to `handler` from now on.

        Args:
            event_type: The type; its subclasses do not match.
            handler: Called with the event.
            last: Deliver to this one after all that did not ask so.
        """
        (self._last if last else self._first).setdefault(event_type, []).append(handler)
        self._arrange(event_type)

    def unsubscribe(self, event_type: type[E], handler: Callable[[E], None]) -> None:
        """Ends a subscription; does nothing if there is none."""
        for handlers in (self._first.get(event_type, []), self._last.get(event_type, [])):
            if handler in handlers:
                handlers.remove(handler)
        self._arrange(event_type)

    def publish(self, event: Event) -> None:
        """Delivers an event, and all that follow from it, or queues it while another is delivered."""
        if self._draining:
            self._queue.append(event)
            return
        self._draining = True
        queue, handlers_of = self._queue, self._handlers
        try:
            while True:
                self.delivering = event
                for handle in handlers_of.get(event.__class__, ()):
                    handle(event)
                if not queue:
                    self.delivering = None
                    return
                event = queue.popleft()
        except BaseException:
            queue.clear()
            raise
        finally:
            self._draining = False

    def wait_until_system_idle(self) -> None:
        """Drains the queue; does nothing when called from a subscriber, whose event is not over yet."""
        while self._queue and not self._draining:
            self.publish(self._queue.popleft())

    def _arrange(self, event_type: type[Event]) -> None:
        self._handlers[event_type] = (*self._first.get(event_type, ()), *self._last.get(event_type, ()))


class Subscriber:
    """A part of a run that lives on the bus.

    A subclass listens in its constructor: `self.listen(FillEvent, self._on_fill)`.
    """

    def __init__(self, bus: EventBus) -> None:
        self.bus = bus
        self._listening: list[tuple[type[Event], Handler]] = []

    def listen(self, event_type: type[E], handler: Callable[[E], None], *, last: bool = False) -> None:
        """Subscribes a handler until `shutdown`."""
        self.bus.subscribe(event_type, handler, last=last)
        self._listening.append((event_type, handler))

    def shutdown(self) -> None:
        """Ends all subscriptions; called once at the end of a run, however it ended."""
        for event_type, handler in self._listening:
            self.bus.unsubscribe(event_type, handler)
        self._listening.clear()
