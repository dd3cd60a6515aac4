"""Strategies from the user's files."""

import pytest

from barscope.engine import registry
from barscope.engine.loading import load_folder
from barscope.engine.manifest import source_of
from barscope.errors import UnknownStrategyError

GOOD = '''
import barscope.engine.strategy as strategy


class FromFile(strategy.Strategy):
    """Does nothing."""

    symbols = ("A",)

    def on_bar(self, event):
        pass
'''


@pytest.fixture
def folder(tmp_path):
    """A folder for strategies whose classes are forgotten after the test."""
    yield tmp_path
    for path in tmp_path.glob("*.py"):
        path.unlink()
    load_folder(tmp_path)


def test_the_classes_of_a_folder_are_registered(folder):
    """With the text they were loaded from as their source."""
    (folder / "mine.py").write_text(GOOD)
    (folder / "_helper.py").write_text("raise ValueError")
    assert load_folder(folder) == ()
    cls = registry.strategy_class("FromFile")
    assert source_of(cls) == GOOD


def test_loading_again_takes_up_changes_and_drops_what_is_gone(folder):
    """The file is the truth."""
    (folder / "mine.py").write_text(GOOD)
    load_folder(folder)
    first = registry.strategy_class("FromFile")
    load_folder(folder)
    assert registry.strategy_class("FromFile") is not first
    (folder / "mine.py").unlink()
    load_folder(folder)
    with pytest.raises(UnknownStrategyError):
        registry.strategy_class("FromFile")


@pytest.mark.parametrize("end", ["raise ValueError('half way')", "import sys; sys.exit(2)", "def broken(:"])
def test_a_file_that_fails_is_reported_and_registers_nothing(folder, end):
    """The others load all the same."""
    (folder / "a_bad.py").write_text(f"{GOOD.replace('FromFile', 'HalfLoaded')}\n{end}\n")
    (folder / "b_good.py").write_text(GOOD)
    (failure,) = load_folder(folder)
    assert failure.source.endswith("a_bad.py")
    assert failure.error
    with pytest.raises(UnknownStrategyError):
        registry.strategy_class("HalfLoaded")
    assert registry.strategy_class("FromFile").name == "FromFile"


def test_a_file_cannot_take_the_name_of_a_shipped_strategy(folder):
    """It is reported instead."""
    (folder / "mine.py").write_text(GOOD.replace("FromFile", "SMACrossover"))
    (failure,) = load_folder(folder)
    assert "SMACrossover is already defined" in failure.error
