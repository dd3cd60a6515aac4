"""What a run came from, complete enough to repeat it."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from barscope.engine.manifest import library_versions
from barscope.engine.revision import git_revision
from barscope.indicators.certificates import certify
from barscope.indicators.outputs import recorded_outputs
from barscope.indicators.registry import is_own
from barscope.indicators.sourcecode import live_code
from barscope.studies.higher_period import HigherPeriod

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from barscope.indicators.core import Indicator
    from barscope.jobs import JobContext
    from barscope.studies.bar_cache import LoadedBars
    from barscope.studies.plan import AnyIndicator, ExplorationPlan


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
        **request.options(),
        **({} if request.split is None else {"split": request.split}),
        **({"calendars": dict(plan.calendars)} if plan.calendars else {}),
        "indicators": [_config_of(indicator) for indicator in plan.indicators],
        "outputs": recorded_outputs(plan.indicators),
        "source_hashes": {i.variant: i.source_hash() for i in plan.indicators},
        "session_id": session_id,
        "versions": library_versions(),
        "git_revision": git_revision(Path(__file__).parent),
    }


def plan_fingerprint(plan: ExplorationPlan, loaded: Mapping[str, LoadedBars]) -> str:
    """One fingerprint of all that the series of a plan depend on beside their code: the bars, and calendars used."""
    calendars = {symbol: f" {code}" for symbol, code in plan.calendars.items()}
    return data_fingerprint({symbol: found.fingerprint + calendars.get(symbol, "") for symbol, found in loaded.items()})


def own_certificates(context: JobContext, plan: ExplorationPlan) -> dict[str, Any]:
    """What was proven of the user's own indicators of a plan; of the others the test suite proves it."""
    proven = {}
    for indicator in plan.indicators:
        context.check()
        computed = indicator.of if isinstance(indicator, HigherPeriod) else indicator
        if is_own(type(computed)):
            proven[indicator.variant] = certify(computed).recorded()
    return {"certificates": proven} if proven else {}


def _config_of(indicator: AnyIndicator) -> dict[str, Any]:
    config = {"class_name": indicator.class_name, "params": indicator.params}
    return config | ({"timeframe": indicator.timeframe.label} if isinstance(indicator, HigherPeriod) else {})


def indicator_sources(indicators: Sequence[AnyIndicator]) -> str:
    """The code of the user's own indicators, and what stands for the others."""
    computed = (i.of if isinstance(i, HigherPeriod) else i for i in indicators)
    return "\n\n".join(dict.fromkeys(map(_source_of, computed)))


def _source_of(indicator: Indicator) -> str:
    own = [cls for cls in type(indicator).__mro__[:-1] if not cls.__module__.startswith("barscope.")]
    if not own:
        return f"# {indicator.class_name} comes with barscope {library_versions()['barscope']}"
    return "\n\n".join(cls.__dict__.get("source_text") or "\n".join(live_code(cls)) for cls in own)


def data_fingerprint(per_symbol: Mapping[str, str]) -> str:
    """One fingerprint over those of the symbols, hexadecimal."""
    text = "\n".join(f"{symbol}\t{per_symbol[symbol]}" for symbol in sorted(per_symbol))
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
