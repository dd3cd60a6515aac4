"""Every exception barscope raises on purpose, in one tree.

    BarscopeError
    ├── DataError                    the input or the market data
    │   ├── UnknownSymbolError       with close matches
    │   ├── UnknownPublisherError
    │   ├── MissingBarsError         with the coverage there is
    │   ├── InvalidBarsError         with rows and reasons
    │   ├── VendorFileError          a file that cannot be decoded, or only in part
    │   ├── ConflictingBarsError     a re-ingest that disagrees with stored bars
    │   ├── ConflictingSymbologyError  a symbol that stands for two instruments at once
    │   ├── CalendarError            an exchange calendar that is unknown, or does not know a date
    │   └── DataSourceError          a vendor of prices that refuses, fails, or cannot be reached
    ├── StoreError                   a database file
    │   ├── SchemaVersionError       written by another program or a newer barscope
    │   ├── ReadOnlyStoreError       the folder or file cannot be written
    │   ├── StoreBusyError           another writer holds the file for too long
    │   ├── StoreFullError           the disk is full
    │   ├── PresetConflictError      a preset that another session has changed meanwhile
    │   └── UnknownRunError
    ├── InvalidParameterError        a value out of its type or range (also ValueError)
    ├── UnknownIndicatorError        with close matches
    ├── IndicatorError               user code of an indicator failed
    ├── UnknownStrategyError         with close matches
    ├── StrategyError                a run failed in the code of a strategy, or of what it was made of
    ├── MissingRendererError         nothing installed that can draw a picture
    ├── SweepTooLargeError           more children than are computed without being asked
    ├── ExecutorLostError            the workers of a sweep are gone
    └── JobError                     background work
        ├── InvalidTransitionError   with the history of the job
        └── JobCancelledError        what `job.result()` raises for work that was cancelled

A message says what was wrong, with which value, and what to do. What a market does (a rejection, an
expiry) is an event or a result, never an exception.
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


class BarscopeError(Exception):
    """The root of all errors barscope raises on purpose."""


class DataError(BarscopeError):
    """Market data or an input file is not what it has to be."""


class UnknownSymbolError(DataError):
    """A symbol that no publisher of the security master knows.

    Attributes:
        symbol: The symbol asked for.
        matches: Close matches, best first.
    """

    def __init__(self, symbol: str, matches: Sequence[str] = ()) -> None:
        self.symbol = symbol
        self.matches = tuple(matches)
        super().__init__(f"Unknown symbol: {cut(symbol)}{_did_you_mean(self.matches)}")


class UnknownPublisherError(DataError):
    """A publisher id that the security master does not hold."""

    def __init__(self, publisher_id: int, known: Sequence[int] = ()) -> None:
        self.publisher_id = publisher_id
        self.known = tuple(known)
        hint = f". Known publisher ids: {', '.join(map(str, known))}" if known else ". Ingest data first"
        super().__init__(f"publisher_id {publisher_id} not found{hint}")


class MissingBarsError(DataError):
    """A symbol without bars in the range asked for; the message names the coverage there is."""


class InvalidBarsError(DataError):
    """Bars that break a rule.

    Attributes:
        reasons: Reason → number of rows.
        rows: Numbers of the rows, where the bars came from a source that has them.
    """

    def __init__(self, message: str, reasons: dict[str, int] | None = None, rows: Sequence[int] = ()) -> None:
        self.reasons = dict(reasons or {})
        self.rows = tuple(rows)
        super().__init__(message)


class VendorFileError(DataError):
    """A vendor file that is corrupt, truncated, or not what its name says."""


class ConflictingBarsError(DataError):
    """Bars that disagree with stored ones at the same time; nothing was written.

    Attributes:
        conflicts: Number of timestamps that disagree.
    """

    def __init__(self, message: str, conflicts: int = 0) -> None:
        self.conflicts = conflicts
        super().__init__(message)


class CalendarError(DataError):
    """An exchange calendar that is unknown, or does not know a date or the hours asked for."""


class DataSourceError(DataError):
    """A vendor of prices that refuses, fails, cannot be reached, or whose client is not installed."""


class ConflictingSymbologyError(DataError):
    """A symbol that stands for two instruments at once, with nothing to tell which; nothing was written."""


class StoreError(BarscopeError):
    """A database file cannot be used as asked."""


class SchemaVersionError(StoreError):
    """A file of another program, or one written by a newer barscope."""


class ReadOnlyStoreError(StoreError):
    """A write to a folder, file or connection that is read-only."""


class StoreBusyError(StoreError):
    """Another writer held the file longer than this one was told to wait."""


class StoreFullError(StoreError):
    """The disk or quota is full; the transaction was rolled back."""


class PresetConflictError(StoreError):
    """A preset that is not what this session loaded any more; nothing was written.

    Attributes:
        name: Its name.
        happened: What became of it meanwhile.
    """

    def __init__(self, what: str, name: str, happened: str) -> None:
        self.name, self.happened = name, happened
        super().__init__(
            f"{what} {cut(name)} {happened}: load it again, save under another name, or overwrite it knowingly"
        )


class UnknownRunError(StoreError):
    """A run id that runs.db does not hold, or whose results are not visible."""


class InvalidParameterError(BarscopeError, ValueError):
    """A parameter of the wrong type, out of range, or unknown."""


class UnknownIndicatorError(BarscopeError):
    """An indicator class that is not registered.

    Attributes:
        name: The class asked for.
        matches: Close matches, best first.
    """

    def __init__(self, name: str, known: Iterable[str] = (), *, role: str = "indicator") -> None:
        self.name = name
        self.matches = close_matches(name, known)
        super().__init__(f"Unknown {role}: {cut(name)}{_did_you_mean(self.matches)}")


class IndicatorError(BarscopeError):
    """The code of an indicator failed, or returned something that is not a series."""


class UnknownStrategyError(BarscopeError):
    """A strategy class that is not registered.

    Attributes:
        name: The class asked for.
        matches: Close matches, best first.
    """

    def __init__(self, name: str, known: Iterable[str] = ()) -> None:
        self.name = name
        self.matches = close_matches(name, known)
        super().__init__(f"invalid strategy: {cut(name)}{_did_you_mean(self.matches)}")


class StrategyError(BarscopeError):
    """A backtest failed while an event was delivered; the original exception is the cause.

    Attributes:
        run_id: The run.
        ts_event_ns: The bar or event that was being delivered, ns UTC; None before the first.
        symbol: Its symbol; None where it has none.
    """

    def __init__(self, message: str, run_id: str, ts_event_ns: int | None = None, symbol: str | None = None) -> None:
        self.run_id = run_id
        self.ts_event_ns = ts_event_ns
        self.symbol = symbol
        super().__init__(message)


class MissingRendererError(BarscopeError):
    """No program that can draw a picture of a chart; the message says what to install."""


class SweepTooLargeError(InvalidParameterError):
    """A sweep of more children than are computed without being asked.

    Attributes:
        children: How many there are.
        seconds: About how long they take.
    """

    def __init__(self, children: int, seconds: float, limit: int) -> None:
        self.children = children
        self.seconds = seconds
        super().__init__(
            f"{children:,} children are more than {limit:,} and take about {_duration(seconds)}: narrow the ranges, "
            "take a sample, or confirm the sweep with confirmed=True"
        )


class ExecutorLostError(BarscopeError):
    """The workers of a sweep are gone and do not come back; what they had finished is kept."""


class JobError(BarscopeError):
    """Background work that cannot go on as asked."""


class InvalidTransitionError(JobError):
    """A job was told to move to a state it cannot reach.

    Attributes:
        history: The states so far.
    """

    def __init__(self, job_id: str, to: str, history: Sequence[str]) -> None:
        self.history = tuple(history)
        super().__init__(f"job {job_id} cannot move to {to!r}: its history is {' → '.join(history)}")


class JobCancelledError(JobError):
    """The work of a job was cancelled: by a person, or by a newer job that replaces it."""


def close_matches(name: str, known: Iterable[str], n: int = 3) -> tuple[str, ...]:
    """Known names nearest to `name`, ignoring case, best first."""
    folded = {k.casefold(): k for k in known}
    return tuple(folded[m] for m in get_close_matches(name[:100].casefold(), folded, n=n, cutoff=0.5))


def cut(text: object, limit: int = 64) -> str:
    """A value as one line for a message: control characters escaped, at most `limit` characters."""
    start = text_of(text)[: limit + 1]
    line = "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in start)
    return line if len(line) <= limit else line[: limit - 1] + "…"


def text_of(value: object) -> str:
    """A value as text, also where its own code fails to make one."""
    try:
        return str(value)
    except Exception as error:  # noqa: BLE001  # an exception of a user that cannot be told must not hide what it ends
        return f"<{type(value).__name__}: its text cannot be made: {type(error).__name__}>"


def _did_you_mean(matches: Sequence[str]) -> str:
    return f". Did you mean {' or '.join(map(cut, matches))}?" if matches else ""


def _duration(seconds: float) -> str:
    """A length of time for a person: `40 s`, `12 min`, `3.5 h`."""
    if seconds < 90:
        return f"{seconds:.0f} s" if seconds >= 10 else f"{seconds:.1f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:,.1f} h"
