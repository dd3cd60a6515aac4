"""Where the three databases and the user's own code of a workspace are."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class WorkspacePaths:
    """The files of a workspace.

    Attributes:
        folder: The workspace itself.
        secmaster: Source data.
        runs: Results.
        presets: The user's saved choices.
        indicators: A folder with the user's own indicators; it need not exist.
        strategies: A folder with the user's own strategies; it need not exist.
    """

    folder: Path
    secmaster: Path
    runs: Path
    presets: Path
    indicators: Path
    strategies: Path

    @classmethod
    def of(cls, folder: str | Path | None = None, environment: Mapping[str, str] = os.environ) -> WorkspacePaths:
        """The files of a folder; SECMASTER_DB_PATH, RUNS_DB_PATH and PRESETS_DB_PATH override.

        No folder is the one that BARSCOPE_WORKSPACE names, or `data`.
        """
        top = Path(folder or environment.get("BARSCOPE_WORKSPACE") or "data").expanduser().absolute()

        def path(name: str) -> Path:
            chosen = environment.get(f"{name.upper()}_DB_PATH")
            return Path(chosen).expanduser().absolute() if chosen else top / f"{name}.db"

        return cls(top, path("secmaster"), path("runs"), path("presets"), top / "indicators", top / "strategies")
