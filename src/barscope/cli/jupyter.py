"""JupyterLab as a child process: on 127.0.0.1 only, behind a token, gone with the command that started it."""

from __future__ import annotations

import os
import secrets
import signal
import socket
import subprocess
import sys
import webbrowser
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from barscope.cli.console import answer, say
from barscope.errors import BarscopeError

if TYPE_CHECKING:
    from collections.abc import Iterator

HOST = "127.0.0.1"
_SETTINGS = Path(__file__).parent / "lab_settings"
_POLL_S = 0.1
_PATIENCE_S = 15.0


def open_lab(
    folder: Path, document: str | None, workspace: Path, *, port: int | None = None, browser: bool = True
) -> None:
    """Serve JupyterLab until Ctrl-C or SIGTERM.

    Args:
        folder: What Lab shows; nothing outside of it.
        document: What it opens, relative to the folder.
        workspace: What `barscope.Workspace()` means in its notebooks.
        port: Of 127.0.0.1; None is a free one.
        browser: Whether to open a browser where there is a display. The URL is printed in any case.

    Raises:
        BarscopeError: If the port is taken or JupyterLab does not start.
    """
    port = _free_port(port)
    token = secrets.token_urlsafe(24)
    url = f"http://{HOST}:{port}/lab{f'/tree/{quote(document)}' if document else ''}?token={token}"
    with _signals_interrupt(), _running(_command(folder, port), _environment(token, workspace)) as lab:
        _wait_until_up(lab, port)
        answer(url)
        say("JupyterLab is running; Ctrl-C ends it")
        if browser and _has_display():
            webbrowser.open(url)
        lab.wait()
        raise BarscopeError(f"JupyterLab ended by itself with status {lab.returncode}; its messages are above")


def _command(folder: Path, port: int) -> list[str]:
    return [
        sys.executable,
        "-P",  # a pandas.py in the user's folder is not the pandas of JupyterLab
        "-m",
        "jupyterlab",
        f"--ServerApp.ip={HOST}",
        f"--ServerApp.port={port}",
        "--ServerApp.port_retries=0",
        f"--ServerApp.root_dir={folder}",
        "--ServerApp.open_browser=False",
        f"--ServerApp.allow_root={os.geteuid() == 0}",
        f"--LabApp.app_settings_dir={_SETTINGS}",
        "--LabApp.news_url=",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        "--LabApp.log_level=ERROR",
        "--ServerApp.log_level=ERROR",
    ]


def _environment(token: str, workspace: Path) -> dict[str, str]:
    """The token travels in the environment because other users can read the arguments of a process."""
    return {**os.environ, "JUPYTER_TOKEN": token, "BARSCOPE_WORKSPACE": str(workspace.absolute())}


@contextmanager
def _signals_interrupt() -> Iterator[None]:
    """SIGTERM, and SIGHUP of a closed terminal, end the block as Ctrl-C does, and like it without an error.

    SIGINT is set anew because polars replaces its handler by one that does not interrupt a wait.
    """
    signals = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {sign: signal.signal(sign, signal.default_int_handler) for sign in signals}
    try:
        yield
    except KeyboardInterrupt:
        say("JupyterLab is stopped")
    finally:
        for sign, handler in before.items():
            signal.signal(sign, handler)


@contextmanager
def _running(command: list[str], environment: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """A child in a session of its own, so that Ctrl-C reaches only this process, which then ends the child."""
    child = subprocess.Popen(  # noqa: S603  # no shell, and every argument is ours
        command, env=environment, stdin=subprocess.DEVNULL, start_new_session=True
    )
    try:
        yield child
    finally:
        child.terminate()  # JupyterLab then ends its kernels
        try:
            child.wait(_PATIENCE_S)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()


def _wait_until_up(lab: subprocess.Popen[bytes], port: int) -> None:
    while not _answers(port):
        try:
            status = lab.wait(_POLL_S)
        except subprocess.TimeoutExpired:
            continue
        raise BarscopeError(f"JupyterLab did not start (status {status}); its messages are above")


def _answers(port: int) -> bool:
    with closing(socket.socket()) as probe:
        return probe.connect_ex((HOST, port)) == 0


def _free_port(wanted: int | None) -> int:
    with closing(socket.socket()) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a port that was just in use is free
        try:
            probe.bind((HOST, wanted or 0))
        except OSError as error:
            raise BarscopeError(f"port {wanted} of {HOST} cannot be used: {error.strerror}. Leave out --port") from None
        return int(probe.getsockname()[1])


def _has_display() -> bool:
    return sys.platform == "darwin" or any(map(os.environ.get, ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER")))
