"""A server as a child process: behind a token, gone with the command that started it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import webbrowser
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from barscope.cli.console import answer, say
from barscope.errors import BarscopeError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

LOCAL = "127.0.0.1"
_POLL_S = 0.1
_PATIENCE_S = 15.0


@dataclass(frozen=True, slots=True)
class Server:
    """A Python module that serves.

    Attributes:
        name: What it is called in messages.
        arguments: The module and its arguments; other users of the machine can read them.
        environment: All of it; the place for a token.
        address: Host and port where it will answer.
        url: What the user opens.
    """

    name: str
    arguments: Sequence[str]
    environment: Mapping[str, str]
    address: tuple[str, int]
    url: str


def serve(server: Server, *, browser: bool) -> None:
    """Run a server until Ctrl-C or SIGTERM.

    Args:
        server: What to run.
        browser: Whether to open a browser where there is a display. The URL is printed in any case.

    Raises:
        BarscopeError: If it does not start, or ends by itself.
    """
    with _signals_interrupt(server.name), _running(server) as child:
        _wait_until_up(server, child)
        answer(server.url)
        say(f"{server.name} is running; Ctrl-C ends it")
        if browser and _has_display():
            webbrowser.open(server.url)
        child.wait()
        raise BarscopeError(f"{server.name} ended by itself with status {child.returncode}; its messages are above")


def free_port(wanted: int | None, host: str = LOCAL) -> int:
    """A port to serve at: the wanted one, or any that is free.

    Raises:
        BarscopeError: If the port is taken, or the host is not of this machine.
    """
    try:
        family, _, _, _, address = socket.getaddrinfo(host, wanted or 0, type=socket.SOCK_STREAM)[0]
        with closing(socket.socket(family)) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a port that was just in use is free
            probe.bind(address)
            return int(probe.getsockname()[1])
    except OSError as error:
        where = f"port {wanted} of {host}" if wanted else f"the address {host}"
        remedy = "Leave out --port" if wanted else "Name an address of this machine"
        raise BarscopeError(f"{where} cannot be used: {error.strerror}. {remedy}") from None


@contextmanager
def _signals_interrupt(name: str) -> Iterator[None]:
    """SIGTERM, and SIGHUP of a closed terminal, end the block as Ctrl-C does, and like it without an error.

    SIGINT is set anew because polars replaces its handler by one that does not interrupt a wait.
    """
    signals = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {sign: signal.signal(sign, signal.default_int_handler) for sign in signals}
    try:
        yield
    except KeyboardInterrupt:
        say(f"{name} is stopped")
    finally:
        for sign, handler in before.items():
            signal.signal(sign, handler)


@contextmanager
def _running(server: Server) -> Iterator[subprocess.Popen[bytes]]:
    """A child in a session of its own, so that Ctrl-C reaches only this process, which then ends the child.

    A `pandas.py` in the user's folder is not the pandas of the server: `-P`.
    """
    child = subprocess.Popen(  # noqa: S603  # no shell, and every argument is ours
        [sys.executable, "-P", "-m", *server.arguments],
        env=dict(server.environment),
        stdin=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield child
    finally:
        child.terminate()  # it then ends its kernels
        try:
            child.wait(_PATIENCE_S)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()


def _wait_until_up(server: Server, child: subprocess.Popen[bytes]) -> None:
    while not _answers(server.address):
        try:
            status = child.wait(_POLL_S)
        except subprocess.TimeoutExpired:
            continue
        raise BarscopeError(f"{server.name} did not start (status {status}); its messages are above")


def _answers(address: tuple[str, int]) -> bool:
    try:
        with closing(socket.create_connection(address, timeout=_PATIENCE_S)):
            return True
    except OSError:
        return False


def _has_display() -> bool:
    return sys.platform == "darwin" or any(map(os.environ.get, ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER")))
