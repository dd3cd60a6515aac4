"""A real JupyterLab in a real Chromium: a server on 127.0.0.1 in a folder of its own, pages that report every fault."""

from __future__ import annotations

import ast
import json
import os
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import nbformat
import pytest

ARTIFACTS = Path(__file__).parents[2] / "test-artifacts"
CHROMIUM_ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
TIMEOUT_MS = 20_000
ALL_SENT = """async () => {
  const kernel = jupyterapp.shell.currentWidget.sessionContext.session?.kernel;
  const sent = kernel?.requestExecute({code: "", silent: true}).done.catch(() => "the kernel has ended");
  await Promise.race([sent, new Promise((late) => setTimeout(late, 10_000))]);
}"""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks everything in this folder as driving a browser."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker("browser")


_playing = ExitStack()
"""Playwright and its browser. Its event loop occupies the thread, so it ends with the last test of this folder."""


@pytest.fixture(scope="session")
def chromium():
    """A headless Chromium: Debian's or Google's on the PATH, else the one Playwright installed."""
    from playwright.sync_api import sync_playwright

    names = ("chromium", "chromium-browser", "google-chrome")
    found = next((path for path in map(shutil.which, names) if path), None)
    playwright = _playing.enter_context(sync_playwright())
    browser = playwright.chromium.launch(executable_path=found, args=CHROMIUM_ARGS)
    _playing.callback(browser.close)
    return browser


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(nextitem: pytest.Item | None) -> None:
    """Ends Playwright before a test of another folder, which may want an event loop of its own."""
    if nextitem is None or Path(__file__).parent not in nextitem.path.parents:
        _playing.close()


