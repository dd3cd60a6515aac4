"""What of a run's record becomes visible when it is published: what is named here, and nothing else.

Results are published whole: bars, indicator series, orders, fills. Of the record only the keys below are kept, so that
a key of a later version stays private until it is added here. Source code, hashes of it, revisions, versions of
libraries, settings of the data feed and tracebacks are left out; paths of the machine inside a text become `…`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from barscope.studies.request import BarChoice
from barscope.studies.sweep_request import SweepRequest

if TYPE_CHECKING:
    from collections.abc import Iterable

    from barscope.store.run_reader import RunRecord

CONFIG_KEYS = (
    "mode",
    *BarChoice.model_fields,
    "indicators",
    "outputs",
    "session_id",
    "strategies",
    "broker",
    "templates",
    "calendars",
    "bar_sources",
    "data_fingerprint",
    "way",
    "axes",
    "combinations",
    "skipped",
    "reasons",
)
"""Of `config`: which bars and how they were made, which indicators, strategies, broker settings, templates or ranges.

Of a sweep its `request` as well, as far as `SweepRequest` knows it.
"""

STRATEGY_KEYS = ("class_name", "name", "symbols", "bar_periods", "params")
"""Of each strategy in `config`."""

METADATA_KEYS = (
    "digest",
    "failed_indicators",
    "orders",
    "fills",
    "final_equity",
    "assumptions",
    "scenario",
    "sweep",
    "reason",
    "error",
    "symbol",
    "ts_event_ns",
)
"""Of `metadata`: what came out, and why a run failed."""

_AS_IT_IS = frozenset({"symbols", "outputs", "symbol"})
"""Names that results are found by."""

_HIDDEN = "…"
_ENDINGS = "csv|parquet|py|ipynb|db|dbn|zst|zip|gz|json|ya?ml|toml|txt|pkl|h5|feather"
_PATHS = re.compile(
    rf"""
    file:/+[^\s'"<>|]+                                  # file:///home/jane/bars.csv
    | (?<![\w/.~])~?/(?!/)[^\s/'"<>|:;,()]+(?:/[^\s'"<>|:;,()]*)+   # /home/jane/bars.csv, ~/bars/a.csv
    | (?<!\w)~/[^\s'"<>|:;,()]+                         # ~/bars.csv
    | \.{{1,2}}/[^\s'"<>|:;,()]+                        # ../bars.csv
    | (?<!\w)[A-Za-z]:[\\/][^\s'"<>|;,()]+              # C:\\bars.csv
    | \\\\[^\s'"<>|;,()]+                               # \\host\bars
    | [\w.\-]+(?:[\\/][\w.\-]+)*[\\/][\w\-]+\.(?:{_ENDINGS})\b      # private/bars.csv
    """,
    re.VERBOSE,
)


def public_record(record: RunRecord, zone: str, private_folders: Iterable[Path] = ()) -> RunRecord:
    """A run's record as visitors see it.

    Args:
        record: The record.
        zone: The time zone its charts are drawn in, kept as `zone` in the config.
        private_folders: Folders whose names are looked for in texts besides everything that reads like a path.
    """
    secrets = tuple(text for text in map(str, private_folders) if len(text) > 1)
    told = _chosen(record.config.get("request"), BarChoice.model_fields) | record.config
    config = {key: _public(told[key], key, secrets) for key in CONFIG_KEYS if key in told}
    if told.get("mode") == "sweep":
        asked = _chosen(told.get("request"), SweepRequest.model_fields)
        config["request"] = {key: _public(value, key, secrets) for key, value in asked.items()}
    if isinstance(config.get("strategies"), list):
        config["strategies"] = [_chosen(strategy, STRATEGY_KEYS) for strategy in config["strategies"]]
    metadata = {key: _public(record.metadata[key], key, secrets) for key in METADATA_KEYS if key in record.metadata}
    name = without_paths(record.name, secrets)
    return replace(record, name=name, config=config | {"zone": zone}, metadata=metadata)


def public_children(data: bytes, private_folders: Iterable[Path] = ()) -> bytes:
    """Some children of a sweep as visitors see them: why one failed is told without paths.

    Args:
        data: As a sweep keeps them.
        private_folders: As of `public_record`.
    """
    import polars as pl

    from barscope.studies.sweep_frame import from_bytes, to_bytes

    frame = from_bytes(data)
    if frame["error"].null_count() == len(frame):
        return data
    secrets = tuple(text for text in map(str, private_folders) if len(text) > 1)
    told = [None if text is None else without_paths(text, secrets) for text in frame["error"].to_list()]
    return to_bytes(frame.with_columns(pl.Series("error", told, pl.String)))


def without_paths(text: str, secrets: Iterable[str] = ()) -> str:
    """A text in which everything that reads like a path of a file, and every secret, is `…`."""
    for secret in secrets:
        text = text.replace(secret, _HIDDEN)
    return _PATHS.sub(_HIDDEN, text)


def _chosen(value: Any, keys: Iterable[str]) -> dict[str, Any]:  # noqa: ANN401  # JSON
    return {key: value[key] for key in keys if key in value} if isinstance(value, dict) else {}


def _public(value: Any, key: str, secrets: tuple[str, ...]) -> Any:  # noqa: ANN401  # JSON
    if key in _AS_IT_IS:
        return value
    if isinstance(value, str):
        return without_paths(value, secrets)
    if isinstance(value, Mapping):
        return {name: _public(item, name, secrets) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_public(item, "", secrets) for item in value]
    return value
