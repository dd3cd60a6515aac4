"""The yfinance client against a server on this machine that answers with the shapes Yahoo's chart interface sends.

Two addresses of the client are pointed at the server; its cookie and crumb are given, because it gets those from fixed
addresses on the internet. What these tests cannot show is whether Yahoo still answers in this shape today.
"""

import datetime as dt
import json
import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest

from barscope.domain.time import day_start_ns
from barscope.errors import DataSourceError, InvalidParameterError, MissingBarsError, UnknownSymbolError
from barscope.ingest.vendors import client_process, yfinance_history
from barscope.ingest.vendors.daily_cache import DailyCache
from barscope.ingest.vendors.vendor import YFINANCE
from barscope.studies.scenario_request import ScenarioRequest
from barscope.studies.vendor_prices import VendorPrices

yfinance = pytest.importorskip(
    "yfinance", reason="the extra `vendors` is not installed: pip install 'barscope[vendors]'"
)

pytestmark = pytest.mark.filterwarnings("ignore:The inplace keyword:DeprecationWarning")  # yfinance 1.7 on pandas 3.1

NEW_YORK_OPEN = dt.timedelta(hours=14, minutes=30)
DAYS = ("2024-01-02", "2024-01-03", "2024-01-04", "2024-01-05", "2024-01-08")
TODAY = dt.date(2024, 2, 1)


def seconds(day):
    """The open in New York on a winter's day, as Yahoo stamps daily bars."""
    return int((dt.datetime.fromisoformat(f"{day}T00:00:00+00:00") + NEW_YORK_OPEN).timestamp())


def chart(days=DAYS, first_trade="1980-12-12", **columns):
    """An answer in the shape of `/v8/finance/chart`."""
    n = len(days)
    quote = {
        "open": [100.0] * n, "high": [110.0] * n, "low": [98.0] * n,
        "close": [100.0 + i for i in range(n)], "volume": [1000] * n, **columns,
    }  # fmt: skip
    meta = {
        "currency": "USD", "symbol": "GLD", "exchangeName": "PCX", "instrumentType": "EQUITY",
        "firstTradeDate": seconds(first_trade), "regularMarketTime": seconds(DAYS[-1]), "gmtoffset": -18000,
        "timezone": "EST", "exchangeTimezoneName": "America/New_York", "regularMarketPrice": 104.0, "priceHint": 2,
        "dataGranularity": "1d", "range": "", "validRanges": ["1d", "5d", "1mo", "max"],
    }  # fmt: skip
    indicators = {"quote": [quote], "adjclose": [{"adjclose": [c and c * 0.9 for c in quote["close"]]}]}
    result = [{"meta": meta, "timestamp": [seconds(day) for day in days], "indicators": indicators}]
    return {"chart": {"result": result, "error": None}}


def refused(code, description):
    """An answer that says why there are no bars."""
    return {"chart": {"result": None, "error": {"code": code, "description": description}}}


class Yahoo:
    """What the server answers to a request for bars, and what it was asked."""

    def __init__(self):
        self.status, self.content = 200, json.dumps(chart()).encode()
        self.zone = json.dumps(chart(DAYS[-1:])).encode()
        self.asked = []
        self.silent = threading.Event()

    def answers(self, content, status=200):
        """Sends this from now on."""
        self.status = status
        self.content = content if isinstance(content, bytes) else json.dumps(content).encode()