@dataclass
class LabServer:
    """A running JupyterLab: its folder and where it answers."""

    folder: Path
    url: str
    token: str

    def notebook(self, name: str, *cells: str) -> str:
        """Writes a notebook of code cells and returns its name."""
        nb = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
        nb.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
        nbformat.write(nb, self.folder / name)
        return name


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabServer]:
    """A JupyterLab server on a free port, started for the session and ended with it."""
    home = tmp_path_factory.mktemp("lab")
    folder = home / "notebooks"
    folder.mkdir()
    settings = home / "settings" / "@jupyterlab" / "apputils-extension"
    settings.mkdir(parents=True)
    (settings / "notification.jupyterlab-settings").write_text('{"fetchNews": "false", "checkForUpdates": false}')
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = {
        "ServerApp.ip": "127.0.0.1",
        "ServerApp.port": port,
        "ServerApp.port_retries": 0,
        "ServerApp.root_dir": folder,
        "ServerApp.open_browser": False,
        "ServerApp.allow_root": True,
        "IdentityProvider.token": "browser-test",
        "LabApp.expose_app_in_browser": True,
        "LabApp.user_settings_dir": home / "settings",
        "LabApp.workspaces_dir": home / "workspaces",
        "LabApp.extension_manager": "readonly",
        "LabApp.news_url": "",
    }
    places = {f"JUPYTER_{kind}_DIR": str(home / kind.lower()) for kind in ("CONFIG", "DATA", "RUNTIME")}
    server = subprocess.Popen(
        [sys.executable, "-m", "jupyterlab", *(f"--{key}={value}" for key, value in options.items())],
        env={**os.environ, **places, "IPYTHONDIR": str(home / "ipython"), "PYDEVD_DISABLE_FILE_VALIDATION": "1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    log: list[str] = []
    for line in server.stderr:
        log.append(line)
        if f"http://127.0.0.1:{port}/lab" in line:
            break
    else:
        pytest.fail(f"JupyterLab did not start:\n{''.join(log)}")
    reader = threading.Thread(target=lambda: log.extend(server.stderr), daemon=True)
    reader.start()
    yield LabServer(folder, f"http://127.0.0.1:{port}", "browser-test")
    server.terminate()
    try:
        server.wait(10)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait(10)
    reader.join(10)
    server.stderr.close()
    ARTIFACTS.mkdir(exist_ok=True)
    (ARTIFACTS / "jupyterlab.log").write_text("".join(log))


@dataclass
class Faults:
    """What went wrong in a page, as texts."""

    seen: list[str] = field(default_factory=list)

    def watch(self, page) -> None:
        """Collects console errors, script errors, HTTP errors and requests that leave this machine."""
        page.on("console", lambda m: m.type == "error" and self.seen.append(f"console: {m.text} {m.location}"))
        page.on("pageerror", lambda e: self.seen.append(f"script: {e}"))
        page.on("response", lambda r: r.status >= 400 and self.seen.append(f"HTTP {r.status}: {r.url}"))
        page.on("request", lambda r: self._check(r.url))

    def _check(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("data", "blob") and parts.hostname != "127.0.0.1":
            self.seen.append(f"left the machine: {url}")


@pytest.fixture
def faults() -> Iterator[Faults]:
    """What went wrong in the pages that a test watches; a test may take out what it expects. The rest fails it."""
    found = Faults()
    yield found
    assert not found.seen, "\n".join(found.seen)


class NotebookPage:
    """A notebook open in JupyterLab: run it, look at it, ask its kernel."""

    def __init__(self, page) -> None:
        self.page = page

    def run_all(self) -> None:
        """Runs every cell and waits until the last one is done."""
        done = self.page.evaluate(
            "async () => { await jupyterapp.commands.execute('notebook:run-all-cells');"
            " return jupyterapp.shell.currentWidget.content.widgets.flatMap("
            "   c => c.model.type === 'code' ? c.model.outputs.toJSON().filter(o => o.output_type === 'error') : []) }"
        )
        assert not done, f"a cell failed: {done[0]['ename']}: {done[0]['evalue']}"

    def kernel(self, expression: str):
        """The value of a Python expression in the notebook's kernel, by way of JSON."""
        reply = self.page.evaluate(
            """async (code) => {
              const kernel = jupyterapp.shell.currentWidget.sessionContext.session.kernel;
              const future = kernel.requestExecute({code: 'import json', silent: true, user_expressions: {v: code}});
              return (await future.done).content.user_expressions.v;
            }""",
            f"json.dumps({expression})",
        )
        assert reply["status"] == "ok", f"{reply['ename']}: {reply['evalue']}"
        return json.loads(ast.literal_eval(reply["data"]["text/plain"]))

    def wait_for_kernel(self, expression: str) -> None:
        """Waits until a Python expression is true in the kernel, asking again with each painted frame."""
        for _ in range(600):
            if self.kernel(f"bool({expression})"):
                return
            self.page.evaluate("() => new Promise(requestAnimationFrame)")
        raise AssertionError(f"never true in the kernel: {expression}")

    def theme(self, name: str) -> None:
        """Turn to the theme `Light` or `Dark`; the next notebook is opened in it too."""
        there = self.page.locator(f"body[data-jp-theme-light={str(name == 'Light').lower()}]")
        if not there.count():
            self.page.evaluate(f"jupyterapp.commands.execute('apputils:change-theme', {{theme: 'JupyterLab {name}'}})")
            there.wait_for(state="attached")

    def settle(self) -> None:
        """Wait until what the kernel has sent is here."""
        self.page.evaluate(ALL_SENT)

    def shut_down(self) -> None:
        """End the kernel, if there is one, when all it has sent is here: it would break off within a large message."""
        self.settle()
        self.page.evaluate("jupyterapp.shell.currentWidget.sessionContext.shutdown()")

    def chart(self, number: int = 0):
        """The graph of a drawn chart, as a locator."""
        locator = self.page.locator(".js-plotly-plot").nth(number)
        locator.locator(".barscope-legend").first.wait_for(timeout=TIMEOUT_MS)
        return locator

    def shot(self, name: str) -> Path:
        """A screenshot in test-artifacts/."""
        ARTIFACTS.mkdir(exist_ok=True)
        path = ARTIFACTS / f"{name}.png"
        self.page.screenshot(path=path)
        return path


@pytest.fixture
def open_notebook(lab: LabServer, chromium):
    """Opens a notebook in a new browser window of 1,280 × 900 pixels; a fault in any window fails the test.

    The kernels end with the test, and the theme is light again for the next one.
    """
    faults, notebooks = Faults(), []

    def open_(name: str, width: int = 1280, height: int = 900) -> NotebookPage:
        context = chromium.new_context(viewport={"width": width, "height": height})
        context.set_default_timeout(TIMEOUT_MS)
        page = context.new_page()
        notebooks.append(NotebookPage(page))
        faults.watch(page)
        page.goto(f"{lab.url}/doc/tree/{name}?token={lab.token}")
        page.wait_for_function(
            "() => globalThis.jupyterapp?.shell?.currentWidget?.sessionContext?.session?.kernel?.status === 'idle'"
        )
        return notebooks[-1]

    yield open_
    for notebook in notebooks:
        notebook.settle()
    seen = list(faults.seen)  # what a kernel breaks off while it ends is none
    for notebook in notebooks:
        notebook.shut_down()
        notebook.theme("Light")
        notebook.page.context.close()
    assert not seen, "\n".join(seen)
