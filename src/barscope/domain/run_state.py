"""The state of one launch (an exploration, backtest, scenario or replay) as an immutable value.

Every change makes a new value from the old one and the time it is given. No clock, no database and no drawing here.
"""

from __future__ import annotations

import base64
import datetime as dt
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from types import MappingProxyType
from typing import Any

from barscope.domain.failures import Failure, failure_of
from barscope.errors import InvalidParameterError, cut

COUNTERS = ("cycles", "completed_cycle", "position_trigger_checks", "position_revaluations")
PICTURE_TYPES = ("small", "large")
PICTURE_THEMES = ("light", "dark")
PICTURE_FORMATS = ("svg", "png")
HEAVY = ("source_code", "visualisation", "summary_statistics")
"""The fields that an export leaves out."""

Picture = tuple[str, str, str]
"""Which picture: its type, theme and format."""


@dataclass(frozen=True, slots=True)
class Version:
    """What computed: the version of barscope, its git commit where it is known, and the version of Python."""

    package: str | None = None
    commit: str | None = None
    python: str | None = None


@dataclass(frozen=True, kw_only=True)
class RunState:
    """One launch at one moment. All times are aware UTC.

    Attributes:
        executor_id: The id of the run.
        started_at: When it began.
        last_refreshed_at: When it last told of itself; for information: whether it lives is decided by its lock.
        executor_running: Whether it goes on.
        cycles: Units of work done so far: bars played, indicators computed, days valued.
        completed_cycle: The number, from 1, of the latest unit that was done; None before the first.
        position_trigger_checks: How many times a resting order was compared with a bar.
        position_revaluations: At how many bars an open position was valued anew.
        market_data_feed_lag: How old the newest bar was when the bars were loaded; None before.
        crashed_at: When it crashed; the last sign of life of a run whose process was killed.
        exception: What made it crash: the first failure, with its causes.
        source_code: The code that ran; None until it is known.
        visualisation: Pictures of its outcome, by type, theme and format.
        summary_statistics: Its metrics, JSON values.
        version: What computed it.
    """

    executor_id: str
    started_at: dt.datetime
    last_refreshed_at: dt.datetime
    executor_running: bool = True
    cycles: int = 0
    completed_cycle: int | None = None
    position_trigger_checks: int = 0
    position_revaluations: int = 0
    market_data_feed_lag: dt.timedelta | None = None
    crashed_at: dt.datetime | None = None
    exception: Failure | None = None
    source_code: str | None = field(default=None, repr=False)
    visualisation: Mapping[Picture, bytes] = field(default_factory=dict, repr=False)
    summary_statistics: Mapping[str, Any] = field(default_factory=dict, repr=False)
    version: Version = Version()

    def __post_init__(self) -> None:
        for name in ("started_at", "last_refreshed_at", "crashed_at"):
            _check_utc(name, getattr(self, name))
        object.__setattr__(self, "visualisation", MappingProxyType(dict(self.visualisation)))
        object.__setattr__(self, "summary_statistics", MappingProxyType(dict(plain_json(self.summary_statistics))))

    @property
    def crashed(self) -> bool:
        """Whether it ended by a failure."""
        return self.crashed_at is not None

    # ---- what happens to it

    @classmethod
    def begun(
        cls, executor_id: str, at: dt.datetime, version: Version = Version(), source_code: str | None = None
    ) -> RunState:
        """A run that begins."""
        return cls(
            executor_id=executor_id, started_at=at, last_refreshed_at=at, version=version, source_code=source_code
        )

    def refreshed(self, at: dt.datetime) -> RunState:
        """It told of itself."""
        return replace(self, last_refreshed_at=at)

    def counted(self, at: dt.datetime, **totals: int) -> RunState:
        """Work succeeded: new totals of some of the counters.

        Raises:
            InvalidParameterError: If it has ended, a counter is unknown, or a total is lower than before.
        """
        self._check_running()
        for name, total in totals.items():
            if name not in COUNTERS:
                raise InvalidParameterError(f"unknown counter {cut(name)}: use one of {', '.join(COUNTERS)}")
            if not isinstance(total, int) or isinstance(total, bool) or total < (getattr(self, name) or 0):
                before = getattr(self, name)
                raise InvalidParameterError(f"{name} {cut(repr(total))} after {before}: counters only grow")
        return replace(self, last_refreshed_at=at, **totals)  # type: ignore[arg-type]  # the counters are numbers

    def fed(self, at: dt.datetime, latest: dt.datetime) -> RunState:
        """Its bars were loaded; the newest was known at `latest`."""
        self._check_running()
        return replace(self, last_refreshed_at=at, market_data_feed_lag=at - latest)

    def set_fail(self, at: dt.datetime, error: BaseException | Failure) -> RunState:
        """It crashed. A failure that follows another changes nothing: the first is the root."""
        if self.crashed:
            return self
        failure = error if isinstance(error, Failure) else failure_of(error)
        return replace(self, last_refreshed_at=at, executor_running=False, crashed_at=at, exception=failure)

    def interrupted(self) -> RunState:
        """Its process is gone without having ended it; nobody knows when, so the last sign of life counts."""
        return self.set_fail(self.last_refreshed_at, Failure("Interrupted", "its process ended before the run did"))

    def ended(self, at: dt.datetime) -> RunState:
        """It came to its end, or was cancelled."""
        return replace(self, last_refreshed_at=at, executor_running=False)

    # ---- as JSON

    def export(self) -> dict[str, Any]:
        """As JSON values, without the heavy fields."""
        return {f.name: _json(getattr(self, f.name)) for f in fields(self) if f.name not in HEAVY}

    def to_dict(self) -> dict[str, Any]:
        """As JSON values, whole; `from_dict` reads it back."""
        drawn: dict[str, Any] = {}
        for (kind, theme, form), picture in sorted(self.visualisation.items()):
            text = picture.decode() if form == "svg" else base64.b64encode(picture).decode("ascii")
            drawn.setdefault(kind, {}).setdefault(theme, {})[form] = text
        heavy = {
            "source_code": self.source_code,
            "visualisation": drawn,
            "summary_statistics": dict(self.summary_statistics),
        }
        return self.export() | heavy

    def to_json(self) -> str:
        """As strict JSON, whole."""
        return json.dumps(self.to_dict(), allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> RunState:
        """Back from `to_json`.

        Raises:
            InvalidParameterError: If the text is no state of a run.
        """
        try:
            return cls.from_dict(json.loads(text))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise InvalidParameterError(f"no state of a run ({error!r}): use what to_json gave") from error

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> RunState:
        """Back from `to_dict`, or from `export` without the heavy fields."""
        found = dict(values)
        for name in ("started_at", "last_refreshed_at", "crashed_at"):
            found[name] = found[name] and dt.datetime.fromisoformat(found[name])
        lag, failure = found["market_data_feed_lag"], found["exception"]
        found["market_data_feed_lag"] = None if lag is None else dt.timedelta(seconds=lag)
        found["exception"] = None if failure is None else Failure.from_dict(failure)
        found["version"] = Version(**found["version"])
        found["visualisation"] = {
            (kind, theme, form): text.encode() if form == "svg" else base64.b64decode(text)
            for kind, themes in found.get("visualisation", {}).items()
            for theme, forms in themes.items()
            for form, text in forms.items()
        }
        return cls(**found)

    def _check_running(self) -> None:
        if not self.executor_running:
            raise InvalidParameterError(f"run {cut(self.executor_id)} has ended: its state changes no more")


def utc(ts_ns: int) -> dt.datetime:
    """A timestamp as an aware UTC time, to the microsecond."""
    return dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(microseconds=int(ts_ns) // 1000)


def plain_json(value: object) -> Any:  # noqa: ANN401 (JSON is of any type)
    """A value as JSON can say it: NaN and infinities become null, numpy's numbers Python's, tuples lists."""
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Mapping):
        return {str(key): plain_json(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain_json(item) for item in value]
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise InvalidParameterError(f"{cut(repr(value))} is no JSON value: use text, numbers, lists, dicts")


def _json(value: object) -> Any:  # noqa: ANN401 (JSON is of any type)
    if isinstance(value, dt.datetime):
        return value.isoformat()
    if isinstance(value, dt.timedelta):
        return value.total_seconds()
    if isinstance(value, Failure):
        return value.to_dict()
    if isinstance(value, Version):
        return {f.name: getattr(value, f.name) for f in fields(value)}
    return value


def _check_utc(name: str, moment: dt.datetime | None) -> None:
    if moment is not None and moment.utcoffset() != dt.timedelta(0):
        raise InvalidParameterError(f"{name} {moment} is not aware UTC: use a time with tzinfo=datetime.UTC")
