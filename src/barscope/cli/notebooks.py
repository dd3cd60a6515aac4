"""Where the example notebooks are: in the repository, or copied out of the installed package."""

from __future__ import annotations

import shutil
from pathlib import Path

import barscope
from barscope.errors import StoreError

FIRST = "01_explore.ipynb"


def notebook_folder(workspace: Path, package: Path = Path(barscope.__file__).parent) -> Path:
    """A folder with the example notebooks that the user may change.

    Inside the repository these are its own; everywhere else, copies in the workspace, made once.

    Raises:
        StoreError: If the installation has no notebooks, or the copies cannot be written.
    """
    source = _source(package)
    here = Path.cwd()
    if source.parent in (here, *here.parents):
        return source
    target = workspace.absolute() / "notebooks"
    try:
        target.mkdir(parents=True, exist_ok=True)
        for notebook in source.glob("*.ipynb"):
            if not (target / notebook.name).exists():
                shutil.copyfile(notebook, target / notebook.name)
    except OSError as error:
        raise StoreError(f"the notebooks cannot be copied to {target}: {error.strerror}") from None
    return target


def _source(package: Path) -> Path:
    """`notebooks` in an installed package, or in the repository when the package is installed from there."""
    for folder in (package / "notebooks", package.parents[1] / "notebooks"):
        if (folder / FIRST).exists():
            return folder
    raise StoreError(f"there is no notebook {FIRST} beside {package}: install barscope again")
