"""What a run came from, complete enough to repeat it."""

from __future__ import annotations

import hashlib
import platform
from dataclasses import asdict
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from barscope.studies.plan import ExplorationPlan

_LIBRARIES = ("barscope", "numpy", "polars", "apsw", "ta-lib")


def exploration_manifest(plan: ExplorationPlan, session_id: str) -> dict[str, Any]:
    """The `config` of an exploration's run."""
    request = plan.request
    return {
        "mode": "exploration",
        "symbols": list(request.symbols),
        "rtype": request.rtype,
        "publisher_id": request.publisher_id,
        "symbol_type": request.symbol_type,
        "start_date": request.start_date,
        "end_date": request.end_date,
        "indicators": [{"class_name": i.class_name, "params": i.params} for i in plan.indicators],
        "outputs": {o.name: {**asdict(o), "group": i.variant} for i in plan.indicators for o in i.outputs},
        "source_hashes": {i.variant: i.source_hash() for i in plan.indicators},
        "session_id": session_id,
        "versions": library_versions(),
    }


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


def data_fingerprint(per_symbol: Mapping[str, str]) -> str:
    """One fingerprint over those of the symbols, hexadecimal."""
    text = "\n".join(f"{symbol}\t{per_symbol[symbol]}" for symbol in sorted(per_symbol))
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
