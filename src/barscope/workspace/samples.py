"""Sample data: real daily prices of five US stocks, and synthetic bars of minutes and seconds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from barscope.store.secmaster import SecurityMaster

MINUTE_SESSIONS = 252
SECOND_SESSIONS = 3


@dataclass(frozen=True, slots=True)
class SampleCounts:
    """What became of the sample bars.

    Attributes:
        publisher_id: The publisher of the stocks: 1 in a new workspace.
        synthetic_publisher_id: The publisher of the synthetic bars.
        inserted: Bars that are new.
        unchanged: Bars that were there already.
    """

    publisher_id: int
    synthetic_publisher_id: int
    inserted: int
    unchanged: int


def load_samples(secmaster: SecurityMaster) -> SampleCounts:
    """Store the sample bars: AAPL, FB, GOOG, IBM, MSFT by day; SYN-A, made up, a year of minutes and some seconds.

    Raises:
        ConflictingBarsError: If other bars are stored under these names; nothing of that publisher is written then.
        StoreError: If the security master cannot be written.
    """
    from barscope.domain.periods import BarPeriod
    from barscope.ingest.stocks import STOCKS_PUBLISHER, sample_stocks
    from barscope.ingest.synthetic import SYNTHETIC_PUBLISHER, synthetic_bars

    stocks = secmaster.ensure_publisher(STOCKS_PUBLISHER.name, STOCKS_PUBLISHER.dataset, "XNAS")
    synthetic = secmaster.ensure_publisher(*SYNTHETIC_PUBLISHER)
    made_up = (
        synthetic_bars(period=BarPeriod.MINUTE, sessions=MINUTE_SESSIONS),
        synthetic_bars(period=BarPeriod.SECOND, sessions=SECOND_SESSIONS),
    )
    written = (
        secmaster.write(stocks.publisher_id, sample_stocks()),
        secmaster.write(synthetic.publisher_id, made_up),
    )
    return SampleCounts(
        publisher_id=stocks.publisher_id,
        synthetic_publisher_id=synthetic.publisher_id,
        inserted=sum(counts.inserted for counts in written),
        unchanged=sum(counts.unchanged for counts in written),
    )
