"""The strategies barscope comes with: to learn from, and to compare others with."""

from barscope.engine.strategies.buy_and_hold import BuyAndHold
from barscope.engine.strategies.donchian_breakout import DonchianBreakout
from barscope.engine.strategies.rsi_mean_reversion import RSIMeanReversion
from barscope.engine.strategies.sma_crossover import SMACrossover

__all__ = ["BuyAndHold", "DonchianBreakout", "RSIMeanReversion", "SMACrossover"]
