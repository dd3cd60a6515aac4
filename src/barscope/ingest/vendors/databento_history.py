"""Daily history of Databento, by its own client: range first, then the cost, and only then the download."""

from __future__ import annotations

import math
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from barscope.domain.time import NS_PER_DAY, date_of, day_start_ns, parse_date
from barscope.errors import InvalidParameterError, MissingBarsError, UnknownSymbolError, cut
from barscope.ingest.vendors.provider_errors import (
    not_before,
    not_understood,
    refusal,
    silent,
    source_error,
    unreachable,
)
from barscope.ingest.vendors.vendor import DATABENTO, Delivery

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from barscope.ingest.vendors.vendor import DailyQuestion

SCHEMA = "ohlcv-1d"
_VENDOR = "Databento"
_UNKNOWN_SYMBOL = "symbology_"


def deliver(question: DailyQuestion, file: Path, tell: Callable[[str], None]) -> Delivery:
    """Leaves the bars in a new file in DBN format.

    Raises:
        MissingBarsError: If the stretch is not in the dataset.
        UnknownSymbolError: If the vendor does not know the symbol.
        InvalidParameterError: If it would cost more than the question allows; nothing was bought then.
        DataSourceError: If the vendor refuses, fails, or cannot be reached.
    """
    with _translated(question):
        client = _client(question)
        tell("asking what the dataset covers")
        first, until = _covered(client.metadata.get_dataset_range(question.dataset))
        start, end = _within(question, first, until)
        wanted: dict[str, Any] = {
            "dataset": question.dataset,
            "symbols": [question.symbol],
            "schema": SCHEMA,
            "stype_in": question.symbol_type,
            "start": start,
            "end": end,
        }
        tell("asking what it costs")
        cost = _affordable(client.metadata.get_cost(**wanted), question)
        tell("downloading")
        _download(client, wanted, file)
    notes = [f"Daily bars of {question.dataset} by {_VENDOR}, as traded: not adjusted for splits, dividends or rolls."]
    if question.end_date is not None and end <= question.end_date:
        notes.append(f"The dataset ends with {date_of(day_start_ns(end) - NS_PER_DAY)}, before the end date.")
    return Delivery(start, end, start > question.since_date, cost, notes)


def _client(question: DailyQuestion) -> Any:  # noqa: ANN401  # the vendor's class, which carries no types
    import databento

    gateway = question.gateway or databento.HistoricalGateway.BO1
    client = databento.Historical(os.environ[str(DATABENTO.key_variable)].strip(), gateway)
    for part in (client.metadata, client.timeseries):
        part.TIMEOUT = question.timeout_seconds
    return client


def _covered(answer: Any) -> tuple[str, str]:  # noqa: ANN401  # as the vendor sends it
    """First day of the daily bars, and the day after the last whole one."""
    try:
        span = answer.get("schema", {}).get(SCHEMA) or answer
        first, until = (str(parse_date(str(span[end])[:10])) for end in ("start", "end"))
    except (AttributeError, KeyError, TypeError, InvalidParameterError):
        raise not_understood(_VENDOR, f"the range of the dataset: {cut(answer)}") from None
    return first, until


def _within(question: DailyQuestion, first: str, until: str) -> tuple[str, str]:
    """The days to ask for, the second exclusive."""
    if question.start_date < first:
        raise not_before(first)
    after = None if question.end_date is None else str(date_of(day_start_ns(question.end_date) + NS_PER_DAY))
    end = until if after is None else min(until, after)
    if end <= question.start_date:
        raise MissingBarsError(
            f"no daily bars from {question.start_date} on: {question.dataset} ends before {until}; "
            "choose an earlier start_date"
        )
    return max(first, question.since_date), end


def _affordable(cost: Any, question: DailyQuestion) -> float:  # noqa: ANN401  # as the vendor sends it
    """The cost, US dollars."""
    if isinstance(cost, bool) or not isinstance(cost, int | float) or not math.isfinite(cost) or cost < 0:
        raise not_understood(_VENDOR, f"the cost: {cut(cost)}")
    if cost > question.max_cost_usd:
        enough = math.ceil(cost * 100) / 100
        raise InvalidParameterError(
            f"{_VENDOR} would charge ${cost:.4f} for {cut(question.symbol)}, and max_cost_usd is "
            f"{question.max_cost_usd:g}: set it to {enough:.2f} if you agree, or shorten the stretch"
        )
    return float(cost)


def _download(client: Any, wanted: dict[str, Any], file: Path) -> None:  # noqa: ANN401  # the vendor's class
    try:
        client.timeseries.get_range(**wanted).to_file(file)
    except ValueError as error:  # how the client says that nothing came
        raise not_understood(_VENDOR, str(error)) from None


@contextmanager
def _translated(question: DailyQuestion) -> Iterator[None]:
    """Turns what the client raises into errors of barscope, by class."""
    import requests
    from databento.common.error import BentoError, BentoHttpError
    from databento_dbn import DBNError

    try:
        yield
    except BentoHttpError as error:
        raise _refused(error, question) from None
    except BentoError as error:
        raise refusal(str(error)) from None
    except DBNError as error:
        raise not_understood(_VENDOR, str(error)) from None
    except requests.Timeout:
        raise silent(_VENDOR, question.timeout_seconds) from None
    except requests.ConnectionError:
        raise unreachable(_VENDOR) from None
    except requests.RequestException as error:
        raise not_understood(_VENDOR, type(error).__name__) from None


def _refused(error: Any, question: DailyQuestion) -> Exception:  # noqa: ANN401  # the vendor's class
    text = str(error.message or error)
    if text.startswith(_UNKNOWN_SYMBOL):
        return UnknownSymbolError(question.symbol)
    if error.http_status in (401, 403):
        return source_error(f"{text}: check the key in {DATABENTO.key_variable} and what it may read")
    return refusal(text)
