"""Backtests, event by event: deterministic, on one thread.

A `Strategy` reads bars and places orders, a `SimulatedBroker` fills them, a `SimulatedDatafeed` has the bars, a
`RunRecorder` keeps what happened, and an `Orchestrator` puts the four together. They meet on the `EventBus`.
"""
