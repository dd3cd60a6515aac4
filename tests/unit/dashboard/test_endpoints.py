"""The endpoints over HTTP: what they answer, to whom, and what they refuse."""

from __future__ import annotations

import asyncio
import json
import threading
from http import HTTPStatus
from io import BytesIO
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image
from tornado.httpclient import AsyncHTTPClient, HTTPRequest
from tornado.httpserver import HTTPServer
from tornado.testing import bind_unused_port
from tornado.web import Application

import barscope as bs
from barscope.dashboard import endpoints
from barscope.dashboard.answers import Asked, status
from barscope.dashboard.endpoints import NAMES, Caller, handlers
from barscope.domain.bars import Bars
from barscope.domain.run_state import RunState
from barscope.errors import StoreError

SECRET = "sk-secret-42"  # noqa: S105
PATH = "/home/jane/private/bars.csv"


def request_of(workspace, class_name="SMA", params=None):
    """An exploration of SYN."""
    config = bs.IndicatorConfig(class_name=class_name, params=params or {})
    return bs.ExplorerRequest(symbols=["SYN"], rtype=33, publisher_id=1, indicators=[config])


@pytest.fixture
def explored(workspace):
    """The workspace after one exploration; its run."""
    return workspace.explore(request_of(workspace)).result()


@pytest.fixture
def crashed(workspace):
    """The workspace after a run that failed with a secret and a path in its message; its id."""
    writer = workspace.runs_store.begin(
        "boom", "a run", 2 * 10**18, {"mode": "backtest", "strategies": [{"source": "x"}]}
    )
    try:
        raise ValueError(f"cannot log in with {SECRET} from {PATH}")
    except ValueError as error:
        writer.fail(2 * 10**18 + 5, {"error": str(error), "traceback": PATH})
    return "boom"


async def ask(rules, requests):
    """What a server with these rules answers to each (method, address, headers)."""
    socket, port = bind_unused_port()
    server = HTTPServer(Application(rules))
    server.add_socket(socket)
    client = AsyncHTTPClient(force_instance=True)
    try:
        found = []
        for method, address, headers in requests:
            url = f"http://127.0.0.1:{port}{address}"
            request = HTTPRequest(url, method, headers, allow_nonstandard_methods=True)
            found.append(await client.fetch(request, raise_error=False))
        return found
    finally:
        client.close()
        server.stop()
        await server.close_all_connections()


@pytest.fixture
def get(workspace):
    """Asks one address of a server over the workspace, as its owner or as a stranger."""

    def get(address, *, owner=True, method="GET", headers=None, source=None):
        caller = Caller.OWNER if owner else Caller.ANONYMOUS
        rules = handlers(source or workspace, authenticate=lambda _handler: caller)
        (answer,) = asyncio.run(ask(rules, [(method, address, headers or {})]))
        return answer

    return get


def parsed(answer):
    """The strict JSON of an answer."""

    def refuse(token):
        raise AssertionError(f"{token} is not strict JSON")

    assert answer.headers["Content-Type"].startswith("application/json")
    return json.loads(answer.body, parse_constant=refuse)


def test_ping_needs_nothing(get):
    """/ping answers, whether there are runs or not."""
    assert parsed(get("/ping")) == {"ping": "pong"}


@pytest.mark.parametrize("name", sorted(set(NAMES) - {"ping", "visualisation"}))
def test_without_a_run_there_is_nothing(get, name):
    """An empty workspace is 404 with a reason, at every address."""
    answer = get(f"/{name}")
    assert answer.code == HTTPStatus.NOT_FOUND
    assert "no run yet" in parsed(answer)["error"]


def test_status_is_the_export(get, explored):
    """/status is the state of the newest run without its heavy fields."""
    answer = get("/status")
    assert (answer.code, parsed(answer)) == (HTTPStatus.OK, explored.state.export())
    assert parsed(answer)["executor_id"] == explored.run_id


