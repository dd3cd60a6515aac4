"""The files that install barscope agree with each other."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement

import barscope

ROOT = Path(__file__).parents[2]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
ENVIRONMENT = yaml.safe_load((ROOT / "environment.yml").read_text())
NOT_ON_CONDA_FORGE = {"databento-dbn", "ta-lib"}
"""What the conda environment takes from PyPI: not on conda-forge, or not in the version that is needed."""


def specifiers(requirements):
    """Name → versions of some requirements."""
    return {r.name: r.specifier for r in map(Requirement, requirements)}


@pytest.fixture
def conda():
    """Name → versions of what the conda environment installs, from conda-forge and from PyPI."""
    of_pip = next(entry["pip"] for entry in ENVIRONMENT["dependencies"] if isinstance(entry, dict))
    assert of_pip[-1] == "--editable ."
    from_conda = [entry for entry in ENVIRONMENT["dependencies"] if isinstance(entry, str)]
    return specifiers(from_conda), specifiers(of_pip[:-1])


def test_conda_and_pip_install_the_same(conda):
    """environment.yml and pyproject.toml list the same packages in the same versions."""
    from_conda, from_pip = conda
    del from_conda["pip"]
    python = from_conda.pop("python")
    assert str(python) == PYPROJECT["project"]["requires-python"]
    assert {**from_conda, **from_pip} == specifiers(PYPROJECT["project"]["dependencies"])


def test_only_what_conda_forge_lacks_comes_from_pypi(conda):
    """Everything else comes from conda-forge."""
    from_conda, from_pip = conda
    assert set(from_pip) == NOT_ON_CONDA_FORGE
    assert not set(from_conda) & NOT_ON_CONDA_FORGE


def test_the_version_is_stated_once_and_the_same():
    """The package says the version that pyproject.toml says."""
    assert barscope.__version__ == PYPROJECT["project"]["version"]


def test_the_wheel_carries_the_notebooks_and_all_data_files_are_in_the_package():
    """The notebooks are put into the wheel where `barscope demo` looks for them."""
    wheel = PYPROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert wheel["force-include"] == {"notebooks": "barscope/notebooks"}
    assert (ROOT / "src" / "barscope" / "cli" / "lab_settings" / "overrides.json").exists()


def test_continuous_integration_runs_make_test():
    """`.ci/run` can be run and is nothing but `make test`."""
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    commands = [line for line in script.read_text().splitlines() if line and not line.startswith(("#", "cd "))]
    assert commands == ["set -euo pipefail", "make test"]


def test_the_change_log_tells_of_this_version():
    """CHANGELOG.md has a section for the version or for what is not released yet."""
    text = (ROOT / "CHANGELOG.md").read_text()
    assert f"## [{barscope.__version__}]" in text or "## [Unreleased]" in text
