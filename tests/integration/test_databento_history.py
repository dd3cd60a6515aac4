"""Databento's own client against a server on this machine that speaks the vendor's HTTP interface."""

import base64
import json
import os
import ssl
import struct
import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
import zstandard

import barscope as bs
from barscope.domain.time import NS_PER_DAY, day_start_ns
from barscope.errors import (
    DataError,
    DataSourceError,
    InvalidParameterError,
    JobCancelledError,
    MissingBarsError,
    UnknownSymbolError,
    VendorFileError,
)
from barscope.ingest.vendors import client_process, databento_history
from barscope.ingest.vendors.daily_cache import DailyCache
from barscope.ingest.vendors.vendor import DATABENTO
from barscope.jobs import JobStatus
from barscope.studies.scenario import ScenarioDesk, Scenarios
from barscope.studies.scenario_request import RealisedVolatility, ScenarioRequest
from barscope.studies.vendor_prices import VendorPrices

pytest.importorskip("databento", reason="the extra `vendors` is not installed: pip install 'barscope[vendors]'")
import databento_dbn as dbn

KEY = "db-test-0123456789"
CERTIFICATE = Path(__file__).parents[1] / "data" / "tls" / "localhost.pem"
RANGE = {
    "start": "2010-06-06T00:00:00.000000000Z",
    "end": "2024-03-01T13:30:00.000000000Z",
    "schema": {"ohlcv-1d": {"start": "2010-06-06T00:00:00.000000000Z", "end": "2024-03-01T00:00:00.000000000Z"}},
}
TOO_EARLY = {
    "detail": {
        "case": "data_start_before_available_start",
        "message": "The `start` in the query ('2009-01-02 00:00:00+00:00') is before the available start of dataset "
        "GLBX.MDP3 ('2010-06-06 00:00:00+00:00').",
        "status_code": 422,
        "docs": "https://databento.com/docs/api-reference-historical",
    }
}
NOT_LET_IN = {"detail": {"case": "auth_authentication_failed", "message": "Authentication failed.", "docs": ""}}
UNKNOWN = {
    "detail": {
        "case": "symbology_invalid_request",
        "message": "None of the symbols could be resolved",
        "status_code": 422,
        "docs": "https://databento.com/docs/standards-and-conventions/symbology",
    }
}


def daily_dbn(start, end, *, instrument=7):
    """What the vendor sends for weekdays from start to the day before end: DBN, packed."""
    first, last = day_start_ns(start), day_start_ns(end)
    days = [ts for ts in range(first, last, NS_PER_DAY) if (ts // NS_PER_DAY + 3) % 7 < 5]
    head = dbn.Metadata(
        dataset="GLBX.MDP3",
        start=first,
        stype_in=dbn.SType.from_str("raw_symbol"),
        stype_out=dbn.SType.from_str("instrument_id"),
        schema=dbn.Schema.from_str("ohlcv-1d"),
        mappings=[],
    ).encode()
    scale = 10**9
    records = [
        struct.pack("<BBHIQqqqqQ", 14, 35, 1, instrument, ts, 100 * scale, 103 * scale, 98 * scale, close * scale, 50)
        for ts, close in zip(days, (100 + n % 3 for n in range(len(days))), strict=True)
    ]
    return zstandard.compress(head + b"".join(records))


class Gateway:
    """The vendor's server: `answers` maps an endpoint to (status, content); `asked` is what it was asked."""

    def __init__(self):
        self.asked = []
        self.answers = {}
        self.cost = 0.0
        self.stall = threading.Event()
        self.stalling = threading.Event()
        self.left = threading.Event()
        self.hold = ()
        self.url = ""

    @property
    def endpoints(self):
        """Names of the endpoints that were asked, in order."""
        return [name for name, _form in self.asked]

    def answer(self, endpoint, form):
        """Status and content."""
        if endpoint in self.answers:
            return self.answers[endpoint]
        if endpoint == "metadata.get_dataset_range":
            return 200, json.dumps(RANGE).encode()
        if endpoint == "metadata.get_cost":
            return 200, json.dumps(self.cost).encode()
        return 200, daily_dbn(form["start"][:10], form["end"][:10])


def handler_of(gateway):
    """The class that serves a gateway."""

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_args):
            """Says nothing."""

        def do_GET(self):
            self.reply(parse_qs(urlsplit(self.path).query))

        def do_POST(self):
            self.reply(parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode()))

        def reply(self, form):
            endpoint = urlsplit(self.path).path.rpartition("/")[2]
            gateway.asked.append((endpoint, {name: values[0] for name, values in form.items()}))
            sent = base64.b64decode(self.headers["Authorization"].removeprefix("Basic ")).decode()
            if sent != f"{KEY}:":
                refused = {
                    "detail": {"case": "auth_authentication_failed", "message": "Authentication failed.", "docs": ""}
                }
                return self.send(401, json.dumps(refused).encode())
            return self.send(*gateway.answer(endpoint, gateway.asked[-1][1]), endpoint)

        def send(self, status, content, endpoint=""):
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content) + (1 if endpoint in gateway.hold else 0)))
            self.end_headers()
            self.wfile.write(content)
            self.wfile.flush()
            if endpoint in gateway.hold:
                gateway.stalling.set()
                self.connection.settimeout(10)
                try:
                    if self.connection.recv(1) == b"":  # the other side hung up
                        gateway.left.set()
                except OSError:
                    gateway.left.set()

    return Handler


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    """A key, trust in the test certificate, and no proxy."""
    monkeypatch.setenv("DATABENTO_API_KEY", KEY)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(CERTIFICATE))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture
