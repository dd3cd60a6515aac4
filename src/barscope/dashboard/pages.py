"""Pages, each with a kernel of its own: made ahead, so that a viewer does not wait for Python to start."""

from __future__ import annotations

import asyncio
import sys
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import nbformat
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_server.services.kernels.kernelmanager import AsyncMappingKernelManager
from tornado.web import HTTPError
from traitlets.config import Config
from voila.configuration import VoilaConfiguration
from voila.notebook_renderer import NotebookRenderer
from voila.utils import get_page_config

from barscope.dashboard.environment import kernel_environment
from barscope.dashboard.files import EXTENSIONS, TEMPLATE, TEMPLATES, file_addresses, template_paths

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from logging import Logger
    from pathlib import Path

    from barscope.dashboard.environment import Folders
    from barscope.dashboard.settings import Settings

Edition = tuple[int, int] | None

_KERNEL = "barscope"
_COMMAND = [sys.executable, "-P", "-m", "barscope.dashboard.kernel", "-f", "{connection_file}"]
_CONFIG = Config(
    {
        "ConnectionFileMixin": {"transport": "ipc"},
        "KernelManager": {"autorestart": False, "shutdown_wait_time": 0.5},
        "TemplateExporter": {"extra_template_basedirs": [str(TEMPLATES)]},
        "VoilaConfiguration": {
            "template": TEMPLATE,
            "allow_template_override": "NO",
            "allow_theme_override": "NO",
            "strip_sources": True,
            "show_tracebacks": False,
            "file_allowlist": [],
            "file_denylist": [".*"],
            "extension_allowlist": list(EXTENSIONS),
        },
    }
)


class KernelSpecs(KernelSpecManager):  # type: ignore[misc]  # carries no types
    """The one kernel there is."""

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        """The dashboard's kernel, whatever it is called."""
        return KernelSpec(argv=_COMMAND, display_name=kernel_name, language="python")


class Kernels(AsyncMappingKernelManager):  # type: ignore[misc]  # carries no types
    """Processes that live in a folder and an environment of ours."""

    def __init__(self, folders: Folders, settings: Settings) -> None:
        super().__init__(
            config=_CONFIG,
            connection_dir=str(folders.sockets),
            kernel_spec_manager=KernelSpecs(),
            buffer_offline_messages=False,
            root_dir=str(folders.empty),
        )
        self._folders = folders
        self._environment = kernel_environment(folders, settings)

    async def begin(self) -> str:
        """Start a kernel and return its id."""
        kernel_id: str = await self.start_kernel(
            kernel_name=_KERNEL, env=dict(self._environment), cwd=str(self._folders.empty)
        )
        return kernel_id

    async def is_running(self, kernel_id: str) -> bool:
        """Whether the process of a kernel is there."""
        return kernel_id in self and bool(await self.get_kernel(kernel_id).is_alive())

    async def end(self, kernel_id: str) -> None:
        """End the process of a kernel, if it is still there."""
        if kernel_id in self:
            with suppress(HTTPError):  # ended meanwhile
                await self.shutdown_kernel(kernel_id, now=True)

    async def end_all(self) -> None:
        """End them all."""
        await asyncio.gather(*map(self.end, self.list_kernel_ids()))


class Renderer(NotebookRenderer):  # type: ignore[misc]  # carries no types
    """Voila's, with a notebook that is read from where we say."""

    async def load_notebook(self, path: str) -> nbformat.NotebookNode:
        """Read the notebook; its kernel is ours."""
        notebook = nbformat.read(path, as_version=4)
        notebook.metadata.kernelspec = {"name": _KERNEL, "display_name": _KERNEL, "language": "python"}
        return notebook


def edition_of(snapshot: Path | None) -> Edition:
    """What tells a published file from the one that stood in its place before; None for a live workspace."""
    if snapshot is None or not snapshot.exists():
        return None
    found = snapshot.stat()
    return found.st_dev, found.st_ino


class Page:
    """A page that is being made; read it while it is.

    Attributes:
        kernel_id: Its kernel.
        edition: Which published file its kernel opened.
    """

    def __init__(self, kernel_id: str, edition: Edition, pieces: AsyncIterator[str]) -> None:
        self.kernel_id = kernel_id
        self.edition = edition
        self._queue: asyncio.Queue[str | None] = asyncio.Queue()
        self._making = asyncio.ensure_future(self._make(pieces))

    async def _make(self, pieces: AsyncIterator[str]) -> None:
        try:
            async for piece in pieces:
                self._queue.put_nowait(piece)
        finally:
            self._queue.put_nowait(None)

    def stop(self) -> None:
        """Make no more of it: nobody will read it."""
        self._making.cancel()

    async def read(self) -> AsyncIterator[str]:
        """The pieces of its HTML; once."""
        while (piece := await self._queue.get()) is not None:
            yield piece
        await self._making


class Pages:
    """Makes pages, some of them ahead."""

    def __init__(self, kernels: Kernels, settings: Settings, log: Logger) -> None:
        self._kernels = kernels
        self._notebook = settings.notebook
        self._prepared = settings.prepared
        self._snapshot = settings.snapshot
        self._configuration = VoilaConfiguration(config=_CONFIG)
        self._addresses = file_addresses()
        self._log = log
        self._ready: deque[asyncio.Task[Page]] = deque()

    def prepare(self) -> None:
        """Begin with as many pages as are to be ready."""
        while len(self._ready) < self._prepared:
            self._ready.append(asyncio.ensure_future(self._make()))

    async def close(self) -> None:
        """Make no more, and end the kernels of all pages."""
        await asyncio.gather(*self._ready, return_exceptions=True)
        await self._kernels.end_all()

    async def take(self) -> Page:
        """A page for a viewer: one that was prepared, or a new one; never one of a snapshot that was replaced since."""
        while self._ready:
            page = await self._ready.popleft()
            if page.edition == edition_of(self._snapshot) and await self._kernels.is_running(page.kernel_id):
                break
            page.stop()
            await self._kernels.end(page.kernel_id)
        else:
            page = await self._make()
        self.prepare()
        return page

    async def _make(self) -> Page:
        renderer = self._renderer()
        await renderer.initialize()
        edition = edition_of(self._snapshot)
        kernel_id = await self._kernels.begin()
        generated = renderer.generate_content_generator(kernel_id, self._kernels.get_kernel(kernel_id))
        return Page(kernel_id, edition, (piece async for piece, _resources in generated))

    def _renderer(self) -> Renderer:
        about = {"base_url": "/", "voila_configuration": self._configuration}
        settings: dict[str, Any] = {"mathjax_config": "", "mathjax_url": ""}
        return Renderer(
            **about,
            **settings,
            traitlet_config=_CONFIG,
            notebook_path=str(self._notebook),
            template_paths=template_paths(),
            kernel_spec_manager=self._kernels.kernel_spec_manager,
            page_config=get_page_config(**about, settings=settings, log=self._log) | self._addresses,
        )
