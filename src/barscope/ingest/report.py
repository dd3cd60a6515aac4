"""What reading a source gave (`ParsedSource`), and what became of it in the store (`IngestReport`)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from barscope.errors import InvalidParameterError, cut

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import polars as pl

    from barscope.domain.batches import BarBatch, SymbologyEntry
    from barscope.domain.instruments import PublisherName
    from barscope.domain.reference import InstrumentDefinition, OpenInterest


@dataclass(frozen=True, eq=False)
class ParsedSource:
    """The bars of a file or frame, and an account of every row.

    Attributes:
        source: The name of the file, or the kind of frame.
        batches: The accepted bars by instrument.
        symbology: What a vendor file says about its symbols.
        read: Rows read; rows of symbols that were not asked for do not count.
        rejected_rows: One row per rejected row: `row` (line of a text file whose heading is line 1, else the number of
            the row from 1), `reason`, `text`.
        reasons: Reason → number of rejected rows.
        notes: How the source was understood, one sentence each.
        publisher: Who a vendor file says it is from.
        definitions: What a vendor file says about futures.
        open_interest: What it says about their open interest.
        unverified: Why nothing vouches for the number of rows; None where a checksum or a count of the source does.
    """

    source: str
    batches: tuple[BarBatch, ...]
    symbology: tuple[SymbologyEntry, ...]
    read: int
    rejected_rows: pl.DataFrame
    reasons: dict[str, int]
    notes: tuple[str, ...] = ()
    publisher: PublisherName | None = None
    definitions: tuple[InstrumentDefinition, ...] = ()
    open_interest: tuple[OpenInterest, ...] = ()
    unverified: str | None = None

    @property
    def rejected(self) -> int:
        """Number of rejected rows."""
        return len(self.rejected_rows)

    @property
    def symbols(self) -> tuple[str, ...]:
        """Symbols the bars can be asked for by, in order."""
        named = {batch.symbol for batch in self.batches if batch.symbol is not None}
        return tuple(sorted(named | {entry.symbol for entry in self.symbology}))

    def __repr__(self) -> str:
        bars = sum(len(batch.bars) for batch in self.batches)
        return (
            f"ParsedSource({cut(self.source)}: {bars:,} bars of {_symbols(self.symbols)}, {self.rejected:,} rejected)"
        )


@dataclass(frozen=True, eq=False, repr=False)
class IngestReport:
    """What became of the rows of a source: read = inserted + unchanged + replaced + rejected.

    Attributes:
        source: The name of the file, or the kind of frame.
        symbols: Symbols of the source.
        read: Rows read.
        inserted: Bars that are new.
        unchanged: Bars that were stored already, with the same values.
        replaced: Bars whose stored values were replaced.
        rejected: Rows that are not bars.
        reasons: Reason → number of rejected rows.
        rejected_rows: As in `ParsedSource`.
        notes: How the source was understood, one sentence each.
        publisher_id: Under which publisher the bars are stored.
        unverified: As in `ParsedSource`.
    """

    source: str
    symbols: tuple[str, ...]
    read: int
    inserted: int
    unchanged: int
    replaced: int
    rejected: int
    reasons: dict[str, int]
    rejected_rows: pl.DataFrame
    notes: tuple[str, ...] = ()
    publisher_id: int | None = None
    unverified: str | None = None

    def __post_init__(self) -> None:
        accounted = self.inserted + self.unchanged + self.replaced + self.rejected
        if self.read != accounted or self.rejected != len(self.rejected_rows):
            raise InvalidParameterError(f"{self.read} rows were read, but {accounted} are accounted for")

    @classmethod
    def of(
        cls, parsed: ParsedSource, *, inserted: int, unchanged: int, replaced: int, publisher_id: int | None = None
    ) -> IngestReport:
        """The report of a parsed source once the store has counted its bars."""
        return cls(
            parsed.source,
            parsed.symbols,
            parsed.read,
            inserted,
            unchanged,
            replaced,
            parsed.rejected,
            parsed.reasons,
            parsed.rejected_rows,
            parsed.notes,
            publisher_id,
            parsed.unverified,
        )

    @classmethod
    def stored_before(cls, source: str, rows: int) -> IngestReport:
        """The report of a file that was found stored by its hash, and not read again."""
        import polars as pl

        nothing = pl.DataFrame(schema={"row": pl.Int64, "reason": pl.String, "text": pl.String})
        note = "it was stored before and not read again"
        return cls(source, (), rows, 0, rows, 0, 0, {}, nothing, (note,))

    @classmethod
    def together(
        cls,
        source: str,
        reports: Sequence[IngestReport],
        symbols: Iterable[str],
        notes: Iterable[str],
        publisher_id: int,
    ) -> IngestReport:
        """One report of several files; the text of a rejected row begins with the name of its file."""
        import polars as pl

        named = [r.rejected_rows.with_columns(text=pl.lit(f"{r.source}: ") + pl.col("text")) for r in reports]
        reasons: dict[str, int] = {}
        for report in reports:
            for reason, n in report.reasons.items():
                reasons[reason] = reasons.get(reason, 0) + n
        read, inserted, unchanged, replaced, rejected = (
            sum(getattr(r, n) for r in reports) for n in ("read", "inserted", "unchanged", "replaced", "rejected")
        )
        more = (f"{cut(report.source)}: {note}" for report in reports for note in report.notes)
        every = {*symbols, *(symbol for report in reports for symbol in report.symbols)}
        return cls(
            source,
            tuple(sorted(every)),
            read,
            inserted,
            unchanged,
            replaced,
            rejected,
            reasons,
            pl.concat(named),
            (*notes, *more),
            publisher_id,
        )

    def __str__(self) -> str:
        counts = [f"{n:,} {label}" for label, n in self._counts() if n] or ["nothing"]
        lines = [f"{cut(self.source)}: {self.read:,} rows of {_symbols(self.symbols)}: {', '.join(counts)}"]
        lines += [f"  rejected: {n:,} {reason}" for reason, n in self.reasons.items()]
        lines += [f"  note: {note}" for note in self.notes]
        lines += [f"  unverified: {self.unverified}"] if self.unverified else []
        return "\n".join(lines)

    __repr__ = __str__

    def _counts(self) -> tuple[tuple[str, int], ...]:
        labels = ("inserted", "unchanged", "replaced", "rejected")
        return tuple((label, getattr(self, label)) for label in labels)


def _symbols(symbols: tuple[str, ...]) -> str:
    """A few symbols by name, many by number."""
    if len(symbols) > 5:
        return f"{len(symbols):,} symbols"
    return ", ".join(map(cut, symbols)) or "no named symbol"
