"""The real dashboard server as a child process, and a client that speaks to it without a browser."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from email.message import Message
from http.client import HTTPConnection
from itertools import pairwise
from pathlib import Path

import nbformat
import pytest
from tornado.httpclient import HTTPRequest
from tornado.websocket import websocket_connect

TOKEN = "a-token-nobody-can-guess"  # noqa: S105  # of this test
SECRET = "hunter2-is-not-for-visitors"  # noqa: S105  # planted, to be looked for
QUERY = "a-query-string"
SUBPROTOCOL = "v1.kernel.websocket.jupyter.org"
ENOUGH_S = 90

PAGE = '''
import os
import sys
import ipywidgets as W
from IPython.display import display
from barscope.widgets.data_table import Column, DataTable
from barscope.widgets.guard import Guard
from barscope.widgets.live_figure import LiveFigure

SECRET = "{secret}"
heard = []


class Told(W.Label):
    """Shows what reached the handlers."""


told = Told("nothing")


def hear(name):
    def handler(*_):
        heard.append(name)
        told.value = " ".join(heard)
    return handler


def fail(_button):
    print("out", SECRET)
    print("err", SECRET, file=sys.stderr)
    raise RuntimeError(SECRET)


def look(_button):
    where = {{"cwd": os.getcwd(), "files": os.listdir("."), "environment": dict(os.environ), "path": sys.path}}
    told.value = repr(where)


def named(widget, name, trait="value"):
    widget.add_class("t-" + name)
    if trait:
        widget.observe(hear(name), trait)
    return widget


button = named(W.Button(), "button", None)
button.on_click(hear("button"))
disabled_button = named(W.Button(disabled=True), "disabled-button", None)
disabled_button.on_click(hear("disabled-button"))
hidden_button = named(W.Button(layout={{"display": "none"}}), "hidden-button", None)
hidden_button.on_click(hear("hidden-button"))
undisplayed = named(W.Button(), "undisplayed-button", None)
undisplayed.on_click(hear("undisplayed-button"))
failing = named(W.Button(), "failing", None)
failing.on_click(fail)
looking = named(W.Button(), "looking", None)
looking.on_click(look)
stacked = named(W.Text("stacked"), "stacked")
table = DataTable([Column("name", "Name")], Guard())
everything = W.VBox([
    told.add_class("t-told"),
    button, disabled_button, hidden_button, failing, looking,
    named(W.IntSlider(value=3, min=0, max=10), "slider"),
    named(W.IntSlider(value=3, min=0, max=10, disabled=True), "disabled-slider"),
    named(W.IntText(5), "hidden-number"),
    named(W.Text("text"), "text"),
    named(W.Dropdown(options=["a", "b", "c"]), "dropdown", "index"),
    named(W.SelectMultiple(options=["a", "b", "c"]), "several", "index"),
    named(W.Label("label"), "label"),
    named(W.HTML("html"), "html"),
    named(W.IntProgress(1), "progress"),
    named(W.Valid(value=True), "valid"),
    named(W.FileUpload(), "upload"),
    named(W.Tab([W.Text("in a tab")]), "tab", "selected_index"),
    W.Stack([W.Label("shown"), stacked], selected_index=0),
    named(table, "table", "current"),
    named(LiveFigure(), "figure", None),
])
everything.children[8].layout.visibility = "hidden"
display(everything)
'''


@dataclass
class Answer:
    """What came of a request."""

    code: int
    headers: Message
    body: str


@dataclass
class Dashboard:
    """A running server."""

    port: int
    process: subprocess.Popen
    token: str
    log: Path
    published: Path
    digests: dict[str, str] = field(default_factory=dict)

    @property
    def host(self) -> str:
        """What its Host header has to say."""
        return f"127.0.0.1:{self.port}"

    @property
    def headers(self) -> dict[str, str]:
        """What a visitor who knows the token sends."""
        return {"Authorization": f"Bearer {self.token}"} if self.token else {}

    def ask(self, path: str, method: str = "GET", body: str | None = None, **headers: str) -> Answer:
        """The answer to one request; the path is sent as it is."""
        with closing(HTTPConnection("127.0.0.1", self.port, timeout=ENOUGH_S)) as connection:
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, path, body, {**self.headers, **named})
            response = connection.getresponse()
            return Answer(response.status, response.headers, response.read().decode())

    async def get(self, path: str, method: str = "GET", body: str | None = None, **headers: str) -> Answer:
        """The same beside other things."""
        return await asyncio.to_thread(self.ask, path, method, body, **headers)

    async def open(self, path: str = "/") -> Viewer:
        """A viewer: a page and its websocket; waits for a place."""
        page = await until(lambda: self.get(path), lambda answer: answer.code == 200)
        return await self.connect(re.search(r'"kernelId": "([^"]+)"', page.body)[1], page.body)

    async def connect(self, kernel_id: str, html: str = "", **headers: str) -> Viewer:
        """A websocket to a page's kernel."""
        url = f"ws://{self.host}/api/kernels/{kernel_id}/channels?session_id=viewer"
        request = HTTPRequest(url, headers={**self.headers, **headers}, request_timeout=ENOUGH_S)
        socket = await websocket_connect(request, subprotocols=[SUBPROTOCOL], max_message_size=2**27)
        return Viewer(self, kernel_id, html, socket)

    def kernels(self) -> set[int]:
        """The process ids of its kernels."""
        listed = subprocess.run(["ps", "-o", "pid=", "--ppid", str(self.process.pid)], capture_output=True, text=True)
        return {int(line) for line in listed.stdout.split()}


