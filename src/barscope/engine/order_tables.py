"""Which table of runs.db holds which events about orders."""

from __future__ import annotations

from barscope.domain import events

ORDER_TABLES: dict[type[events.Event], str] = {
    events.OrderSubmissionRequest: "order_submissions",
    events.OrderCancellationRequest: "order_cancellations",
    events.OrderModificationRequest: "order_modifications",
    events.OrderAccepted: "orders_accepted",
    events.CancellationAccepted: "cancellations_accepted",
    events.ModificationAccepted: "modifications_accepted",
    events.OrderRejected: "orders_rejected",
    events.CancellationRejected: "cancellations_rejected",
    events.ModificationRejected: "modifications_rejected",
    events.FillEvent: "fills",
    events.OrderExpired: "expirations",
}
"""The table of each event about orders; those about bars are written from the columns."""

NOT_STORED = frozenset({"strategy", "good_till_ns", "parent_order_id", "oco_group"})
"""Fields of events that their tables have no column for."""
