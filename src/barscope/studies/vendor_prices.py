"""Daily prices of vendors, kept in the workspace once they were delivered."""

from __future__ import annotations

import math
import os
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from barscope.domain.instruments import check_symbol
from barscope.domain.time import NS_PER_DAY, date_of, day_start_ns
from barscope.errors import DataSourceError, InvalidParameterError, cut
from barscope.ingest.vendors.vendor import INSTALL, DailyQuestion
from barscope.studies.price_source import PriceHistory, days_before
from barscope.studies.scenario_request import RealisedVolatility

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from barscope.domain.bars import Bars
    from barscope.ingest.vendors.daily_cache import DailyCache, Kept
    from barscope.ingest.vendors.vendor import Delivery, Vendor
    from barscope.studies.scenario_request import ScenarioRequest

    Ask = Callable[[DailyQuestion, Path, Callable[[str], None]], Delivery]


class VendorPrices:
    """Daily bars of a vendor.

    Args:
        vendor: Which one.
        cache: What it delivered before.
        ask: Asks it; None is its client in a process of its own.
        environment: Where the user's key is.
    """

    def __init__(
        self,
        vendor: Vendor,
        cache: DailyCache,
        ask: Ask | None = None,
        environment: Mapping[str, str] = os.environ,
    ) -> None:
        self._vendor = vendor
        self._cache = cache
        self._ask = ask
        self._environment = environment

    def check(self, request: ScenarioRequest) -> None:
        """Refuses what the vendor cannot be asked; without the network. What is kept needs neither client nor key."""
        question = self._question(request)
        if not math.isfinite(request.max_cost_usd) or request.max_cost_usd < 0:
            raise InvalidParameterError(f"max_cost_usd {request.max_cost_usd} is no limit: give US dollars, at least 0")
        kept, damaged = self._cache.find(question)
        if kept is None:
            hint = "".join(f"; the kept file {path} is damaged" for path in damaged)
            self._check_access(hint)

    def fetch(self, request: ScenarioRequest, tell: Callable[[float, str], None]) -> PriceHistory:
        """The bars kept, or else those the vendor delivers."""
        question = self._question(request)
        tell(0.0, f"looking for kept prices of {question.symbol}")
        kept, damaged = self._cache.find(question)
        if kept is not None:
            notes = [*kept.delivery.notes, "They were kept from an earlier request: nothing was downloaded or charged."]
            return _history(kept.bars, question, 0.0, notes)
        fresh = self._delivered(question, lambda news: tell(0.5, f"{self._vendor.name}: {news}"))
        again = [f"The kept file {path.name} was damaged, and its prices were fetched again." for path in damaged]
        for path in damaged:  # the new file may have the name of the old one
            path.unlink(missing_ok=True)
        self._cache.keep(question, fresh)
        return _history(fresh.bars, question, fresh.delivery.cost_usd, [*fresh.delivery.notes, *again])

    def _delivered(self, question: DailyQuestion, tell: Callable[[str], None]) -> Kept:
        from barscope.ingest.vendors.client_process import ask
        from barscope.ingest.vendors.daily_cache import Kept
        from barscope.ingest.vendors.delivered import delivered_bars

        with self._cache.workplace() as folder:
            file = Path(folder) / f"daily{self._vendor.suffix}"
            delivery = (self._ask or ask)(question, file, tell)
            bars, notes = delivered_bars(file, question)
        return Kept(bars, replace(delivery, notes=[*delivery.notes, *notes]))

    def _question(self, request: ScenarioRequest) -> DailyQuestion:
        name, types = self._vendor.name, self._vendor.symbol_types
        symbol = check_symbol(request.symbol)
        if "," in symbol or symbol.upper() == "ALL_SYMBOLS":
            raise InvalidParameterError(f"{cut(symbol)} stands for several symbols: a scenario is of one")
        if request.symbol_type not in types:
            raise InvalidParameterError(
                f"{name} is not asked for symbol_type {cut(request.symbol_type)}: use one of {', '.join(types)}"
            )
        if self._vendor.needs_dataset and not (request.dataset or "").strip():
            raise InvalidParameterError(f"data_source is {name!r}: name its dataset, such as GLBX.MDP3")
        return DailyQuestion(
            name,
            symbol,
            types[request.symbol_type],
            (request.dataset or "").strip() if self._vendor.needs_dataset else "",
            request.start_date,
            _since(request),
            request.end_date,
            request.max_cost_usd,
        )

    def _check_access(self, hint: str) -> None:
        name, variable = self._vendor.name, self._vendor.key_variable
        if find_spec(name) is None:
            raise DataSourceError(f"the client of {name} is not installed: {INSTALL}{hint}")
        if variable is None:
            return
        key = self._environment.get(variable, "").strip()
        if not key:
            raise DataSourceError(f"{name} needs your key: set {variable} in the environment{hint}")
        if not (key.isascii() and key.isprintable()):
            raise DataSourceError(f"{variable} holds characters that no key of {name} has: copy the key again{hint}")


def _since(request: ScenarioRequest) -> str:
    """From which day on bars are wanted: a realised volatility looks back before the first day."""
    if not isinstance(request.volatility, RealisedVolatility):
        return request.start_date
    days = math.ceil(request.volatility.window * 1.5) + 15  # weekends and holidays included
    return str(date_of(day_start_ns(request.start_date) - days * NS_PER_DAY))


def _history(bars: Bars, question: DailyQuestion, cost_usd: float, notes: list[str]) -> PriceHistory:
    """The bars of the stretch, which may be a part of what is kept."""
    start = int(np.searchsorted(bars.ts, day_start_ns(question.since_date)))
    stop = len(bars)
    if question.end_date is not None:
        stop = int(np.searchsorted(bars.ts, day_start_ns(question.end_date) + NS_PER_DAY))
    bars = bars.rows(start, stop)
    return PriceHistory(bars, days_before(bars, question.start_date), None, cost_usd, tuple(notes))
