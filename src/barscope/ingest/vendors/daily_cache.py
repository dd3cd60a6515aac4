"""Daily bars that vendors delivered, kept as Parquet files, so that nothing is asked or paid for twice.

A file tells of one stretch: its name has the first day, the day after the last, and the hash of its content, by which
a damaged one is known before it is decoded.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import tempfile
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import polars as pl

from barscope.domain.bars import Bars
from barscope.domain.time import day_start_ns
from barscope.errors import DataError
from barscope.ingest.vendors.vendor import Delivery

if TYPE_CHECKING:
    from barscope.ingest.vendors.vendor import DailyQuestion

SCHEMA = "ohlcv-1d"
_NAME = re.compile(r"(\d{4}-\d\d-\d\d)_(\d{4}-\d\d-\d\d)_([0-9a-f]{16})\.parquet")
_LONGEST_NAME = 100
_ABOUT = "barscope"


@dataclass(frozen=True, slots=True)
class Kept:
    """Bars and what the vendor's client said of them."""

    bars: Bars
    delivery: Delivery


class DailyCache:
    """The folder of kept bars.

    Args:
        folder: Made with the first bars that are kept.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def find(self, question: DailyQuestion) -> tuple[Kept | None, list[Path]]:
        """Kept bars that answer a question, and files that would but are damaged."""
        damaged: list[Path] = []
        for path in sorted(self._place(question).glob("*.parquet")):
            name = _NAME.fullmatch(path.name)
            if name is None or not _holds(name[1], name[2], question):
                continue
            content = path.read_bytes()
            if _digest(content) != name[3]:
                damaged.append(path)
                continue
            key, kept = _decoded(content)
            early_enough = name[1] <= question.since_date or kept.delivery.nothing_before
            if early_enough and key == _key(question):
                return kept, damaged
        return None, damaged

    def keep(self, question: DailyQuestion, kept: Kept) -> Path:
        """Keeps bars; the file is there whole or not at all.

        Raises:
            DataError: If it cannot be written.
        """
        about = {"key": _key(question), "delivery": asdict(kept.delivery)}
        frame = pl.DataFrame({f.name: getattr(kept.bars, f.name) for f in fields(Bars)})
        out = io.BytesIO()
        frame.write_parquet(out, metadata={_ABOUT: json.dumps(about)})
        content = out.getvalue()
        stretch = f"{kept.delivery.first_date}_{kept.delivery.until_date}"
        path = self._place(question) / f"{stretch}_{_digest(content)}.parquet"
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=path.parent, suffix=".part", delete=False) as part:
                part.write(content)
            Path(part.name).replace(path)
        except OSError as error:
            raise self._unwritable(error) from None
        return path

    def workplace(self) -> tempfile.TemporaryDirectory[str]:
        """A folder to download into, gone when it is closed.

        Raises:
            DataError: If there is no writing here; so that nothing is bought that cannot be kept.
        """
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            return tempfile.TemporaryDirectory(dir=self._folder, prefix=".download-")
        except OSError as error:
            raise self._unwritable(error) from None

    def _unwritable(self, error: OSError) -> DataError:
        return DataError(f"prices cannot be kept in {self._folder} ({error.strerror}): make the folder writable")

    def _place(self, question: DailyQuestion) -> Path:
        return self._folder.joinpath(*map(_file_name, _key(question)))


def _key(question: DailyQuestion) -> list[str]:
    return [question.vendor, question.dataset or "-", SCHEMA, question.symbol_type, question.symbol]


def _file_name(text: str) -> str:
    """A text as the name of one folder, never a way out of it."""
    name = quote(text, safe="").replace("..", "%2E%2E")
    if len(name) <= _LONGEST_NAME and name != ".":
        return name
    return f"{name[:_LONGEST_NAME].strip('.')}~{_digest(text.encode())}"


def _holds(first: str, until: str, question: DailyQuestion) -> bool:
    """Whether a stretch has all days of a question; one without an end is answered by the vendor alone."""
    if question.end_date is None:
        return False
    return first <= question.start_date and day_start_ns(question.end_date) < day_start_ns(until)


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]


def _decoded(content: bytes) -> tuple[list[str], Kept]:
    about = json.loads(pl.read_parquet_metadata(io.BytesIO(content))[_ABOUT])
    frame = pl.read_parquet(io.BytesIO(content))
    bars = Bars(*(frame[f.name].to_numpy() for f in fields(Bars)))
    return about["key"], Kept(bars, Delivery(**about["delivery"]))