def gateway():
    """A server on 127.0.0.1 that answers as the vendor does."""
    served = Gateway()
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler_of(served))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.daemon_threads = True
    served.url = f"https://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield served
    server.shutdown()
    server.server_close()
    thread.join()


def request(**changes):
    """A scenario over a month of a made-up future."""
    fields = {
        "symbol": "GCJ4",
        "start_date": "2024-01-02",
        "end_date": "2024-01-31",
        "template_slug": "protective-put-atm-12m",
        "underlying_units": 1000,
        "loan_amount": 68_000,
        "margin_call_ltv": 0.75,
        "data_source": "databento",
        "dataset": "GLBX.MDP3",
    }
    return ScenarioRequest(**{**fields, **changes})


def directly(gateway, **changes):
    """Asks with the client in this process, which shows the same errors sooner."""
    return lambda question, file, tell: databento_history.deliver(
        replace(question, gateway=gateway.url, **changes), file, tell
    )


@pytest.fixture
def prices(gateway, tmp_path):
    """The price source with its cache, asking the server."""
    return VendorPrices(DATABENTO, DailyCache(tmp_path / "vendors"), directly(gateway))


def quiet(_share, _message):
    """Nobody listens."""


def test_range_then_cost_then_download_and_then_never_again(prices, gateway):
    """Bars arrive with their cost; again, or for a part of them, nothing is asked or charged, and no key is needed."""
    gateway.cost = 0.25
    asked = request(max_cost_usd=0.5)
    prices.check(asked)
    first = prices.fetch(asked, quiet)
    assert gateway.endpoints == ["metadata.get_dataset_range", "metadata.get_cost", "timeseries.get_range"]
    form = gateway.asked[-1][1]
    assert (form["schema"], form["stype_in"], form["symbols"], form["dataset"]) == (
        "ohlcv-1d", "raw_symbol", "GCJ4", "GLBX.MDP3",
    )  # fmt: skip
    assert (form["start"][:10], form["end"][:10]) == ("2024-01-02", "2024-02-01")
    assert (len(first.bars), first.cost_usd) == (22, 0.25)
    assert first.bars.close[:4].tolist() == [100.0, 101.0, 102.0, 100.0]
    assert "not adjusted" in first.notes[0]

    offline = VendorPrices(DATABENTO, prices._cache, None, environment={})
    offline.check(asked)
    again = offline.fetch(asked, quiet)
    assert np.array_equal(again.bars.close, first.bars.close)
    assert again.cost_usd == 0
    assert "nothing was downloaded" in again.notes[-1]
    part = offline.fetch(request(start_date="2024-01-10", end_date="2024-01-19"), quiet)
    assert (len(part.bars), part.before) == (8, 0)
    assert len(gateway.asked) == 3


