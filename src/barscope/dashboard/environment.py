"""The surroundings of the server and of its kernels: nothing of the user's but what is named here."""

from __future__ import annotations

import os
import site
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from barscope.dashboard.settings import Settings

KEPT = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
KEPT_FOR_WORKSPACE = ("SECMASTER_DB_PATH", "RUNS_DB_PATH", "PRESETS_DB_PATH")
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "POLARS_MAX_THREADS")


@dataclass(frozen=True, slots=True)
class Folders:
    """Folders of one server, gone with it.

    Attributes:
        top: Holds the others, for this user alone.
    """

    top: Path

    @classmethod
    def make(cls, top: Path) -> Folders:
        """Make them."""
        folders = cls(top)
        for folder in (folders.empty, folders.sockets, folders.ipython):
            folder.mkdir(mode=0o700)
        folders.empty.chmod(0o500)
        return folders

    @property
    def empty(self) -> Path:
        """Where all processes work; also their home and every folder of settings."""
        return self.top / "empty"

    @property
    def sockets(self) -> Path:
        """Where server and kernels meet."""
        return self.top / "ipc"

    @property
    def ipython(self) -> Path:
        """Where IPython insists on a folder that it can write."""
        return self.top / "ipython"

    def environment(self, given: Mapping[str, str]) -> dict[str, str]:
        """An environment with no more of `given` than programs need to start."""
        kept = {name: given[name] for name in KEPT if name in given}
        user_site = {"PYTHONUSERBASE": site.getuserbase()} if site.ENABLE_USER_SITE else {}
        ours = {
            "HOME": self.empty,
            "TMPDIR": self.top,
            "IPYTHONDIR": self.ipython,
            "JUPYTER_CONFIG_DIR": self.empty,
            "JUPYTER_DATA_DIR": self.empty,
            "JUPYTER_RUNTIME_DIR": self.sockets,
            "JUPYTER_NO_CONFIG": 1,
            "JUPYTER_PLATFORM_DIRS": 1,
            "PYTHONSAFEPATH": 1,
            "PYTHONDONTWRITEBYTECODE": 1,
            "PYDEVD_DISABLE_FILE_VALIDATION": 1,
        }
        return kept | user_site | {name: str(value) for name, value in ours.items()}


def isolate(folders: Folders) -> None:
    """Turn this process away from the user's settings, secrets and working folder, for good."""
    kept = {name: os.environ[name] for name in KEPT_FOR_WORKSPACE if name in os.environ}
    environment = folders.environment(os.environ) | kept
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folders.empty)
    sys.path[:] = [entry for entry in sys.path if entry not in ("", ".")]


def kernel_environment(folders: Folders, settings: Settings) -> dict[str, str]:
    """All that a kernel has around it. The token is not among it, nor anything of a request."""
    environment = folders.environment(os.environ) | dict.fromkeys(THREADS, "1") | dict(settings.source)
    if settings.workspace is not None:
        environment |= {name: os.environ[name] for name in KEPT_FOR_WORKSPACE if name in os.environ}
    return environment
