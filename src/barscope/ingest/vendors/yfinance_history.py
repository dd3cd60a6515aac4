"""Daily history of Yahoo Finance, by the yfinance client."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import polars as pl

from barscope.domain.time import NS_PER_DAY, date_of, day_start_ns
from barscope.errors import MissingBarsError, UnknownSymbolError, cut
from barscope.ingest.vendors.provider_errors import not_before, not_understood, silent, source_error, unreachable
from barscope.ingest.vendors.vendor import Delivery

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import pandas as pd

    from barscope.ingest.vendors.vendor import DailyQuestion

_VENDOR = "Yahoo Finance"


def deliver(question: DailyQuestion, file: Path, tell: Callable[[str], None], today: dt.date) -> Delivery:
    """Leaves the bars in a new Parquet file; the bar of `today`, which is not over, is none of them.

    Raises:
        MissingBarsError: If there are no bars in the stretch.
        UnknownSymbolError: If Yahoo does not know the symbol.
        DataSourceError: If it refuses, fails, or cannot be reached.
    """
    import yfinance

    until = str(today)
    if question.end_date is not None:
        until = min(until, str(date_of(day_start_ns(question.end_date) + NS_PER_DAY)))
    if until <= question.start_date:
        raise MissingBarsError(f"no daily bars from {question.start_date} on yet: choose an earlier start_date")
    with _translated(question):
        yfinance.config.debug.hide_exceptions = False
        ticker = yfinance.Ticker(question.symbol)
        tell("downloading")
        frame = ticker.history(
            start=question.since_date,
            end=until,
            interval="1d",
            auto_adjust=False,
            actions=False,
            timeout=question.timeout_seconds,
        )
        first = _first_day(ticker.get_history_metadata())
    if first is not None and question.start_date < first:
        raise not_before(first)
    _columns(frame).write_parquet(file)
    nothing_before = first is not None and question.since_date < first
    note = f"Daily bars of {_VENDOR} by yfinance {yfinance.__version__}, adjusted for splits, not for dividends."
    return Delivery(str(first) if nothing_before else question.since_date, until, nothing_before, notes=[note])


def _first_day(metadata: Any) -> str | None:  # noqa: ANN401  # a mapping of the client
    """The first day the symbol was traded."""
    import pandas as pd

    told = metadata.get("firstTradeDate")
    if told is None:
        return None
    moment = pd.Timestamp(told, unit="s") if isinstance(told, int | float) else pd.Timestamp(told)
    return str(moment.date())


def _columns(frame: pd.DataFrame) -> pl.DataFrame:
    """The days as midnight UTC, as every daily bar has it."""
    import pandas as pd

    days = pd.DatetimeIndex(frame.index).tz_localize(None).normalize()
    columns: dict[str, Any] = {"ts": days.to_numpy().astype("datetime64[ns]").astype("int64")}
    for name in ("Open", "High", "Low", "Close"):
        columns[name.lower()] = frame[name].to_numpy(dtype="float64")
    columns["volume"] = frame["Volume"].fillna(0).to_numpy(dtype="int64")
    return pl.DataFrame(columns)


@contextmanager
def _translated(question: DailyQuestion) -> Iterator[None]:
    """Turns what the client raises into errors of barscope, by class."""
    from curl_cffi.requests import exceptions as network
    from yfinance import exceptions

    try:
        yield
    except exceptions.YFTzMissingError:
        raise UnknownSymbolError(question.symbol) from None
    except exceptions.YFPricesMissingError as error:
        stretch = f"from {question.start_date} to {question.end_date or 'now'}"
        said = f" ({cut(error.yahoo_reason, 200)})" if error.yahoo_reason else ""
        raise MissingBarsError(
            f"{_VENDOR} has no daily bars of {cut(question.symbol)} {stretch}{said}: choose other dates"
        ) from None
    except exceptions.YFException as error:
        raise source_error(str(error)) from None
    except network.Timeout:
        raise silent(_VENDOR, question.timeout_seconds) from None
    except network.ConnectionError:
        raise unreachable(_VENDOR) from None
    except (network.RequestException, ValueError, KeyError) as error:
        raise not_understood(_VENDOR, type(error).__name__) from None