def test_what_costs_is_not_bought_unless_it_was_allowed(prices, gateway):
    """Above the limit, which is 0 unless set, the download is never asked for; the message has the price."""
    gateway.cost = 0.1234
    for limit in (0, 0.1):
        with pytest.raises(InvalidParameterError, match=r"\$0\.1234 .* set it to 0\.13"):
            prices.fetch(request(max_cost_usd=limit), quiet)
    assert "timeseries.get_range" not in gateway.endpoints


@pytest.mark.parametrize("limit", [-1, float("nan"), float("inf")])
def test_limits_that_are_none(prices, limit):
    """A limit is a number of dollars from 0 on."""
    with pytest.raises(InvalidParameterError, match="max_cost_usd"):
        prices.check(request(max_cost_usd=limit))


def test_a_start_before_the_dataset_is_refused_before_any_cost(prices, gateway):
    """The contract's text, from the range alone: neither cost nor data were asked for."""
    with pytest.raises(MissingBarsError) as caught:
        prices.fetch(request(start_date="2009-01-02"), quiet)
    assert str(caught.value) == ("Data not available before 2010-06-06. Please set start date to 2010-06-06 or later.")
    assert gateway.endpoints == ["metadata.get_dataset_range"]


def test_a_refused_start_is_told_by_the_date_in_the_text(prices, gateway):
    """The vendor's own 422 gives the contract's text: of its two dates, the one the data begin with."""
    gateway.answers["metadata.get_cost"] = 422, json.dumps(TOO_EARLY).encode()
    with pytest.raises(MissingBarsError, match=r"^Data not available before 2010-06-06\. Please set start date to"):
        prices.fetch(request(), quiet)
    dateless = {"detail": {**TOO_EARLY["detail"], "message": "Too early."}}
    gateway.answers["metadata.get_cost"] = 422, json.dumps(dateless).encode()
    with pytest.raises(MissingBarsError, match=r"^Selected start date is before data is available for this dataset\.$"):
        prices.fetch(request(), quiet)


@pytest.mark.parametrize(
    ("endpoint", "status", "content", "kind", "message"),
    [
        ("timeseries.get_range", 422, json.dumps(UNKNOWN), UnknownSymbolError, "Unknown symbol: GCJ4"),
        ("metadata.get_cost", 422, '{"detail": "Bad schema"}', DataSourceError, "^Data source error: Bad schema"),
        ("metadata.get_cost", 500, '{"detail": "Oh no"}', DataSourceError, "^Data source error: Oh no"),
        ("timeseries.get_range", 504, "<html>", DataSourceError, "^Data source error: The remote gateway timed out"),
        ("metadata.get_cost", 200, "not JSON", DataSourceError, "^Data source error: .* cannot be read"),
        ("metadata.get_cost", 200, '"free"', DataSourceError, "cannot be read .the cost: free"),
        ("metadata.get_cost", 200, "NaN", DataSourceError, "cannot be read .the cost: nan"),
        ("metadata.get_dataset_range", 200, '{"start": 5}', DataSourceError, "the range of the dataset"),
        ("timeseries.get_range", 200, "no DBN at all", DataSourceError, "^Data source error: "),
        ("timeseries.get_range", 200, "", DataSourceError, "^Data source error: "),
    ],
)
def test_refusals_and_broken_answers_have_names(prices, gateway, tmp_path, endpoint, status, content, kind, message):
    """Each becomes an error of one line, and nothing is kept."""
    gateway.answers[endpoint] = status, content.encode()
    with pytest.raises(kind, match=message) as caught:
        prices.fetch(request(), quiet)
    assert "\n" not in str(caught.value)
    assert not [p for p in (tmp_path / "vendors").rglob("*") if p.is_file()]


def test_the_class_of_an_error_counts_not_a_number_in_its_text(gateway, tmp_path):
    """An error that is not the vendor's stays what it is, even with 422 and a date in its text."""

    def tell(_news):
        raise RuntimeError("422 before the available start of dataset X ('2010-06-06 00:00:00+00:00')")

    prices = VendorPrices(DATABENTO, DailyCache(tmp_path), directly(gateway))
    with pytest.raises(RuntimeError, match="422"):
        prices.fetch(request(), lambda share, news: tell(news) if share else None)


