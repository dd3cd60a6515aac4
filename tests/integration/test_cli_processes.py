"""The command line as a real process: Ctrl-C, and JupyterLab as a child that is gone with it."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
from urllib.parse import parse_qs, urlsplit

import psutil
import pytest

import barscope as bs

PATIENCE_S = 60

WAITING = """
import os, sys
import barscope as bs

@bs.indicator
def waiting(close):
    os.write(2, b"computing\\n")
    sys.stdin.readline()
    return close
"""


@pytest.fixture
def start(tmp_path):
    """Starts `barscope` in an empty folder; whatever is left of it at the end is killed."""
    started = []
    environment = {name: value for name, value in os.environ.items() if name not in ("DISPLAY", "BROWSER")}

    def start(*arguments):
        process = subprocess.Popen(
            [sys.executable, "-m", "barscope", *map(str, arguments)],
            cwd=tmp_path,
            env={**environment, "HOME": str(tmp_path)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def read_until(stream, text):
    """The lines of a stream up to the one that holds a text."""
    lines = []
    for line in stream:
        lines.append(line)
        if text in line:
            return lines
    raise AssertionError(f"{text!r} never came: {''.join(lines)}")


def test_ctrl_c_cancels_an_exploration(start, workspace):
    """An interrupted exploration leaves a run that is cancelled and holds nothing, and ends with status 130."""
    folder = workspace.paths.folder
    (folder / "indicators").mkdir()
    (folder / "indicators" / "waiting.py").write_text(WAITING)
    command = ("explore", "-s", "SYN", "-s", "ALT", "--rtype", 33, "-i", "waiting", "--workspace", folder)
    process = start(*command)
    read_until(process.stderr, "computing")
    process.send_signal(signal.SIGINT)
    read_until(process.stderr, "cancelling")
    out, err = process.communicate("go on\n", timeout=PATIENCE_S)
    assert (process.returncode, out) == (130, "")
    assert "Traceback" not in err
    [record] = workspace.runs_store.list_runs()
    assert record.status == "cancelled"
    assert record.ts_end is not None
    assert workspace.runs_store.database.rows("SELECT count(*) FROM bars_processed") == [(0,)]


def leftover(family):
    """The processes that are still there a moment later; they are killed."""
    _, alive = psutil.wait_procs(family, timeout=5)
    for process in alive:
        process.kill()
    return alive


def ask(port, path, token=None, body=None):
    """The status and body of the answer to a request, with the token in its header."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
    headers = {"Authorization": f"token {token}"} if token else {}
    connection.request("GET" if body is None else "POST", path, body, headers)
    with connection.getresponse() as response:
        answer = response.status, response.read()
    connection.close()
    return answer


def test_the_demo_serves_the_notebook_behind_a_token_and_leaves_no_process(start, tmp_path):
    """`barscope demo` explores, serves the notebook to the token only, and Ctrl-C ends it with all its kernels."""
    process = start("demo", "--workspace", "ws", "--no-browser")
    run_line, url = [line.strip() for line in read_until(process.stdout, "http://127.0.0.1:")]
    with bs.Workspace(tmp_path / "ws") as ws:
        [record] = ws.runs_store.list_runs()
        assert run_line == f"run {record.run_id}: AAPL 1d: SMA, BBANDS, RSI"
        assert record.status == "completed"

    parts = urlsplit(url)
    [token] = parse_qs(parts.query)["token"]
    assert ask(parts.port, f"{parts.path}?{parts.query}")[0] == 200
    status, notebook = ask(parts.port, "/api/contents/notebooks/01_explore.ipynb", token)
    assert (status, json.loads(notebook)["type"]) == (200, "notebook")
    assert ask(parts.port, "/api/contents/notebooks/01_explore.ipynb")[0] == 403
    _, news = ask(parts.port, "/lab/api/settings/@jupyterlab/apputils-extension:notification", token)
    assert json.loads(news)["schema"]["properties"]["fetchNews"]["default"] == "false"

    assert ask(parts.port, "/api/kernels", token, "{}")[0] == 201
    family = psutil.Process(process.pid).children(recursive=True)
    assert len(family) >= 2
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0, err
    assert not leftover(family)


def test_lab_ends_with_its_child_when_it_is_told_to(start):
    """SIGTERM ends `barscope lab` and JupyterLab with it."""
    process = start("lab", "--no-browser")
    read_until(process.stdout, "http://127.0.0.1:")
    family = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0
    assert not leftover(family)


def test_a_port_that_is_taken_is_refused(start, tmp_path):
    """With a port that another program has, `barscope lab` ends with status 1 and says so."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        process = start("lab", "--port", port, "--no-browser")
        _, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 1
    assert f"port {port} of 127.0.0.1 cannot be used" in err
