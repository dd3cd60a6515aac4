"""An exception as a value that can be stored and shown: what went wrong and where, without any variable of a frame."""

from __future__ import annotations

import traceback
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from barscope.errors import cut

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MAX_CAUSES = 20
MAX_FRAMES = 50
_MAX_CHARS = 2000


@dataclass(frozen=True, slots=True)
class Frame:
    """A place in the code. The file is named from its package on, or alone: never by where it lies on the machine."""

    file: str
    line: int
    function: str


@dataclass(frozen=True, slots=True)
class Failure:
    """An exception.

    Attributes:
        type: Name of its class.
        message: What it says, one line.
        frames: Where it passed, the place that raised it last; the last 50.
        causes: What it came from, one from the other; the last is the root.
    """

    type: str
    message: str
    frames: tuple[Frame, ...] = ()
    causes: tuple[Failure, ...] = ()

    @property
    def root(self) -> Failure:
        """What went wrong first."""
        return self.causes[-1] if self.causes else self

    def unexplained(self) -> Failure:
        """Only what kind of exceptions they were: what a stranger may see, since messages may hold secrets."""
        return replace(self, message="", frames=(), causes=tuple(cause.unexplained() for cause in self.causes))

    def to_dict(self) -> dict[str, Any]:
        """As JSON values."""
        return {**_one(self), "causes": [_one(cause) for cause in self.causes]}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Failure:
        """Back from `to_dict`."""
        frames = tuple(Frame(**frame) for frame in values["frames"])
        causes = tuple(cls.from_dict(cause) for cause in values.get("causes", ()))
        return cls(values["type"], values["message"], frames, causes)


def failure_of(error: BaseException) -> Failure:
    """An exception with everything it came from."""
    first, *causes = (_alone(one) for one in _chain(error))
    return replace(first, causes=tuple(causes))


def _one(failure: Failure) -> dict[str, Any]:
    frames = [{"file": f.file, "line": f.line, "function": f.function} for f in failure.frames]
    return {"type": failure.type, "message": failure.message, "frames": frames}


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    following: BaseException | None = error
    while following is not None and id(following) not in seen and len(seen) < MAX_CAUSES:
        seen.add(id(following))
        yield following
        shown = None if following.__suppress_context__ else following.__context__
        following = following.__cause__ or shown


def _alone(error: BaseException) -> Failure:
    passed = [(f.f_code.co_filename, line, f.f_code.co_name) for f, line in traceback.walk_tb(error.__traceback__)]
    frames = tuple(Frame(_shown(file), line, cut(function)) for file, line, function in passed[-MAX_FRAMES:])
    return Failure(type(error).__name__, cut(error, _MAX_CHARS), frames)


def _shown(file: str) -> str:
    """A file from its package on: `barscope/engine/bus.py`; the name alone of any other."""
    parts = PurePath(file).parts
    for folder in ("site-packages", "dist-packages", "src"):
        if folder in parts[:-1]:
            return "/".join(parts[len(parts) - parts[::-1].index(folder) :])
    return cut(parts[-1] if parts else file)
