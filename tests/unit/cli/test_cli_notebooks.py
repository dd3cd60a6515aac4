"""Where the demo finds its notebook."""

from __future__ import annotations

import pytest

from barscope.cli.notebooks import FIRST, notebook_folder
from barscope.errors import StoreError


@pytest.fixture
def installed(tmp_path):
    """A package folder that holds the notebooks, as a wheel leaves it."""
    package = tmp_path / "site-packages" / "barscope"
    (package / "notebooks").mkdir(parents=True)
    (package / "notebooks" / FIRST).write_text("{}")
    return package


def test_an_installed_package_copies_its_notebooks_into_the_workspace(installed, tmp_path):
    """Outside the repository the user gets copies, in a folder that is made."""
    folder = notebook_folder(tmp_path / "ws", installed)
    assert folder == tmp_path / "ws" / "notebooks"
    assert (folder / FIRST).read_text() == "{}"


def test_a_copy_that_the_user_changed_is_kept(installed, tmp_path):
    """A second demo does not overwrite the user's work."""
    mine = notebook_folder(tmp_path / "ws", installed) / FIRST
    mine.write_text("mine")
    notebook_folder(tmp_path / "ws", installed)
    assert mine.read_text() == "mine"


def test_inside_the_repository_its_own_notebooks_are_opened(tmp_path, monkeypatch):
    """Whoever works in the repository edits the notebooks of the repository."""
    package = tmp_path / "repo" / "src" / "barscope"
    package.mkdir(parents=True)
    notebooks = tmp_path / "repo" / "notebooks"
    notebooks.mkdir()
    (notebooks / FIRST).write_text("{}")
    monkeypatch.chdir(package)
    assert notebook_folder(tmp_path / "ws", package) == notebooks
    monkeypatch.chdir(tmp_path)
    assert notebook_folder(tmp_path / "ws", package) == tmp_path / "ws" / "notebooks"


def test_an_installation_without_notebooks_is_an_error(tmp_path):
    """The error names the notebook and the remedy."""
    with pytest.raises(StoreError, match=rf"{FIRST}.*install barscope again"):
        notebook_folder(tmp_path / "ws", tmp_path / "lib" / "barscope")


def test_a_place_that_cannot_hold_the_copies_is_an_error(installed, tmp_path):
    """Where a file is in the way, the error says where the copies were to go."""
    (tmp_path / "ws").write_text("a file")
    with pytest.raises(StoreError, match=r"cannot be copied to .*ws"):
        notebook_folder(tmp_path / "ws", installed)
