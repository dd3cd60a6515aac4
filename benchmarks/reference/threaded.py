"""A backtest engine in the manner of live ones: each subscriber has a thread and a queue, the bus waits for all.

It is the SMA crossover alone, with market orders and without a database: everything a thread per subscriber costs,
and nothing else.
"""

from __future__ import annotations

import queue
import threading
from collections import deque
from dataclasses import dataclass


@dataclass(frozen=True)
class Bar:
    """A bar that has become known."""

    ts: int
    open: float
    close: float


@dataclass(frozen=True)
class Order:
    """A strategy wants a market order."""

    ts: int
    quantity: float


@dataclass(frozen=True)
class Fill:
    """An order was executed."""

    ts: int
    quantity: float
    price: float


class Subscriber(threading.Thread):
    """A thread that takes events from its queue."""

    def __init__(self, bus):
        super().__init__(daemon=True)
        self.bus = bus
        self.inbox = queue.Queue()
        self.start()

    def run(self):
        """Take events until told to stop."""
        while (event := self.inbox.get()) is not None:
            self.on_event(event)
            self.inbox.task_done()
        self.inbox.task_done()


class Bus:
    """Puts each event into the queue of every subscriber."""

    def __init__(self):
        self.subscribers = []

    def publish(self, event):
        """Hand an event to all."""
        for subscriber in self.subscribers:
            subscriber.inbox.put(event)

    def wait_until_idle(self):
        """Return when every queue has been worked off, and nothing new came meanwhile."""
        while any(subscriber.inbox.unfinished_tasks for subscriber in self.subscribers):
            for subscriber in self.subscribers:
                subscriber.inbox.join()


class Broker(Subscriber):
    """Fills what was ordered on the bar before at the open."""

    def __init__(self, bus):
        self.orders = []
        super().__init__(bus)

    def on_event(self, event):
        """Match or take an order."""
        if isinstance(event, Bar):
            orders, self.orders = self.orders, []
            for order in orders:
                self.bus.publish(Fill(event.ts, order.quantity, event.open))
        elif isinstance(event, Order):
            self.orders.append(event)


class Crossover(Subscriber):
    """Long from the bar where the fast average rises above the slow one, flat from where it falls below."""

    def __init__(self, bus, fast, slow):
        self.closes = deque(maxlen=slow + 1)
        self.fast, self.slow = fast, slow
        self.fast_sum = self.slow_sum = 0.0
        self.was_above = None
        self.position = 0.0
        super().__init__(bus)

    def on_event(self, event):
        """Keep the averages and trade on the crossing."""
        if isinstance(event, Fill):
            self.position += event.quantity
        elif isinstance(event, Bar):
            above = self.update(event.close)
            if above and self.was_above is False and not self.position:
                self.bus.publish(Order(event.ts, 1.0))
            elif above is False and self.position > 0:
                self.bus.publish(Order(event.ts, -self.position))
            self.was_above = above

    def update(self, close):
        """Whether the fast average is above the slow one; None while there is no slow one."""
        closes = self.closes
        closes.append(close)
        self.fast_sum += close
        self.slow_sum += close
        if len(closes) > self.fast:
            self.fast_sum -= closes[-1 - self.fast]
        if len(closes) > self.slow:
            self.slow_sum -= closes[0]
        if len(closes) < self.slow:
            return None
        return self.fast_sum / self.fast > self.slow_sum / self.slow


class Recorder(Subscriber):
    """Keeps every event."""

    def __init__(self, bus):
        self.events = []
        super().__init__(bus)

    def on_event(self, event):
        """Keep it."""
        self.events.append(event)


def backtest(bars, fast, slow):
    """The fills of an SMA crossover as (ts, quantity, price)."""
    bus = Bus()
    recorder = Recorder(bus)
    bus.subscribers = [Broker(bus), Crossover(bus, fast, slow), recorder]
    for ts, open_, close in zip(bars.ts.tolist(), bars.open.tolist(), bars.close.tolist(), strict=True):
        bus.subscribers[0].inbox.put(Bar(ts, open_, close))
        bus.wait_until_idle()  # fills first, then the strategy
        for subscriber in bus.subscribers[1:]:
            subscriber.inbox.put(Bar(ts, open_, close))
        bus.wait_until_idle()
    for subscriber in bus.subscribers:
        subscriber.inbox.put(None)
    return [(e.ts, e.quantity, e.price) for e in recorder.events if isinstance(e, Fill)]
