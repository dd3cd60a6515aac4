"""The source hash: equal for equal code, different after an edit of anything it depends on."""

import sys
from types import ModuleType

import pytest

from barscope.indicators import build_indicator

CELL = """
from barscope.indicators import Indicator, indicator

FACTOR = {factor}

def helper(x):
    return x * FACTOR + {shift}

class Cell(Indicator):
    {comment}
    def compute(self, bars):
        return helper(bars.close)
"""


@pytest.fixture
def run_cell(monkeypatch):
    """Runs a cell as a notebook does: in a module without a file, its text in no file."""
    module = ModuleType("notebook")
    monkeypatch.setitem(sys.modules, "notebook", module)

    def run(**values):
        text = CELL.format(**{"factor": 2, "shift": 0, "comment": "pass", **values})
        exec(compile(text, "<cell>", "exec"), module.__dict__)  # noqa: S102  # what a notebook does
        return module.Cell().source_hash()

    return run


def test_notebook_code_is_told_apart(run_cell):
    """An edit of the class, of a function it calls or of a constant that one reads changes the hash."""
    first = run_cell()
    assert run_cell() == first
    assert len({first, run_cell(factor=3), run_cell(shift=1), run_cell(comment="unit = 1")}) == 4


VALUES = """
from barscope.indicators import indicator
from my_library import smooth
import my_library

TABLE = {table}

def make(k):
    @indicator
    def Cell(close):
        return smooth(close) * k * TABLE["k"][0] + my_library.shift(close)
    return Cell

Cell = make({enclosed})
"""
LIBRARY = """
FACTOR = {factor}

def smooth(x):
    return x * FACTOR if x[0] not in {{1, 2}} else x

def shift(x):
    return x + {shift}
"""


@pytest.fixture
def run_with_library(monkeypatch, tmp_path):
    """Runs a cell that names a collection, encloses a number and imports a file of the user's."""
    module = ModuleType("notebook")
    monkeypatch.setitem(sys.modules, "notebook", module)

    def run(table="{'k': [1]}", enclosed=1, factor=1, shift=1):
        library = ModuleType("my_library")
        library.__file__ = str(tmp_path / "my_library.py")
        monkeypatch.setitem(sys.modules, "my_library", library)
        exec(LIBRARY.format(factor=factor, shift=shift), library.__dict__)  # noqa: S102  # what an import does
        text = VALUES.format(table=table, enclosed=enclosed)
        exec(compile(text, "<cell>", "exec"), module.__dict__)  # noqa: S102  # what a notebook does
        return module.Cell().source_hash()

    return run


def test_everything_the_code_names_counts(run_with_library):
    """A list in a dictionary, an enclosed number, a constant and two functions of an imported file."""
    edits = [{"table": "{'k': [2]}"}, {"enclosed": 2}, {"factor": 2}, {"shift": 2}]
    first = run_with_library()
    assert run_with_library() == first
    assert len({first, *(run_with_library(**edit) for edit in edits)}) == 5


def test_built_in_hash_is_stable_and_distinct():
    """Built-in classes have a hash that does not depend on parameters and differs between classes."""
    assert build_indicator("RSI").source_hash() == build_indicator("RSI", {"period": 3}).source_hash()
    assert len({build_indicator(name).source_hash() for name in ("RSI", "ATR", "SMA", "BBANDS")}) == 4


def test_hash_includes_the_source():
    """The code of a nested source counts."""
    of_high, of_rsi = (build_indicator("PeriodExtreme", {"source": name}) for name in ("High", "RSI"))
    assert of_high.source_hash() != of_rsi.source_hash()