@pytest.fixture
def yahoo(monkeypatch, tmp_path):
    """The server, and the client pointed at it."""
    served = Yahoo()

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_args):
            """Says nothing."""

        def do_GET(self):
            form = parse_qs(urlsplit(self.path).query)
            bars = "period1" in form
            if bars:
                served.asked.append({name: values[0] for name, values in form.items()})
                if served.silent.is_set():
                    self.connection.settimeout(10)
                    self.rfile.read(1)
                    return
            content = served.content if bars else served.zone
            self.send_response(served.status if bars else 200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    from yfinance import base, cache
    from yfinance.data import YfData
    from yfinance.scrapers import history

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    for module in (base, history):
        monkeypatch.setattr(module, "_BASE_URL_", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setattr(cache, "get_tz_cache", cache._TzCacheDummy)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    client = YfData()
    monkeypatch.setattr(client, "_cookie", True)
    monkeypatch.setattr(client, "_crumb", "crumb")
    monkeypatch.setattr(client, "_set_cookie_strategy", lambda *_args, **_more: None)
    served.forget = YfData.cache_get.cache_clear
    served.forget()
    hidden = yfinance.config.debug.hide_exceptions
    yield served
    yfinance.config.debug.hide_exceptions = hidden
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def prices(yahoo, tmp_path):
    """The price source with its cache, asking the server with the client in this process."""
    ask = lambda question, file, tell: yfinance_history.deliver(  # noqa: E731
        replace(question, timeout_seconds=0.5), file, tell, TODAY
    )
    return VendorPrices(YFINANCE, DailyCache(tmp_path / "vendors"), ask)


def request(**changes):
    """A scenario over the first days of 2024."""
    fields = {
        "symbol": "GLD",
        "start_date": "2024-01-02",
        "end_date": "2024-01-08",
        "template_slug": "protective-put-atm-12m",
        "underlying_units": 1000,
        "loan_amount": 68_000,
        "margin_call_ltv": 0.75,
        "data_source": "yfinance",
    }
    return ScenarioRequest(**{**fields, **changes})


def quiet(_share, _message):
    """Nobody listens."""


def test_bars_arrive_split_adjusted_at_midnight_and_are_kept(prices, yahoo):
    """Days are midnight UTC, closes are not those adjusted for dividends, the notes say so; again nothing is asked."""
    prices.check(request())
    found = prices.fetch(request(), quiet)
    assert found.bars.ts.tolist() == [day_start_ns(day) for day in DAYS]
    assert found.bars.close.tolist() == [100.0, 101.0, 102.0, 103.0, 104.0]
    assert "adjusted for splits, not for dividends" in found.notes[0]
    assert found.cost_usd == 0
    asked = len(yahoo.asked)
    again = prices.fetch(request(start_date="2024-01-03", end_date="2024-01-05"), quiet)
    assert len(again.bars) == 3
    assert len(yahoo.asked) == asked


def test_days_that_are_no_bars_are_left_out_and_told(prices, yahoo):
    """A close above the high is no bar."""
    yahoo.answers(chart(close=[100.0, 101.0, 999.0, 102.0, 103.0]))
    found = prices.fetch(request(), quiet)
    assert len(found.bars) == 4
    assert any("1 days were left out: close outside low to high" in note for note in found.notes)


def test_a_start_before_the_first_trade_is_refused_by_its_day(prices, yahoo):
    """The contract's text, with the day the symbol was first traded."""
    yahoo.answers(chart(first_trade="2024-01-04"))
    with pytest.raises(MissingBarsError, match=r"^Data not available before 2024-01-04\. Please set start date to"):
        prices.fetch(request(), quiet)


def test_the_bar_of_today_is_not_asked_for(prices, yahoo):
    """A day that is not over has no close: bars are asked for until yesterday."""
    prices.fetch(request(end_date=None), quiet)
    assert yahoo.asked[-1]["period2"] == str(int(dt.datetime(2024, 2, 1, 5, tzinfo=dt.UTC).timestamp()))
    with pytest.raises(MissingBarsError, match="choose an earlier start_date"):
        prices.fetch(request(start_date="2024-02-01", end_date=None), quiet)


@pytest.mark.parametrize(
    ("content", "status", "kind", "message"),
    [
        (refused("Bad Request", "Data doesn't exist for"), 400, MissingBarsError, "no daily bars of GLD .*exist"),
        ({"chart": {"result": [], "error": None}}, 200, MissingBarsError, "no daily bars of GLD"),
        ({}, 429, DataSourceError, "^Data source error: Too Many Requests"),
        (b"Will be right back", 200, DataSourceError, "^Data source error: .*DOWN"),
        (b"<html>no JSON", 200, DataSourceError, "^Data source error: .*cannot be read"),
        (b'{"chart": {"resu', 200, DataSourceError, "^Data source error: .*cannot be read"),
    ],
)  # fmt: skip
def test_refusals_and_broken_answers_have_names(prices, yahoo, tmp_path, content, status, kind, message):
    """Each becomes an error of its kind, and nothing is kept."""
    yahoo.answers(content, status)
    with pytest.raises(kind, match=message):
        prices.fetch(request(), quiet)
    assert not list(tmp_path.rglob("*.parquet"))


def test_an_unknown_symbol(prices, yahoo, monkeypatch):
    """A symbol Yahoo has no time zone of is unknown."""
    yahoo.zone = json.dumps(refused("Not Found", "No data found, symbol may be delisted")).encode()
    from yfinance import base

    monkeypatch.setattr(base, "_tz_info_fetch_ctr", 2)  # or it would go on to another address on the internet
    with pytest.raises(UnknownSymbolError, match="Unknown symbol: GLD"):
        prices.fetch(request(), quiet)


def test_a_silent_yahoo(prices, yahoo):
    """A time-out is told as one."""
    yahoo.silent.set()
    with pytest.raises(DataSourceError, match=r"^Data source error: Yahoo Finance did not answer within 0\.5 seconds"):
        prices.fetch(request(), quiet)


def test_a_continuous_future_is_not_asked_for(prices):
    """Yahoo has tickers only."""
    with pytest.raises(InvalidParameterError, match="raw_symbol, ticker"):
        prices.check(request(symbol_type="continuous"))


def test_the_process_of_the_client_answers_in_json(yahoo, prices, tmp_path):
    """What it says of bars and of a refusal can be sent as JSON."""
    question = prices._question(request())
    said = client_process.answer(question, tmp_path / "bars.parquet", lambda _news: None)
    assert json.loads(json.dumps(said))["delivered"]["until_date"] == "2024-01-09"
    yahoo.answers({}, 429)
    yahoo.forget()
    said = client_process.answer(question, tmp_path / "more.parquet", lambda _news: None)
    assert said["refused"] == "DataSourceError"
