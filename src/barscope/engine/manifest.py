"""What a backtest came from, complete enough to repeat it: the `config` of its run."""

from __future__ import annotations

import hashlib
import inspect
import platform
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from barscope.domain.parameters import plain
from barscope.engine.configuration import public_class, public_name, settings_of
from barscope.engine.revision import git_revision
from barscope.indicators.sourcecode import live_code

if TYPE_CHECKING:
    from barscope.domain.bars import Bars
    from barscope.engine.broker import Broker
    from barscope.engine.channel import Channel
    from barscope.engine.datafeed import Datafeed
    from barscope.engine.strategy import Strategy

_LIBRARIES = ("barscope", "numpy", "ta-lib", "apsw", "polars")


def backtest_manifest(
    strategies: Sequence[type[Strategy]], broker: type[Broker], datafeed: type[Datafeed]
) -> dict[str, Any]:
    """The manifest of a run before its bars are loaded."""
    feed = settings_of(datafeed)
    symbols = list(dict.fromkeys(symbol for strategy in strategies for symbol in strategy.symbols))
    return {
        "mode": "backtest",
        "symbols": symbols,
        "rtype": datafeed.bar_period.rtype,
        "publisher_id": feed.get("publisher_id"),
        "symbol_type": feed.get("symbol_type"),
        "start_date": feed.get("start_date"),
        "end_date": feed.get("end_date"),
        "strategies": [_strategy(strategy) for strategy in strategies],
        "broker": {"class_name": public_name(broker), "settings": _plain_settings(broker)},
        "datafeed": {"class_name": public_name(datafeed), "settings": _plain_settings(datafeed)},
        "versions": library_versions(),
        "git_revision": git_revision(Path(__file__).parent),
    }


def data_fingerprint(bars: Mapping[Channel, Bars]) -> str:
    """A 128-bit BLAKE2b of the bars of all channels, hexadecimal: equal for equal bars."""
    digest = hashlib.blake2b(digest_size=16)
    for channel in sorted(bars, key=lambda c: (c.symbol, c.bar_period.length_ns)):
        of_channel = bars[channel]
        digest.update(f"{channel.symbol}\t{channel.bar_period.name}\t{len(of_channel)}\n".encode())
        for name in ("ts", "open", "high", "low", "close", "volume"):
            digest.update(getattr(of_channel, name).data)
    return digest.hexdigest()


def source_of(cls: type[Strategy]) -> str:
    """The source of a strategy: the whole file as it read when it was loaded, or the class and what it names."""
    if cls.source_text:
        return cls.source_text
    try:
        return inspect.getsource(public_class(cls))
    except (OSError, TypeError):  # a notebook: the class has no file, its functions have their cells
        return "\n".join(live_code(public_class(cls)))


@cache
def library_versions() -> dict[str, str]:
    """Versions of Python and of the libraries that shape results."""
    found = {"python": platform.python_version()}
    for library in _LIBRARIES:
        try:
            found[library] = version(library)
        except PackageNotFoundError:
            found[library] = "unknown"
    return found


def _strategy(strategy: type[Strategy]) -> dict[str, Any]:
    source = source_of(strategy)
    return {
        "class_name": public_name(strategy),
        "name": strategy.name,
        "symbols": list(strategy.symbols),
        "bar_periods": [period.name for period in strategy.bar_periods],
        "params": {name: plain(value) for name, value in strategy.parameter_values().items()},
        "source": source,
        "source_hash": hashlib.sha256(source.encode()).hexdigest(),
        "git_revision": _revision_of(strategy),
    }


def _revision_of(cls: type) -> str | None:
    """The commit of the file that a class is defined in; None for a notebook's."""
    file = getattr(sys.modules.get(cls.__module__), "__file__", None)
    return None if file is None else git_revision(Path(file).parent)


def _plain_settings(cls: type) -> dict[str, Any]:
    """The settings that JSON can say; columns given in memory are told by the data fingerprint."""
    found = {}
    for name, value in settings_of(cls).items():
        value = dict(value) if isinstance(value, Mapping) else plain(value)
        if isinstance(value, Path):
            value = str(value)
        if value is None or isinstance(value, bool | int | float | str | list | tuple) or _is_plain_dict(value):
            found[name] = value
    return found


def _is_plain_dict(value: object) -> bool:
    return isinstance(value, dict) and all(
        isinstance(key, str) and isinstance(item, bool | int | float | str) for key, item in value.items()
    )