def test_a_crash_is_503_with_the_state(get, crashed):
    """The owner sees a crash with its message; the code says that it crashed."""
    answer = get("/status")
    said = parsed(answer)
    assert answer.code == HTTPStatus.SERVICE_UNAVAILABLE
    assert SECRET in said["exception"]["message"]
    assert said["exception"]["frames"][0]["function"] == "crashed"


def test_a_run_is_chosen_by_its_id(get, explored, crashed):
    """`run` names the run; without it the newest is told of."""
    assert parsed(get("/status"))["executor_id"] == crashed
    assert parsed(get(f"/status?run={explored.run_id}"))["executor_id"] == explored.run_id
    assert get("/status?run=nobody").code == HTTPStatus.NOT_FOUND


def test_the_run_that_goes_on_comes_first(get, workspace, explored):
    """A run that goes on is told of before newer ones that have ended."""
    writer = workspace.runs_store.begin("live", "n", 1, {})
    assert parsed(get("/status"))["executor_id"] == "live"
    writer.cancel(2)


def test_state_can_be_read_back(get, explored):
    """/state is the whole state: from_json gives what the run has."""
    assert RunState.from_json(get("/state").body.decode()) == explored.state


@pytest.mark.parametrize("name", NAMES)
def test_strangers_learn_no_secret(get, crashed, name):
    """No address tells a stranger a message, a traceback, a path or a header of the host."""
    answer = get(f"/{name}", owner=False)
    told = answer.body.decode() + str(list(answer.headers.get_all()))
    for hidden in (SECRET, PATH, "jane", "raceback", "Tornado", "test_endpoints"):
        assert hidden not in told
    assert name in ("source", "visualisation") or answer.code in (200, 503)


def test_strangers_get_no_source(get, crashed):
    """Source code is for callers who are known."""
    assert get("/source", owner=False).code == HTTPStatus.FORBIDDEN
    mine = get("/source")
    assert (mine.body, mine.headers["Content-Type"]) == (b"x", "text/plain; charset=utf-8")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("kind", "size"), [("small", (240, 96)), ("large", (960, 480))])
def test_pictures_have_their_size_and_theme(get, explored, kind, size, theme):
    """/visualisation gives SVG, and PNG on request, in both sizes and themes."""
    drawn = get(f"/visualisation?type={kind}&theme={theme}")
    assert drawn.headers["Content-Type"] == "image/svg+xml"
    root = ElementTree.fromstring(drawn.body)  # noqa: S314 (our own)
    assert (int(root.get("width")), int(root.get("height"))) == size
    png = get(f"/visualisation?type={kind}&theme={theme}&format=png")
    assert png.headers["Content-Type"] == "image/png"
    assert Image.open(BytesIO(png.body)).size == size


@pytest.mark.parametrize(
    ("accept", "kind"),
    [("image/png", "image/png"), ("image/png,image/svg+xml", "image/svg+xml"), ("image/*", "image/svg+xml")],
)
def test_the_picture_a_caller_takes(get, explored, accept, kind):
    """A caller that takes only PNG gets one."""
    assert get("/visualisation", headers={"Accept": accept}).headers["Content-Type"] == kind


def test_a_run_without_results_has_no_picture(get, crashed):
    """A failed run is 404 at /visualisation, not an empty picture."""
    assert get(f"/visualisation?run={crashed}").code == HTTPStatus.NOT_FOUND


@pytest.mark.parametrize("form", ["svg", "png"])
def test_while_nothing_completed_there_is_no_content(get, crashed, form):
    """/visualisation without a run is 204 and empty before the first result: a page that asks has no fault to log."""
    answer = get(f"/visualisation?format={form}")
    assert (answer.code, answer.body) == (HTTPStatus.NO_CONTENT, b"")


def test_the_picture_is_of_the_newest_run_that_has_one(get, explored, crashed):
    """After a run that failed, /visualisation still shows the newest that completed."""
    assert get("/visualisation").body == get(f"/visualisation?run={explored.run_id}").body


