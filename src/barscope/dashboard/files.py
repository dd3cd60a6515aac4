"""The files a page is made of: a list made once, so that no path can lead anywhere else."""

from __future__ import annotations

import hashlib
import sys
from http import HTTPStatus
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tornado.web import HTTPError, StaticFileHandler

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

TEMPLATE = "barscope"
TEMPLATES = Path(__file__).parent / "templates"
EXTENSIONS = ("@jupyter-widgets/jupyterlab-manager", "@voila-dashboards/widgets-manager8", "anywidget")
"""What a page loads: the widget managers and the widgets made with anywidget. Plotly is a file of the page's."""

_SHARED = Path(sys.prefix) / "share" / "jupyter"
_APPS = ("voila", "nbconvert")
_SUFFIXES = frozenset({".js", ".css", ".json", ".svg", ".png", ".ico", ".woff", ".woff2", ".ttf", ".eot"})


def served_files() -> dict[str, Path]:
    """URL path below `/voila/` → file."""
    voila = Path(str(files("voila")))
    roots = [(f"templates/{TEMPLATE}/static", folder / "static") for folder in template_folders()[::-1]]
    roots += [("static", voila / "static"), ("api/themes", _SHARED / "voila" / "themes")]
    for extension in EXTENSIONS:
        for folder in (_SHARED / "voila" / "labextensions", _SHARED / "labextensions"):
            roots.append((f"labextensions/{extension}", folder / extension))
    served = {f"{url}/{name}": path for url, root in roots for name, path in _files_in(root)}
    bundle = Path(str(files("plotly"))) / "package_data" / "widgetbundle.js"
    return served | {f"templates/{TEMPLATE}/static/plotly.js": bundle}


def kept_part(served: Mapping[str, Path]) -> str:
    """A part of the addresses of these files that differs when one of them does, so that a browser may keep them."""
    facts = ((url, path.stat()) for url, path in sorted(served.items()))
    told = "".join(f"{url} {stat.st_size} {stat.st_mtime_ns}\n" for url, stat in facts)
    return f"{hashlib.sha256(told.encode()).hexdigest()[:16]}/"


def file_addresses() -> dict[str, str]:
    """Where a page finds its files, as its settings name them."""
    root = f"/voila/{kept_part(served_files())}"
    return {
        "fullStaticUrl": f"{root}templates/{TEMPLATE}/static",
        "fullLabextensionsUrl": f"{root}labextensions",
    }


def template_folders() -> list[Path]:
    """Where our template and those it extends are, ours first."""
    return [TEMPLATES / TEMPLATE, *(_SHARED / app / "templates" / name for name in ("lab", "base") for app in _APPS)]


def template_paths() -> list[str]:
    """The same for Jinja, with the folders above them: templates name each other from there too."""
    above = [_SHARED / app / "templates" for app in _APPS]
    return [str(folder) for folder in (*template_folders(), *above, _SHARED)]


def _files_in(root: Path) -> Iterator[tuple[str, Path]]:
    for path in root.rglob("*"):
        if path.suffix in _SUFFIXES and path.is_file():
            yield path.relative_to(root).as_posix(), path


class ServedFile(StaticFileHandler):
    """One of the list, or 404."""

    def initialize(self, served: Mapping[str, Path], kept: str) -> None:  # type: ignore[override]  # no folder is served
        """Take the list, and the part of an address under which its files never change."""
        self._served = served
        self._kept = kept
        super().initialize("/")

    def parse_url_path(self, url_path: str) -> str:
        """The path as it is listed."""
        return url_path.removeprefix(self._kept)

    def get_absolute_path(self, _root: str, path: str) -> str:  # type: ignore[override]  # the list is the server's
        """The listed file."""
        if path not in self._served:
            raise HTTPError(HTTPStatus.NOT_FOUND)
        return str(self._served[path])

    def validate_absolute_path(self, _root: str, absolute_path: str) -> str:
        """Listed, so allowed."""
        return absolute_path

    def set_extra_headers(self, _path: str) -> None:
        """Kept for a year where the address changes with the file; elsewhere asked for again."""
        is_kept = self.request.path.startswith(f"/voila/{self._kept}")
        self.set_header("Cache-Control", f"private, {'max-age=31536000, immutable' if is_kept else 'no-cache'}")


def rule(served: Mapping[str, Path]) -> tuple[str, type[StaticFileHandler], dict[str, Any]]:
    """The Tornado rule that serves them."""
    return r"/voila/(.+)", ServedFile, {"served": served, "kept": kept_part(served)}
