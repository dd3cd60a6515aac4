"""The process behind one viewer: a kernel that runs the dashboard's notebook and nothing else.

It has no handlers for completing, inspecting, history, debugging or input, executes only the cells of the notebook it
was started with, and hears a page through the front door. `python -m barscope.dashboard.kernel -f FILE` starts it.
"""

from __future__ import annotations

import json
import logging
import os
import resource
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ipykernel.comm import Comm
from ipykernel.ipkernel import IPythonKernel
from ipykernel.kernelapp import IPKernelApp
from traitlets.config import Config

from barscope.dashboard.messages import CONTROL_TARGET
from barscope.dashboard.settings import NOTEBOOK, PACKAGED_NOTEBOOK, SNAPSHOT
from barscope.workspace.read_only_imports import forbid_write_paths

if TYPE_CHECKING:
    from barscope.dashboard.front_door import FrontDoor

MOST_MEMORY = 6 * 2**30
"""Bytes of address space; numerical libraries reserve several times what they use."""
MOST_FILES = 256
NICENESS = 5

CONFIG = Config(
    {
        "InteractiveShellApp": {
            "ignore_cwd": True,
            "exec_PYTHONSTARTUP": False,
            "reraise_ipython_extension_failures": False,
        },
        "HistoryManager": {"enabled": False},
        "ZMQInteractiveShell": {"autocall": 0, "colors": "nocolor"},
    }
)


class DashboardKernel(IPythonKernel):  # type: ignore[misc]  # carries no types
    """Runs the cells of one notebook; a page reaches its widgets through the front door."""

    msg_types = ("execute_request", "kernel_info_request", "comm_info_request")
    control_msg_types = ("kernel_info_request", "shutdown_request")
    _supports_kernel_subshells = False  # or a page would ask for one and wait

    def __init__(self, **kwargs: Any) -> None:  # noqa: ANN401  # those of the kernel
        super().__init__(**kwargs)
        self._cells = _code_cells(Path(os.environ.get(NOTEBOOK, PACKAGED_NOTEBOOK)))
        self._door: FrontDoor | None = None
        self._control: Comm | None = None
        self.shell_handlers |= {"comm_open": self._comm_open, "comm_msg": self._comm_msg}
        del self.shell_handlers["comm_close"]
        self.shell.display_pub.register_hook(self._note_shown)

    @property
    def door(self) -> FrontDoor:
        """Made when the first widget is: they take a second to import, and the server wants an early answer."""
        if self._door is None:
            from barscope.dashboard.front_door import FrontDoor

            self._door = FrontDoor()
        return self._door

    async def do_execute(self, code: str, silent: bool, **kwargs: Any) -> dict[str, Any]:  # noqa: ANN401
        """Execute a cell of the notebook. Anything else is not executed, and answered as if it had said nothing.

        An error would abort what waits behind it: the cell, for Voila begins with an assignment of its own.
        """
        if code not in self._cells or kwargs.get("user_expressions"):
            return {"status": "ok", "execution_count": self.execution_count, "payload": [], "user_expressions": {}}
        answer: dict[str, Any] = await super().do_execute(code, silent, **kwargs)
        return answer

    async def comm_info_request(self, stream: Any, ident: Any, parent: dict[str, Any]) -> None:  # noqa: ANN401
        """Name the widgets that the page shows, and no others."""
        comms = {model_id: {"target_name": "jupyter.widget"} for model_id in self.door.known()}
        self.session.send(stream, "comm_info_reply", {"comms": comms, "status": "ok"}, parent, ident)

    def _note_shown(self, message: dict[str, Any]) -> dict[str, Any]:
        view = message["content"].get("data", {}).get("application/vnd.jupyter.widget-view+json")
        if view:
            self.door.show(view["model_id"])
        return message

    def _comm_open(self, _stream: Any, _ident: Any, message: dict[str, Any]) -> None:  # noqa: ANN401
        """The channel over which a page asks for all states; one at a time, and no page makes a widget."""
        content = message["content"]
        if content.get("target_name") != CONTROL_TARGET:
            return
        if self._control is not None:
            self.comm_manager.unregister_comm(self._control)
        self._control = Comm(comm_id=content["comm_id"], primary=False, target_name=CONTROL_TARGET, show_warning=False)
        self.comm_manager.register_comm(self._control)

    def _comm_msg(self, stream: Any, ident: Any, message: dict[str, Any]) -> None:  # noqa: ANN401
        content = message["content"]
        comm_id, data = content.get("comm_id"), content.get("data")
        if self._control is not None and comm_id == self._control.comm_id:
            if data == {"method": "request_states"}:
                states, buffers = self.door.states()
                self._control.send(states, buffers=buffers)
        elif isinstance(data, dict) and (admitted := self.door.admitted(comm_id, data)):
            delivered = {**message, "content": {**content, "data": admitted}, "buffers": []}
            self.comm_manager.comm_msg(stream, ident, delivered)


class DashboardKernelApp(IPKernelApp):  # type: ignore[misc]  # carries no types
    """The kernel as a program that reads no settings but its own."""

    def load_config_file(self, *_args: object, **_kwargs: object) -> None:
        """Read none."""


def _code_cells(notebook: Path) -> frozenset[str]:
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    return frozenset("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")


def _limit_process() -> None:
    """What this process may use of the machine, whatever a viewer makes it do."""
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    resource.setrlimit(resource.RLIMIT_NOFILE, (MOST_FILES, MOST_FILES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.nice(NICENESS)


def _forbid_files() -> None:
    """From here on no file can grow: a snapshot needs none."""
    tempfile.gettempdir()  # found by writing; names of cells are made of it
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


def main() -> None:
    """Serve one viewer until the server ends this process."""
    _limit_process()
    forbid_write_paths()
    logging.getLogger("Comm").setLevel(logging.ERROR)  # it warns of a page's messages that come before their channel
    app = DashboardKernelApp.instance(kernel_class=DashboardKernel, config=CONFIG)
    app.initialize()
    if SNAPSHOT in os.environ:
        _forbid_files()
    app.start()


if __name__ == "__main__":
    main()
