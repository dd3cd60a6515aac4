"""What a workspace knows of markets: bars, calendars, splits, and what was drawn on charts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from barscope.domain.instruments import Coverage, Publisher, check_symbol, check_symbol_type
from barscope.domain.time import date_range
from barscope.studies.continuous import continuous_bars
from barscope.studies.splits import DEV_PCT, TRAIN_PCT, Split, Splits
from barscope.workspace.frames import values_frame
from barscope.workspace.split_frame import splits_frame

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd

    from barscope.domain.annotations import AnnotationKind
    from barscope.ingest.report import IngestReport
    from barscope.ingest.source import Source
    from barscope.jobs import JobRunner
    from barscope.store.secmaster import SecurityMaster
    from barscope.studies.bar_cache import BarCache
    from barscope.studies.calendar_book import CalendarBook
    from barscope.studies.request import BarChoice
    from barscope.workspace.quality import QualityReport
    from barscope.workspace.samples import SampleCounts
    from barscope.workspace.saved_charts import SavedCharts


class MarketData:
    """The part of a workspace that is about data; runs and jobs are `Workspace`'s own.

    Attributes:
        secmaster: The security master.
        reads: Runs short reads for the screen.
        bars: Bars in memory.
        calendars: Which calendar the bars of a symbol follow.
        data_splits: Train, dev and test: plan, save, rename, delete.
        charts: Settings of charts, presets of settings, and annotations.
    """

    secmaster: SecurityMaster
    reads: JobRunner
    bars: BarCache
    calendars: CalendarBook
    data_splits: Splits
    charts: SavedCharts

    def ingest(self, source: Source, **options: Any) -> IngestReport:  # noqa: ANN401  # those of `ingest_source`
        """Store the bars of a file or frame: all of its good rows, or nothing. See `ingest_source`."""
        from barscope.workspace.ingestion import ingest_source

        return ingest_source(self.secmaster, source, **options)

    def load_samples(self) -> SampleCounts:
        """Store the sample bars, or find them stored: five US stocks by day; SYN-A, made up, by minute and second."""
        from barscope.workspace.samples import load_samples

        return load_samples(self.secmaster)

    def publishers(self) -> pd.DataFrame:
        """Who publishes the bars there are: one row per publisher."""
        return values_frame(self.secmaster.publishers(), Publisher)

    def coverage(self) -> pd.DataFrame:
        """First and last bar of each symbol and record type, UTC."""
        return values_frame(self.secmaster.coverage(), Coverage, times=("min_ts", "max_ts"))

    def ingest_definitions(self, definitions: Source, **publisher: Any) -> int:  # noqa: ANN401
        """Store what futures are and when they expire; returns how many. See `ingestion.ingest_definitions`."""
        from barscope.workspace.ingestion import ingest_definitions

        return ingest_definitions(self.secmaster, definitions, **publisher)

    def ingest_open_interest(self, open_interest: Source, **publisher: Any) -> int:  # noqa: ANN401
        """Store the open interest of contracts; returns how many values. See `ingestion.ingest_open_interest`."""
        from barscope.workspace.ingestion import ingest_open_interest

        return ingest_open_interest(self.secmaster, open_interest, **publisher)

    def roll_table(
        self,
        symbol: str,
        publisher_id: int,
        rtype: int = 35,
        start_date: str | None = None,
        end_date: str | None = None,
    ) -> pd.DataFrame:
        """When a continuous future such as `ES.v.0` changes from one contract to the next, and why; a row per roll.

        Raises:
            DataError: If the series is unknown, or there is nothing to put it together from.
        """
        within = date_range(start_date, end_date)
        source = continuous_bars(self.secmaster, publisher_id, symbol, rtype, within)
        return source.roll_table(self.bars).frame()

    def set_calendar(self, publisher_id: int, code: str | None, symbol: str | None = None) -> None:
        """Choose the calendar of a publisher's bars, or of one of its symbols; None goes back to that of its venue.

        Raises:
            CalendarError: If exchange_calendars has no calendar of this code.
            UnknownPublisherError: If there is no such publisher.
        """
        self.calendars.choose(publisher_id, code, symbol)

    def data_quality(self, bars: BarChoice | str | Iterable[str], **options: Any) -> QualityReport:  # noqa: ANN401
        """Examine stored bars against their calendar and for what is strange in them; nothing is repaired.

        Args:
            bars: A choice of bars as they are stored, or symbols.
            options: Of symbols: `rtype`, `publisher_id`, `start_date`, `end_date`; see `quality.choice_of`. Of both:
                `suspicions`, what counts as suspicious.

        Raises:
            BarscopeError: If the choice does not hold.
        """
        from barscope.workspace.quality import data_quality

        return data_quality(self, bars, **options)

    # ---- splits

    def split(
        self, request: BarChoice, train_pct: float = TRAIN_PCT, dev_pct: float = DEV_PCT, name: str | None = None
    ) -> Split:
        """Divide the days of a choice of bars into train, dev and test, and keep that under a name.

        Args:
            request: Which bars; its indicators or strategy are not looked at.
            train_pct: Percentage of the days to train on, at least 1.
            dev_pct: Percentage of the days to develop on, at least 1; what is left is to test.
            name: What to call it; None calls it by its symbols and percentages.

        Raises:
            InvalidParameterError: If the percentages, the dates or the name do not hold.
            DataError: If the bars are not there.
        """
        return self.data_splits.save(self.data_splits.plan(request, train_pct, dev_pct), name)

    def splits(self) -> pd.DataFrame:
        """The saved splits, the oldest first: symbols, percentages, and days and stored bars of each region."""
        return splits_frame(self.data_splits.list())

    # ---- annotations

    def annotations(
        self, symbol: str | None = None, publisher_id: int | None = None, symbol_type: str | None = None
    ) -> pd.DataFrame:
        """What was drawn on the charts of a symbol, or of all symbols: one row per annotation, oldest first."""
        from barscope.workspace.annotations import annotations_frame

        return annotations_frame(self.charts.annotations(symbol, publisher_id, symbol_type))

    def annotate(
        self,
        kind: AnnotationKind,
        symbol: str,
        points: Iterable[tuple[Any, float]],
        *,
        publisher_id: int,
        symbol_type: str = "raw_symbol",
        text: str = "",
        colour: str | None = None,
    ) -> str:
        """Draw on every chart of a symbol; returns the id of the annotation.

        Args:
            kind: `level` or `text` (one point), `trend` or `box` (two).
            symbol: The symbol.
            points: (time, price) pairs; a time is text, a datetime or ns, UTC unless it says otherwise.
            publisher_id: Whose bars.
            symbol_type: As of the symbol's bars.
            text: Written at it.
            colour: `#rrggbb`; None is the chart's own.

        Raises:
            InvalidParameterError: If a time, a price, the colour, the number of points or the symbol does not hold.
            UnknownPublisherError: If there is no such publisher.
        """
        from barscope.workspace.annotations import annotation_at

        self.secmaster.publisher(publisher_id)
        check_symbol(symbol)
        check_symbol_type(symbol_type)
        annotation = annotation_at(kind, points, text, colour)
        return self.charts.annotate(annotation, symbol, publisher_id, symbol_type).annotation_id

    def delete_annotation(self, annotation_id: str) -> None:
        """Remove an annotation.

        Raises:
            StoreError: If there is none of this id.
        """
        self.charts.delete_annotation(annotation_id)
