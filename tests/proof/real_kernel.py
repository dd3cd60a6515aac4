"""A real Jupyter kernel as a notebook has it, without a browser: cells, interrupts, messages of widgets, its end."""

from __future__ import annotations

import ast
import json
import os
from contextlib import suppress
from pathlib import Path
from queue import Empty
from tempfile import TemporaryDirectory

from jupyter_client.manager import KernelManager

ENOUGH_S = 60
PRESSES = 4


class NoAnswerError(AssertionError):
    """The kernel hangs."""


class RealKernel:
    """A kernel of this Python; its home is a folder of the test.

    Args:
        home: An empty folder, for what Jupyter and IPython keep.
    """

    def __init__(self, home: Path) -> None:
        home.mkdir(parents=True, exist_ok=True)
        kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
        self._environment = {**kept, "HOME": str(home), "IPYTHONDIR": str(home), "PYDEVD_DISABLE_FILE_VALIDATION": "1"}
        self._sockets = TemporaryDirectory(prefix="kernel-")  # their paths have to be short
        self.manager = KernelManager(kernel_name="python3", transport="ipc", ip=f"{self._sockets.name}/ipc")
        self.manager.connection_file = str(home / "connection.json")
        self.manager.start_kernel(env=self._environment)
        self.client = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(ENOUGH_S)

    def run(self, code: str, timeout: float = ENOUGH_S) -> None:
        """Run a cell to its end; an error in it fails the test."""
        reply = self._reply(self.client.execute(code, allow_stdin=False), timeout)
        assert reply["status"] == "ok", "\n".join(reply["traceback"])

    def value(self, expression: str, timeout: float = ENOUGH_S):
        """The value of an expression, by way of JSON."""
        asked = {"value": f"__import__('json').dumps({expression})"}
        message = self.client.execute("", silent=True, user_expressions=asked, allow_stdin=False)
        found = self._reply(message, timeout)["user_expressions"]["value"]
        assert found["status"] == "ok", "\n".join(found["traceback"])
        return json.loads(ast.literal_eval(found["data"]["text/plain"]))

    def begin(self, code: str) -> str:
        """Send a cell and wait until its first line is being run; gives its message.

        An interrupt before that would meet code of Jupyter, which then never answers.
        """
        message = self.client.execute(f"print('begun', flush=True)\n{code}", allow_stdin=False, stop_on_error=False)
        self.heard("stream", message)
        return message

    def interrupt(self, message: str) -> None:
        """Interrupt the cell of a message, which ends with that and nothing else.

        Python loses an interrupt that comes while it finalises an object: then it is pressed again, as a person would.
        """
        for _ in range(PRESSES):
            self.manager.interrupt_kernel()
            with suppress(NoAnswerError):
                reply = self._reply(message, ENOUGH_S / PRESSES)
                break
        else:
            raise NoAnswerError(f"{PRESSES} interrupts did not end the cell")
        assert reply.get("ename") == "KeyboardInterrupt", "\n".join(reply.get("traceback", [])) or reply

    def interrupted(self, code: str) -> None:
        """Run a cell that interrupts itself; what is asked of the kernel next is not taken for part of it."""
        reply = self._reply(self.client.execute(code, allow_stdin=False, stop_on_error=False), ENOUGH_S)
        assert reply.get("ename") == "KeyboardInterrupt", "\n".join(reply.get("traceback", [])) or reply

    def heard(self, kind: str, parent: str, timeout: float = ENOUGH_S) -> dict:
        """The next message of a kind that answers another."""
        while True:
            message = self.client.get_iopub_msg(timeout=timeout)
            if message["msg_type"] == kind and message["parent_header"].get("msg_id") == parent:
                return message["content"]

    def restart(self) -> None:
        """As the button does, and wait until it answers."""
        self.manager.restart_kernel(now=False)
        self.client.wait_for_ready(ENOUGH_S)

    def shut_down(self, *, now: bool = False) -> None:
        """End it: ask it to, as closing a notebook does, or kill it at once."""
        self.manager.shutdown_kernel(now=now)

    def close(self) -> None:
        """Let go of it, whatever state it is in."""
        self.client.stop_channels()
        if self.manager.has_kernel:
            self.manager.shutdown_kernel(now=True)
        self.manager.cleanup_resources()
        self._sockets.cleanup()

    def _reply(self, message: str, timeout: float) -> dict:
        try:
            while True:
                reply = self.client.get_shell_msg(timeout=timeout)
                if reply["parent_header"].get("msg_id") == message:
                    return reply["content"]
        except Empty:
            raise NoAnswerError(f"the kernel did not answer within {timeout:g} s") from None
