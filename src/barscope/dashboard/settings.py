"""What the dashboard's server is told when it starts."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

SNAPSHOT = "BARSCOPE_DASHBOARD_SNAPSHOT"
WORKSPACE = "BARSCOPE_DASHBOARD_WORKSPACE"
NOTEBOOK = "BARSCOPE_DASHBOARD_NOTEBOOK"
TOKEN = "BARSCOPE_DASHBOARD_TOKEN"  # noqa: S105  # the name of a variable

PACKAGED_NOTEBOOK = Path(__file__).parent / "dashboard.ipynb"


@dataclass(frozen=True, slots=True)
class Settings:
    """How and what to serve.

    Attributes:
        port: Where to listen.
        host: The address to listen on; a visitor's browser has to use this very name.
        token: What a visitor has to know; empty lets everyone in.
        snapshot: The published file to show; None shows the workspace.
        workspace: The live workspace to show; None shows the snapshot.
        notebook: Its code cells are all that a kernel runs.
        places: Viewers at a time; each has a process of their own.
        prepared: Pages kept ready for the next viewers, besides the places.
        away_s: How long a place is kept for a page that is not connected.
        idle_s: How long it is kept for a page that is connected but says nothing.
    """

    port: int
    host: str = "127.0.0.1"
    token: str = ""
    snapshot: Path | None = None
    workspace: Path | None = None
    notebook: Path = PACKAGED_NOTEBOOK
    places: int = 4
    prepared: int = 1
    away_s: float = 30.0
    idle_s: float = 1800.0

    @property
    def hosts(self) -> frozenset[str]:
        """What the Host header of a request may say."""
        names = {self.host, "localhost"} if self.host == "127.0.0.1" else {self.host}
        return frozenset(f"{f'[{name}]' if ':' in name else name}:{self.port}" for name in names)

    @property
    def source(self) -> Mapping[str, str]:
        """The environment variables that tell a kernel what to show."""
        told = {SNAPSHOT: self.snapshot, WORKSPACE: self.workspace, NOTEBOOK: self.notebook}
        return {name: str(path.absolute()) for name, path in told.items() if path is not None}