def test_downloads_that_end_early_are_refused(prices, gateway, tmp_path):
    """A stream cut by the network and one cut by the vendor both fail, and nothing is kept."""
    whole = daily_dbn("2024-01-02", "2024-02-01")
    gateway.answers["timeseries.get_range"] = 200, zstandard.compress(zstandard.decompress(whole)[:-20])
    with pytest.raises(VendorFileError, match="truncated"):
        prices.fetch(request(), quiet)
    gateway.answers["timeseries.get_range"] = 200, whole[:-20]
    with pytest.raises((VendorFileError, DataSourceError)):
        prices.fetch(request(), quiet)
    assert not list((tmp_path / "vendors").rglob("*.parquet"))


def test_an_answer_without_bars_is_an_error(prices, gateway):
    """A stretch the vendor has no bars in is named."""
    gateway.answers["timeseries.get_range"] = 200, daily_dbn("2024-01-06", "2024-01-08")
    with pytest.raises(MissingBarsError, match="no daily bars of GCJ4 from 2024-01-02 to 2024-01-31"):
        prices.fetch(request(), quiet)


def test_a_silent_vendor_and_none_at_all(gateway, tmp_path):
    """A time-out and a refused connection are told apart."""
    cache = DailyCache(tmp_path)
    gateway.hold = ("metadata.get_cost",)
    with pytest.raises(DataSourceError, match=r"^Data source error: Databento .*(did not answer|cannot be reached)"):
        VendorPrices(DATABENTO, cache, directly(gateway, timeout_seconds=0.2)).fetch(request(), quiet)
    gateway.url = "https://127.0.0.1:1"
    with pytest.raises(DataSourceError, match=r"^Data source error: Databento cannot be reached"):
        VendorPrices(DATABENTO, cache, directly(gateway)).fetch(request(), quiet)


def test_the_key_is_needed_and_never_told(prices, gateway, monkeypatch, tmp_path):
    """Without a key nothing is asked; a wrong one is refused without being repeated, and no file holds it."""
    without = VendorPrices(DATABENTO, DailyCache(tmp_path / "none"), environment={})
    with pytest.raises(DataSourceError, match="set DATABENTO_API_KEY in the environment"):
        without.check(request())
    monkeypatch.setenv("DATABENTO_API_KEY", "db-wrong-secret")
    with pytest.raises(DataSourceError, match="Authentication failed") as caught:
        prices.fetch(request(), quiet)
    assert "secret" not in str(caught.value)
    monkeypatch.setenv("DATABENTO_API_KEY", KEY)
    prices.fetch(request(), quiet)
    assert not [p for p in tmp_path.rglob("*") if p.is_file() and KEY.encode() in p.read_bytes()]


def test_a_client_that_is_not_installed(tmp_path, monkeypatch):
    """The message has the command that installs it."""
    monkeypatch.setattr("barscope.studies.vendor_prices.find_spec", lambda _name: None)
    with pytest.raises(DataSourceError, match=r"pip install 'barscope\[vendors\]'"):
        VendorPrices(DATABENTO, DailyCache(tmp_path)).check(request())


def test_a_damaged_file_is_named_and_fetched_again(prices, gateway, tmp_path):
    """One flipped bit is seen; with a key the stretch is bought again, without one the error names the file."""
    first = prices.fetch(request(), quiet)
    (path,) = tmp_path.rglob("*.parquet")
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(DataSourceError, match=f"{path.name} is damaged"):
        VendorPrices(DATABENTO, prices._cache, environment={}).check(request())
    again = prices.fetch(request(), quiet)
    assert np.array_equal(again.bars.close, first.bars.close)
    assert path.name in again.notes[-1]
    assert gateway.endpoints.count("timeseries.get_range") == 2
    assert prices.fetch(request(), quiet).notes[-1].startswith("They were kept")


def test_a_folder_that_cannot_be_written_is_found_before_anything_is_bought(gateway, tmp_path):
    """Nothing is asked of the vendor when its answer could not be kept."""
    (tmp_path / "vendors").write_text("a file where the folder should be")
    prices = VendorPrices(DATABENTO, DailyCache(tmp_path / "vendors"), directly(gateway))
    with pytest.raises(DataError, match="cannot be kept"):
        prices.fetch(request(), quiet)
    assert gateway.asked == []