def test_unchanged_pictures_are_not_sent_again(get, explored):
    """With the tag of what it has, a caller is told that nothing changed."""
    tag = get("/visualisation").headers["Etag"]
    assert get("/visualisation", headers={"If-None-Match": tag}).code == HTTPStatus.NOT_MODIFIED


def test_states_are_never_kept_by_a_cache(get, explored):
    """What changes says no-store."""
    for name in ("status", "state", "logs", "summary", "metadata", "ping"):
        assert get(f"/{name}").headers["Cache-Control"] == "no-store"


def test_summary_of_a_backtest_is_its_metrics(get, workspace):
    """/summary has the metrics of the run, NaN as null."""
    request = bs.BacktestRequest(strategy="BuyAndHold", symbols=["SYN"], rtype=33, publisher_id=1)
    run = workspace.backtest(request).result()
    said = parsed(get("/summary"))
    assert (said["executor_id"], said["status"]) == (run.run_id, "completed")
    assert said["summary_statistics"]["final_equity"] == pytest.approx(run.summary().final_equity)
    assert None in said["summary_statistics"].values()


def test_metadata_tells_what_a_run_is(get, explored):
    """/metadata has name, mode, times and parameters, and no source."""
    said = parsed(get("/metadata"))
    assert (said["mode"], said["status"], said["config"]["symbols"]) == ("exploration", "completed", ["SYN"])
    assert said["config"]["indicators"][0]["class_name"] == "SMA"
    assert '"source' not in json.dumps(said)


def test_logs_are_records(get, explored):
    """/logs lists what the run had to say, oldest first."""
    assert [record["message"] for record in parsed(get("/logs"))][-1] == "ended"
    assert set(parsed(get("/logs"))[0]) == {"time", "level", "logger", "message"}


@pytest.mark.parametrize(
    ("address", "choices"),
    [
        ("/visualisation?type=huge", "small, large"),
        ("/visualisation?theme=neon", "light, dark"),
        ("/visualisation?format=gif", "svg, png"),
        ("/status?colour=red", "run"),
        ("/status?run=a&run=b", "give one"),
        ("/status?run=%ff", ""),
    ],
)
def test_unknown_values_are_400_with_the_choices(get, explored, address, choices):
    """A parameter or value that is none names what can be asked for."""
    answer = get(address)
    assert answer.code == HTTPStatus.BAD_REQUEST
    assert choices in parsed(answer)["error"]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
@pytest.mark.parametrize("name", NAMES)
def test_only_get_and_head(get, name, method):
    """Every other method is 405 with a JSON error, before anything is read."""
    answer = get(f"/{name}", method=method, owner=False)
    assert answer.code == HTTPStatus.METHOD_NOT_ALLOWED
    assert parsed(answer)["error"]
    assert answer.headers["Allow"] == "GET, HEAD"


def test_head_has_headers_and_no_content(get, explored):
    """HEAD is GET without the content."""
    answer = get("/status", method="HEAD")
    assert (answer.code, answer.body) == (HTTPStatus.OK, b"")
    assert int(answer.headers["Content-Length"]) > 100


def test_who_is_refused_reads_nothing():
    """Where nobody says who a caller is, nothing is opened."""

    def unopened():
        raise AssertionError

    rules = handlers(unopened, "/barscope", lambda _handler: None)
    answers = asyncio.run(ask(rules, [("GET", f"/barscope/{name}", {}) for name in NAMES]))
    assert {answer.code for answer in answers} == {HTTPStatus.FORBIDDEN}


def test_by_default_callers_are_strangers(workspace, crashed):
    """Mounted without a word about tokens, the endpoints tell what strangers may see."""
    (answer,) = asyncio.run(ask(handlers(workspace), [("GET", "/status", {})]))
    assert SECRET not in answer.body.decode()


def test_what_cannot_be_opened_is_404_until_it_can(workspace, explored):
    """A workspace that is not there yet is 404 without its path; the next question looks again."""
    tries = []

    def open_late():
        tries.append(1)
        if len(tries) == 1:
            raise StoreError(f"{PATH} is not there")
        return workspace

    answers = asyncio.run(ask(handlers(open_late), [("GET", "/status", {})] * 2))
    assert [answer.code for answer in answers] == [HTTPStatus.NOT_FOUND, HTTPStatus.OK]
    assert PATH not in answers[0].body.decode()


