"""A strategy whose decisions are arrays over all bars: played event by event, or computed for all bars at once."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING

from barscope.domain.orders import ActionType, OrderSide, OrderType
from barscope.domain.signals import ENTER_LONG, ENTER_SHORT, EXIT_LONG, EXIT_SHORT
from barscope.engine.channel import Channel
from barscope.engine.strategy import Strategy

if TYPE_CHECKING:
    from collections.abc import Mapping

    from barscope.domain.bars import Bars
    from barscope.domain.events import BarProcessed
    from barscope.domain.signals import Codes, Signals
    from barscope.engine.series import Cursor


class SignalStrategy(Strategy):
    """Holds `quantity` units long or short, or nothing, as its signals say; see `barscope.domain.signals`.

        class Breakout(bs.SignalStrategy):
            parameters = {"period": bs.ParamSpec(20, min=2, max=500)}
            period: int

            def setup(self):
                self.highest = self.add_indicator(PeriodExtreme("High", self.period, "MAX"))
                self.lowest = self.add_indicator(PeriodExtreme("Low", self.period, "MIN"))

            def signals(self, symbol, bars):
                return bs.Signals(
                    entries=bars.high >= self.highest.column(symbol),
                    exits=bars.low <= self.lowest.column(symbol),
                )

    A decision at the close of a bar fills at the open of the next. The signal of a bar may depend on that bar and on
    those before it only; `engine.lookahead.first_lookahead` finds where it does not. A sweep computes such a strategy
    over all bars at once instead of bar by bar, with the same trades.

    Attributes:
        quantity: Units of each position; make it a parameter to set it.
        entry_signal: What the record calls the reason of an entry.
        exit_signal: What it calls the reason of an exit.
    """

    quantity: float = 1.0
    entry_signal = "entry"
    exit_signal = "exit"

    @abstractmethod
    def signals(self, symbol: str, bars: Bars) -> Signals:
        """What the strategy wants at the close of each bar of a symbol.

        Args:
            symbol: One of its symbols.
            bars: All bars of it. The columns of indicators are `self.fast.column(symbol)`, of the same length.
        """

    def decide(self, bars: Mapping[Channel, Bars]) -> None:
        """Take the signals of every symbol, before the first bar is played.

        Raises:
            InvalidParameterError: If they are not masks over the bars.
        """
        self._decided: dict[str, tuple[Cursor, Codes]] = {}
        for symbol in self.symbols:
            channel = Channel(symbol, self._periods[0])
            of_symbol = bars[channel]
            codes = self.signals(symbol, of_symbol).codes(len(of_symbol))
            self._decided[symbol] = (self._board.cursor(channel), codes)

    def on_bar(self, event: BarProcessed) -> None:
        """Do what the signals of the bar say of the position there is."""
        if event.bar_period is not self._periods[0]:
            return
        cursor, codes = self._decided[event.symbol]
        code = int(codes[cursor.n - 1])
        if not code:
            return
        held = self.position
        if held > 0:
            if not code & EXIT_LONG:
                return
            self._exit(OrderSide.SELL, held, ActionType.EXIT_LONG)
        elif held < 0:
            if not code & EXIT_SHORT:
                return
            self._exit(OrderSide.BUY, -held, ActionType.EXIT_SHORT)
        if held <= 0 and code & ENTER_LONG:
            self._enter(OrderSide.BUY, ActionType.ENTRY_LONG)
        elif held >= 0 and code & ENTER_SHORT:
            self._enter(OrderSide.SELL, ActionType.ENTRY_SHORT)

    def _enter(self, side: OrderSide, action: ActionType) -> None:
        self.submit_order(OrderType.MARKET, side, self.quantity, action=action, signal=self.entry_signal)

    def _exit(self, side: OrderSide, held: float, action: ActionType) -> None:
        self.submit_order(OrderType.MARKET, side, held, action=action, signal=self.exit_signal)
