"""Strategies from the user's files and from installed packages; what fails to load is reported, not raised."""

from __future__ import annotations

from typing import TYPE_CHECKING

from barscope.engine import registry
from barscope.indicators import registry as indicator_registry
from barscope.indicators.loading import LoadFailure, load_files, load_packages

if TYPE_CHECKING:
    from pathlib import Path


def load_folder(folder: str | Path) -> tuple[LoadFailure, ...]:
    """Loads the user's strategies from the files of a folder, which may define indicators too; see `load_files`."""
    return load_files(folder, "barscope_user_strategies", _forget)


def load_entry_points() -> tuple[LoadFailure, ...]:
    """Imports the modules that installed packages name under the entry points `barscope.strategies`."""
    return load_packages("barscope.strategies", _forget)


def _forget(module: str) -> None:
    registry.unregister_module(module)
    indicator_registry.unregister_module(module)
