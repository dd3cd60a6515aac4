"""The endpoints in a real Jupyter Server: found without any setting, behind its token."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from http import HTTPStatus

import pytest

import barscope as bs
from barscope.domain.run_state import RunState
from barscope.jobs import InlineExecutor

TOKEN = "a-token-of-this-test"  # noqa: S105


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A workspace folder with one explored run of sample data; its id in `run_id`."""
    path = tmp_path_factory.mktemp("jupyter")
    with bs.Workspace(path / "ws", executor=InlineExecutor()) as ws:
        samples = ws.load_samples()
        rsi = bs.IndicatorConfig(class_name="RSI")
        asked = bs.ExplorerRequest(symbols=["AAPL"], rtype=35, publisher_id=samples.publisher_id, indicators=[rsi])
        run = ws.explore(asked).result()
        (path / "run_id").write_text(run.run_id)
    return path


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


class Server:
    """A Jupyter Server in a process of its own."""

    def __init__(self, folder, workspace):
        self.port = free_port()
        kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
        environment = {
            **kept,
            "HOME": str(folder),
            "JUPYTER_CONFIG_DIR": str(folder / "config"),
            "JUPYTER_DATA_DIR": str(folder / "data"),
            "JUPYTER_RUNTIME_DIR": str(folder / "runtime"),
            "BARSCOPE_WORKSPACE": str(workspace),
        }
        command = [sys.executable, "-m", "jupyter_server", "--no-browser", "--allow-root", f"--port={self.port}"]
        command += [f"--IdentityProvider.token={TOKEN}", "--ServerApp.port_retries=0", "--ServerApp.base_url=/lab.1/"]
        self.process = subprocess.Popen(
            command, cwd=folder, env=environment, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True
        )
        self.said = ""
        for line in self.process.stderr:
            self.said += line
            if "is running at" in line:
                break
        self._wait_until_it_listens()

    def _wait_until_it_listens(self):
        """It says that it is running a moment before it listens."""
        pause = threading.Event()
        while self.process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port), 5).close()
            except ConnectionRefusedError:
                pause.wait(0.02)
            else:
                return

    def get(self, name, token=TOKEN):
        """Status, headers and content of an answer."""
        asked = urllib.request.Request(f"http://127.0.0.1:{self.port}/lab.1/barscope/{name}")
        if token:
            asked.add_header("Authorization", f"token {token}")
        try:
            with urllib.request.urlopen(asked, timeout=30) as answer:  # noqa: S310
                return answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.headers, error.read()

    def close(self):
        """End it."""
        self.process.terminate()
        try:
            self.process.communicate(timeout=20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.communicate()


@pytest.fixture(scope="module")
def server(folder):
    """A server over that workspace."""
    server = Server(folder, folder / "ws")
    yield server
    server.close()


def test_it_is_found_and_loaded(server):
    """Jupyter loads the extension from the configuration that the package installs."""
    assert "barscope.dashboard.extension | extension was successfully loaded" in server.said


def test_the_token_of_jupyter_opens_it(server, folder):
    """With the token: the state of the run, its picture and its source."""
    code, headers, body = server.get("status")
    assert (code, json.loads(body)["executor_id"]) == (HTTPStatus.OK, (folder / "run_id").read_text())
    assert headers["Cache-Control"] == "no-store"
    assert RunState.from_json(server.get("state")[2].decode()).cycles == 1
    assert server.get("visualisation?theme=dark")[1]["Content-Type"] == "image/svg+xml"
    assert server.get("source")[1]["Content-Type"] == "text/plain; charset=utf-8"
    assert json.loads(server.get("ping")[2]) == {"ping": "pong"}


@pytest.mark.parametrize("token", ["", "wrong"])
@pytest.mark.parametrize("name", ["status", "ping", "source", "logs"])
def test_without_the_token_it_is_closed(server, name, token):
    """Without the token, or with another: 403 as JSON, not a page to log in."""
    code, headers, body = server.get(name, token)
    assert (code, json.loads(body)) == (HTTPStatus.FORBIDDEN, {"error": "Forbidden"})
    assert headers["Content-Type"].startswith("application/json")


def test_a_missing_workspace_is_404(folder):
    """Jupyter starts as ever where there is no workspace; asked, the endpoints say so and make none."""
    server = Server(folder, folder / "nowhere")
    try:
        code, _headers, body = server.get("status")
        assert code == HTTPStatus.NOT_FOUND
        assert "error" in json.loads(body)
        assert server.get("ping")[0] == HTTPStatus.OK
        assert not (folder / "nowhere").exists()
    finally:
        server.close()


def test_loading_it_is_light():
    """What Jupyter imports at its start has no pandas, polars, database or chart in it."""
    heavy = ["pandas", "polars", "numpy", "apsw", "plotly", "PIL", "ipywidgets", "barscope.workspace"]
    code = f"import sys, barscope.dashboard.extension; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