async def until(ask, is_enough, within_s: float = ENOUGH_S):
    """Asks again, at once, until the answer is enough; after a while the test has failed."""
    deadline = asyncio.get_running_loop().time() + within_s
    while not is_enough(answer := await ask()):
        assert asyncio.get_running_loop().time() < deadline, f"not in {within_s} s: {answer}"
    return answer


def frame(channel: str, header: object, content: object, *, texts: dict[int, bytes] | None = None) -> bytes:
    """A message as a page sends it; `texts` replaces parts by raw bytes."""
    parts = [channel.encode(), *(json.dumps(part).encode() for part in (header, {}, {}, content))]
    for place, text in (texts or {}).items():
        parts[place] = text
    offsets = [8 * (len(parts) + 2)]
    for part in parts:
        offsets.append(offsets[-1] + len(part))
    numbers = [len(offsets), *offsets]
    return b"".join(number.to_bytes(8, "little") for number in numbers) + b"".join(parts)


def header(kind: str, msg_id: str = "m") -> dict[str, str]:
    """The header of a message."""
    return {"msg_type": kind, "msg_id": msg_id, "session": "viewer", "username": "", "version": "5.3", "date": ""}


@dataclass
class Viewer:
    """A page without a browser."""

    server: Dashboard
    kernel_id: str
    html: str
    socket: object
    states: dict[str, dict] = field(default_factory=dict)
    received: list[bytes] = field(default_factory=list)

    async def send(self, kind: str, content: object, channel: str = "shell", msg_id: str = "m") -> None:
        """Send a message as a page does."""
        await self.raw(frame(channel, header(kind, msg_id), content))

    async def raw(self, message: bytes | str) -> None:
        """Send a frame as it is."""
        await self.socket.write_message(message, binary=isinstance(message, bytes))

    async def read(self) -> tuple[str, dict, dict, str] | None:
        """Channel, header, content and parent's id of the next message; None if the connection is closed."""
        message = await asyncio.wait_for(self.socket.read_message(), ENOUGH_S)
        if message is None:
            self.socket.close()
            return None
        self.received.append(message)
        count = int.from_bytes(message[:8], "little")
        at = [int.from_bytes(message[8 * n : 8 * n + 8], "little") for n in range(1, count + 1)]
        parts = [message[a:b] for a, b in pairwise(at)]
        return parts[0].decode(), json.loads(parts[1]), json.loads(parts[4]), json.loads(parts[2]).get("msg_id")

    async def settle(self) -> list[tuple[str, dict, dict, str]]:
        """All that came until the kernel has done what was sent so far."""
        mark = f"mark-{len(self.received)}"
        await self.send("kernel_info_request", {}, msg_id=mark)
        came = []
        while message := await self.read():
            came.append(message)
            if message[3] == mark and message[2].get("execution_state") == "idle":
                return came
        raise AssertionError("the connection was closed")

    async def load(self) -> dict[str, dict]:
        """The states a page starts with, by model id."""
        await self.send("comm_open", {"comm_id": "control", "target_name": "jupyter.widget.control", "data": {}})
        await self.send("comm_msg", {"comm_id": "control", "data": {"method": "request_states"}})
        for _channel, head, content, _parent in await self.settle():
            if head["msg_type"] == "comm_msg" and content["data"].get("method") == "update_states":
                self.states = {model_id: model["state"] for model_id, model in content["data"]["states"].items()}
        return self.states

    def model(self, name: str) -> str:
        """The model id of a widget by the name the page's notebook gives it."""
        return next(i for i, state in self.states.items() if f"t-{name}" in state.get("_dom_classes", ()))

    async def value(self, name: str, trait: str = "value"):
        """A trait of a widget as the kernel has it now."""
        return (await self.load())[self.model(name)][trait]

    async def tell(self, name_or_id: str, data: dict) -> list[tuple[str, dict, dict, str]]:
        """Send a message to a widget, and wait until it is dealt with."""
        if not self.states:
            await self.load()
        comm_id = name_or_id if name_or_id in self.states or len(name_or_id) == 32 else self.model(name_or_id)
        await self.send("comm_msg", {"comm_id": comm_id, "data": data})
        return await self.settle()

    async def update(self, name: str, **state: object) -> None:
        """Set traits of a widget, as far as the kernel lets it be done."""
        await self.tell(name, {"method": "update", "state": state, "buffer_paths": []})

    async def press(self, name: str) -> None:
        """Click a button."""
        await self.tell(name, {"method": "custom", "content": {"event": "click"}})

    async def leave(self) -> None:
        """Say so as a page does when it is closed; then the server closes the connection, if it has not yet."""
        await self.server.get(f"/voila/api/shutdown/{self.kernel_id}", "POST", "")
        await self.closed()

    async def close(self) -> None:
        """Close the connection alone; the page may have others."""
        self.socket.close()
        await self.closed()

    async def closed(self) -> None:
        """Wait until the connection is: a socket that is left open is found by the collector in another test."""
        while await self.read() is not None:
            pass


