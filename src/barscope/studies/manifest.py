"""What a run came from, complete enough to repeat it."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from barscope.engine.manifest import library_versions
from barscope.engine.revision import git_revision
from barscope.indicators.outputs import recorded_outputs

if TYPE_CHECKING:
    from collections.abc import Mapping

    from barscope.studies.plan import ExplorationPlan


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
        "outputs": recorded_outputs(plan.indicators),
        "source_hashes": {i.variant: i.source_hash() for i in plan.indicators},
        "session_id": session_id,
        "versions": library_versions(),
        "git_revision": git_revision(Path(__file__).parent),
    }


def data_fingerprint(per_symbol: Mapping[str, str]) -> str:
    """One fingerprint over those of the symbols, hexadecimal."""
    text = "\n".join(f"{symbol}\t{per_symbol[symbol]}" for symbol in sorted(per_symbol))
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