def test_a_realised_volatility_looks_back(prices, gateway):
    """Bars before the first day are asked for as well, as far as the dataset has them."""
    found = prices.fetch(request(volatility=RealisedVolatility(window=20)), quiet)
    assert found.before >= 20
    assert gateway.asked[-1][1]["start"][:10] == "2023-11-18"
    early = request(start_date="2010-06-08", end_date="2010-07-30", volatility=RealisedVolatility(window=20))
    assert prices.fetch(early, quiet).before == 1
    asked = len(gateway.asked)
    assert prices.fetch(early, quiet).before == 1
    assert len(gateway.asked) == asked


def test_an_end_beyond_the_dataset_is_cut_and_told(prices, gateway):
    """Only whole days that are there are kept, and the notes say where they end."""
    for end in ("2024-12-31", None):
        found = prices.fetch(request(end_date=end), quiet)
        assert gateway.asked[-1][1]["end"][:10] == "2024-03-01"
        assert found.bars.ts[-1] == day_start_ns("2024-02-29")
        assert any("ends with 2024-02-29" in note for note in found.notes) is (end is not None)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"dataset": None}, "name its dataset"),
        ({"symbol": "GCJ4,GCM4"}, "several symbols"),
        ({"symbol": "ALL_SYMBOLS"}, "several symbols"),
        ({"symbol_type": "ticker"}, "raw_symbol, continuous"),
    ],
)
def test_what_is_never_asked(prices, gateway, changes, message):
    """A question that is none, or would be of a whole market, is refused at once."""
    with pytest.raises(InvalidParameterError, match=message):
        prices.check(request(**changes))
    assert gateway.asked == []


@pytest.fixture
def scenarios(gateway, tmp_path):
    """The queue of a workspace whose Databento is the server, asked in a process of its own as users do."""
    with bs.Workspace(tmp_path / "ws", workers=1) as ws:
        ask = lambda question, file, tell: client_process.ask(replace(question, gateway=gateway.url), file, tell)  # noqa: E731
        sources = {"databento": VendorPrices(DATABENTO, DailyCache(tmp_path / "vendors"), ask)}
        yield Scenarios(ScenarioDesk(ws.runs_store, sources, ws.hedge_templates.all), ws.jobs, ws.run)


def test_a_scenario_on_vendor_prices(scenarios, gateway):
    """The client in a process of its own delivers; the result has the cost, and no run holds the key."""
    gateway.cost = 0.25
    run = scenarios.enqueue(request(max_cost_usd=1)).result(30)
    told = run.scenario.to_dict()
    assert (told["data_source"], told["data_cost_usd"], told["entry_spot"]) == ("databento", 0.25, 100.0)
    assert len(told["template_results"][0]["daily_path"]) == 22
    assert KEY not in json.dumps(run.config)


def test_an_error_crosses_from_the_process_of_the_client(scenarios, gateway):
    """The job fails with the same text."""
    job = scenarios.enqueue(request(start_date="2009-01-02"))
    with pytest.raises(MissingBarsError, match=r"^Data not available before 2010-06-06"):
        job.result(30)
    assert gateway.endpoints == ["metadata.get_dataset_range"]


def test_cancel_during_the_download_stops_it(scenarios, gateway, tmp_path):
    """The connection is cut, nothing is kept, and no part of a file is left."""
    gateway.hold = ("timeseries.get_range",)
    job = scenarios.enqueue(request())
    assert gateway.stalling.wait(20)
    job.cancel()
    assert gateway.left.wait(10)
    with pytest.raises(JobCancelledError):
        job.result(10)
    assert job.snapshot.status is JobStatus.CANCELLED
    assert not [p for p in (tmp_path / "vendors").rglob("*") if p.is_file()]


def test_a_client_that_dies_or_never_ends(monkeypatch, gateway, tmp_path):
    """Both are told, and the process is gone."""
    question = replace(VendorPrices(DATABENTO, DailyCache(tmp_path))._question(request()), gateway=gateway.url)
    with pytest.raises(DataSourceError, match="took more than"):
        client_process.ask(question, tmp_path / "a.dbn.zst", lambda _news: None, wall_seconds=0.1)
    monkeypatch.delenv("DATABENTO_API_KEY")
    with pytest.raises(DataSourceError, match=r"the client of databento failed: .*KeyError"):
        client_process.ask(question, tmp_path / "b.dbn.zst", lambda _news: None)
    assert "DATABENTO_API_KEY" not in os.environ