def digests(folder: Path) -> dict[str, str]:
    """The SHA-256 of each file below a folder."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@contextmanager
def running(home: Path, *options: str, token: str = TOKEN) -> Iterator[Dashboard]:
    """The server on a notebook of widgets of every kind; `home` holds a database, and secrets beside it."""
    published = home / "published"
    published.mkdir(parents=True)
    (published / "snapshot.db").write_bytes(os.urandom(4096))
    (published / "secret.txt").write_text(SECRET)
    for trap in ("ipywidgets.py", "sitecustomize.py", "voila.py", "jupyter_config.py"):
        (home / trap).write_text(f"open({str(home / 'ran')!r}, 'w')")
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(PAGE.format(secret=SECRET).strip())])
    nbformat.write(notebook, home / "page.ipynb")
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = ["-P", "-m", "barscope.dashboard", "--snapshot", str(published / "snapshot.db"), "--port", str(port)]
    environment = {**os.environ, "BARSCOPE_DASHBOARD_TOKEN": token, "AWS_SECRET_ACCESS_KEY": SECRET}
    log = home / "server.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, *command, "--notebook", str(home / "page.ipynb"), *options],
            cwd=home,
            env=environment,
            stdout=output,
            stderr=output,
        )
    server = Dashboard(port, process, token, log, published, digests(published))
    try:
        while not _is_up(server):
            assert process.poll() is None, log.read_text()
        yield server
        assert process.poll() is None, f"the server ended by itself:\n{log.read_text()}"
        assert not (home / "ran").exists(), "something of the user's folder was imported"
        assert digests(published) == server.digests, "a file beside the server changed"
    finally:
        kernels = server.kernels()
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    assert not [pid for pid in kernels if Path(f"/proc/{pid}").exists()], "kernels outlived their server"


def _is_up(server: Dashboard) -> bool:
    try:
        return server.ask("/nothing").code == 404
    except ConnectionRefusedError:
        return False


@pytest.fixture(scope="session", params=[TOKEN, ""], ids=["token", "anonymous"])
def dashboard(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dashboard]:
    """A server with a token, and one that asks for none; each shared by all tests that do not fill it."""
    with running(tmp_path_factory.mktemp("home"), token=request.param) as server:
        yield server


@pytest.fixture(name="frame", scope="session")
def frame_maker():
    """Makes a frame as a page sends it."""
    return frame


@pytest.fixture(name="header", scope="session")
def header_maker():
    """Makes the header of a message."""
    return header


@pytest.fixture
def crowded(tmp_path: Path) -> Iterator[Dashboard]:
    """A server with two places, which are given up soon."""
    with running(tmp_path, "--places", "2", "--away-s", "4", "--idle-s", "60") as server:
        yield server


@pytest.fixture(scope="module")
def runner() -> Iterator[asyncio.Runner]:
    """The event loop that a module's viewer lives on; closed before a browser test may want the thread."""
    with asyncio.Runner() as runner:
        yield runner


@pytest.fixture(scope="module")
def viewer(dashboard: Dashboard, runner: asyncio.Runner) -> Iterator[Viewer]:
    """A viewer whose page a module's attacks are made from; its address holds what no kernel may learn."""
    viewer = runner.run(dashboard.open(f"/?template=lab&theme=dark&leak={QUERY}"))
    runner.run(viewer.load())
    yield viewer
    runner.run(viewer.leave())
