"""Indicators from files and packages."""

import importlib.metadata
import sys

import pytest

from barscope.errors import UnknownIndicatorError
from barscope.indicators import build_indicator, indicator_class, load_entry_points, load_folder

GOOD = """
from barscope.indicators import indicator

FACTOR = {factor}

@indicator
def {name}(close):
    return close * FACTOR
"""


def write(folder, name, factor=1, **texts):
    """A file with one good indicator."""
    (folder / f"{name}.py").write_text(GOOD.format(name=name, factor=factor))


def test_files_are_loaded_in_order(tmp_path):
    """Each file that does not start with an underscore is run; nothing is written beside it."""
    write(tmp_path, "wider")
    write(tmp_path, "_draft")
    (tmp_path / "notes.txt").write_text("not python")
    path = list(sys.path)
    assert load_folder(tmp_path) == ()
    assert indicator_class("wider").title == "wider"
    with pytest.raises(UnknownIndicatorError):
        indicator_class("_draft")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["_draft.py", "notes.txt", "wider.py"]
    assert sys.path == path


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("def broken(:", "SyntaxError: "),
        ("import nothing_of_that_name", "ModuleNotFoundError: No module named 'nothing_of_that_name'"),
        ("raise SystemExit(3)", "SystemExit: 3"),
        ("\x00", "SyntaxError: "),
    ],
)
def test_failing_file_is_reported_and_the_others_load(tmp_path, text, error):
    """A file that fails is returned with its path, error and traceback; it does not stop the others."""
    (tmp_path / "a_bad.py").write_text(text)
    write(tmp_path, "later")
    (failure,) = load_folder(tmp_path)
    assert failure.source == str(tmp_path / "a_bad.py")
    assert failure.error.startswith(error)
    assert failure.traceback.strip().endswith(failure.error) or "SyntaxError" in failure.traceback
    assert indicator_class("later")


def test_bytes_that_are_no_text_are_reported(tmp_path):
    """A file that is not UTF-8 is reported."""
    (tmp_path / "latin.py").write_bytes(b"# \xff\xfe\n")
    assert load_folder(tmp_path)[0].error.startswith("UnicodeDecodeError")


def test_failing_file_registers_nothing(tmp_path):
    """What a file defined before it failed is gone, and the traceback shows the line of the user's file."""
    write(tmp_path, "half")
    with (tmp_path / "half.py").open("a") as file:
        file.write("\n1 / 0  # here\n")
    (failure,) = load_folder(tmp_path)
    assert "1 / 0  # here" in failure.traceback
    with pytest.raises(UnknownIndicatorError):
        indicator_class("half")


def test_reload_takes_up_changes(tmp_path, bars):
    """Loading again computes with the edited code under another source hash, and forgets deleted files."""
    write(tmp_path, "edited", factor=1)
    write(tmp_path, "deleted")
    load_folder(tmp_path)
    before = build_indicator("edited")
    write(tmp_path, "edited", factor=3)
    assert before.source_hash() == build_indicator("edited").source_hash()
    (tmp_path / "deleted.py").unlink()
    assert load_folder(tmp_path) == ()
    after = build_indicator("edited")
    assert after.compute(bars)["edited"][0] == 3 * before.compute(bars)["edited"][0]
    assert after.source_hash() != before.source_hash()
    with pytest.raises(UnknownIndicatorError):
        indicator_class("deleted")


def test_two_files_with_one_name(tmp_path):
    """The second file that defines a name fails with an error that says where the first is."""
    write(tmp_path, "twice")
    (tmp_path / "z.py").write_text((tmp_path / "twice.py").read_text())
    (failure,) = load_folder(tmp_path)
    assert failure.source.endswith("z.py")
    assert "an indicator twice is already defined in" in failure.error
    assert indicator_class("twice")


def test_missing_folder(tmp_path):
    """A folder that does not exist holds no indicators."""
    assert load_folder(tmp_path / "nowhere") == ()


def test_entry_points(monkeypatch):
    """Packages that fail to import are reported by entry point, and the others load."""
    entries = [
        importlib.metadata.EntryPoint("good", "barscope.indicators.user", "barscope.indicators"),
        importlib.metadata.EntryPoint("bad", "nothing_of_that_name", "barscope.indicators"),
    ]
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda group: entries)
    (failure,) = load_entry_points()
    assert failure.source == "bad (nothing_of_that_name)"
    assert failure.error.startswith("ModuleNotFoundError")