def test_a_fault_of_our_own_is_500_without_a_word(monkeypatch, get, explored, caplog):
    """An unexpected exception is logged here and told to nobody."""

    def broken(_self):
        raise RuntimeError(SECRET)

    monkeypatch.setattr(Asked, "state", broken)
    answer = get("/status")
    assert (answer.code, parsed(answer)) == (HTTPStatus.INTERNAL_SERVER_ERROR, {"error": "Internal Server Error"})


def test_slow_reading_holds_nobody_up(monkeypatch, workspace, explored):
    """While the disk hangs, /ping of another mount answers at once; the slow ones get 504, and the queue is bounded."""
    released = threading.Event()

    def hanging():
        released.wait(30)
        return workspace

    monkeypatch.setattr(endpoints, "ANSWER_SECONDS", 0.3)
    monkeypatch.setattr(endpoints, "_MOST_WAITING", 3)
    rules = handlers(hanging, "/slow") + handlers(workspace, "/fast")

    async def story():
        socket, port = bind_unused_port()
        server = HTTPServer(Application(rules))
        server.add_socket(socket)
        client = AsyncHTTPClient(force_instance=True, max_clients=20)
        slow = [client.fetch(f"http://127.0.0.1:{port}/slow/status", raise_error=False) for _ in range(6)]
        await asyncio.sleep(0)
        fast = await client.fetch(f"http://127.0.0.1:{port}/fast/status", raise_error=False)
        waiting = [not future.done() for future in slow]
        codes = sorted([(await future).code for future in slow])
        released.set()
        client.close()
        server.stop()
        await server.close_all_connections()
        return fast.code, any(waiting), codes

    fast, still_waiting, codes = asyncio.run(story())
    assert fast == HTTPStatus.OK
    assert still_waiting
    assert codes == [HTTPStatus.SERVICE_UNAVAILABLE] * 3 + [HTTPStatus.GATEWAY_TIMEOUT] * 3


def test_slow_clients_hold_nobody_up(workspace, explored):
    """Fifty callers that send half a request, or never read the answer, do not keep the next one waiting."""

    async def story():
        socket, port = bind_unused_port()
        server = HTTPServer(Application(handlers(workspace)))
        server.add_socket(socket)
        hung = []
        for n in range(50):
            _reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"GET /state HTTP/1.1\r\nHost: x\r\n" + (b"\r\n" if n % 2 else b""))
            hung.append(writer)
        client = AsyncHTTPClient(force_instance=True)
        answer = await client.fetch(f"http://127.0.0.1:{port}/ping", raise_error=False, request_timeout=20)
        client.close()
        for writer in hung:
            writer.close()
        server.stop()
        await server.close_all_connections()
        return answer.code

    assert asyncio.run(story()) == HTTPStatus.OK


def test_nothing_that_is_no_number_is_sent(workspace):
    """Series and metrics that are not finite still make strict JSON everywhere."""
    writer = workspace.runs_store.begin(
        "odd", "<b>odd</b>", 1, {"mode": "exploration", "symbols": ["A"], "rtype": 35, "indicators": []}
    )
    bars = Bars(np.arange(1), *(np.ones(1) for _ in range(4)), np.zeros(1, np.int64))
    writer.append_processed("A", "DAY", bars, {"s": np.array([np.inf])}, 5)
    writer.complete(2, {"final_equity": float("nan")})
    rules = handlers(workspace, authenticate=lambda _handler: Caller.OWNER)
    asked = [("GET", f"/{name}", {}) for name in ("status", "state", "summary", "metadata")]
    for answer in asyncio.run(ask(rules, asked)):
        assert parsed(answer)["executor_id"] == "odd"


def test_answers_know_no_http(workspace, explored):
    """An answer can be had without a server."""
    assert status(Asked(lambda: workspace, {}, True)).status == HTTPStatus.OK
