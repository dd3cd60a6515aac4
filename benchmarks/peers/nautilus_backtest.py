"""The SMA crossover in NautilusTrader: its own averages, market orders, nothing logged.

Its exchange executes a market order at the close of the bar that gave the signal. The bars handed over open where the
one before closed, so that is the price and the moment at which others execute it: the open of the next bar.
"""

import json
import sys
import time
from pathlib import Path

import nautilus_trader
import numpy as np
import pandas as pd
from nautilus_trader.backtest.engine import BacktestEngine, BacktestEngineConfig
from nautilus_trader.config import LoggingConfig, RiskEngineConfig, StrategyConfig
from nautilus_trader.indicators import SimpleMovingAverage
from nautilus_trader.model.currencies import USD
from nautilus_trader.model.data import BarType
from nautilus_trader.model.enums import AccountType, OmsType, OrderSide
from nautilus_trader.model.identifiers import Venue
from nautilus_trader.model.objects import Money, Quantity
from nautilus_trader.persistence.wranglers import BarDataWrangler
from nautilus_trader.test_kit.providers import TestInstrumentProvider
from nautilus_trader.trading.strategy import Strategy


class CrossoverConfig(StrategyConfig, frozen=True):
    """The two periods, and what is traded."""

    bar_type: BarType
    fast: int
    slow: int


class Crossover(Strategy):
    """Long from the bar where the fast average rises above the slow one, flat from where it falls below."""

    def __init__(self, config):
        super().__init__(config)
        self.fast, self.slow = SimpleMovingAverage(config.fast), SimpleMovingAverage(config.slow)
        self.was_above = None
        self.fills = []

    def on_start(self):
        """Ask for bars, and have the averages fed with them."""
        bar_type = self.config.bar_type
        self.instrument = self.cache.instrument(bar_type.instrument_id)
        self.register_indicator_for_bars(bar_type, self.fast)
        self.register_indicator_for_bars(bar_type, self.slow)
        self.subscribe_bars(bar_type)

    def on_bar(self, bar):
        """Trade on the crossing."""
        if not self.slow.initialized:
            return
        above = self.fast.value > self.slow.value
        flat = self.portfolio.is_flat(self.instrument.id)
        if above and self.was_above is False and flat:
            self.order(OrderSide.BUY)
        elif not above and not flat:
            self.order(OrderSide.SELL)
        self.was_above = above

    def order(self, side):
        """One share at the market."""
        self.submit_order(self.order_factory.market(self.instrument.id, side, Quantity.from_int(1)))

    def on_order_filled(self, event):
        """Keep what was executed: when, how many, at which price."""
        self.fills.append((event.ts_event, 1 if event.order_side == OrderSide.BUY else -1, float(event.last_px)))


def main(folder, fast, slow):
    """Play the bars, and print the seconds of the engine with the fills."""
    columns = {path.stem: np.load(path) for path in folder.glob("*.npy")}
    venue, instrument = Venue("XNAS"), TestInstrumentProvider.equity("SYN", "XNAS")
    bar_type = BarType.from_str(f"{instrument.id}-1-MINUTE-LAST-EXTERNAL")
    names = ["open", "high", "low", "close", "volume"]
    frame = pd.DataFrame({name: columns[name] for name in names}, index=pd.to_datetime(columns["ts"], utc=True))
    config = BacktestEngineConfig(
        logging=LoggingConfig(bypass_logging=True), risk_engine=RiskEngineConfig(bypass=True), run_analysis=False
    )
    engine = BacktestEngine(config)
    engine.add_venue(venue, OmsType.NETTING, AccountType.MARGIN, [Money(1_000_000_000, USD)], base_currency=USD)
    engine.add_instrument(instrument)
    engine.add_data(BarDataWrangler(bar_type, instrument).process(frame))
    strategy = Crossover(CrossoverConfig(bar_type=bar_type, fast=fast, slow=slow))
    engine.add_strategy(strategy)
    start = time.perf_counter()
    engine.run()
    seconds = time.perf_counter() - start
    version = f"NautilusTrader {nautilus_trader.__version__}"
    print(json.dumps({"peer": version, "seconds": seconds, "fills": strategy.fills}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
