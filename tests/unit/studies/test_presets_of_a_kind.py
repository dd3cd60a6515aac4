"""The one shape of all presets: save, load, rename, delete, and what happens when two sessions change one."""

from __future__ import annotations

from contextlib import closing

import pytest

from barscope.errors import InvalidParameterError, PresetConflictError, SchemaVersionError, StoreError
from barscope.store.named_table import add_all
from barscope.store.presets import PresetStore
from barscope.studies.presets import VERSION, Presets, fields_of, versioned


def of_json(value):
    """A number kept with a version."""
    return fields_of(versioned(value), {"n"})["n"]


def numbers(store, **options):
    """Presets of numbers."""
    return Presets("number", store.explore_presets, lambda n: {"version": VERSION, "n": n}, of_json, **options)


@pytest.fixture
def store(tmp_path):
    """An open presets.db."""
    with closing(PresetStore(tmp_path / "presets.db")) as store:
        yield store


@pytest.fixture
def other(tmp_path, store):
    """The same file opened by another session."""
    with closing(PresetStore(tmp_path / "presets.db")) as store:
        yield numbers(store)


def test_saved_loaded_renamed_and_deleted(store):
    """A value comes back equal under the name it was given, without the blanks around it."""
    presets = numbers(store)
    presets.save("  b ", 2)
    presets.save("a", 1)
    assert presets.names() == ("a", "b")
    assert list(presets.list()) == [("a", 1), ("b", 2)]
    presets.rename("b", "c")
    assert presets.load("c") == 2
    presets.delete("c")
    presets.delete("c")
    assert presets.names() == ("a",)
    with pytest.raises(InvalidParameterError, match="no number preset b: there is a"):
        presets.load("b")
    with pytest.raises(InvalidParameterError, match="no number preset b: there is a"):
        presets.rename("b", "c")
    for name in ("", " ", "a\nb", "x" * 256, None):
        with pytest.raises(InvalidParameterError, match="blank, too long or not plain"):
            presets.save(name, 1)


def test_a_name_that_is_taken_is_not_lost(store):
    """A new preset does not take the place of one of its name, unless that is asked for."""
    presets = numbers(store)
    presets.save("a", 1)
    with pytest.raises(PresetConflictError, match=r"number preset a is there already.*load it again, save under ano"):
        presets.save("a", 2)
    assert presets.load("a") == 1
    presets.save("a", 2, overwrite=True)
    assert presets.load("a") == 2


def test_two_sessions_that_change_one_preset_conflict(store, other):
    """Whoever saves second over what the first has saved meanwhile is told, and nothing is lost."""
    presets = numbers(store)
    presets.save("a", 1)
    mine, theirs = presets.load("a"), other.load("a")
    other.save("a", 2, before=theirs)
    with pytest.raises(PresetConflictError, match="number preset a was changed by another session") as caught:
        presets.save("a", 3, before=mine)
    assert caught.value.name == "a"
    with pytest.raises(PresetConflictError, match="was changed by another session"):
        presets.delete("a", before=mine)
    assert presets.load("a") == 2
    presets.save("a", 3, before=presets.load("a"))
    other.delete("a")
    with pytest.raises(PresetConflictError, match="was deleted by another session"):
        presets.save("a", 4, before=3)
    assert other.names() == ()


def test_a_change_between_look_and_write_is_a_conflict(store, other):
    """Look and write are one transaction: what another session saves just before the write is seen."""
    presets = numbers(store)
    presets.save("a", 1)
    look = presets._expected

    def look_and_be_late(name, before):
        found = look(name, before)
        other.save("a", 2, before=1)
        return found

    presets._expected = look_and_be_late
    with pytest.raises(PresetConflictError, match="was changed"):
        presets.save("a", 3, before=1)
    assert other.load("a") == 2


@pytest.mark.parametrize(
    ("stored", "error", "message"),
    [
        ({"version": 2, "n": 1}, SchemaVersionError, "odd has version 2, this barscope reads up to 1: update"),
        ({"n": 1}, StoreError, "number preset odd is broken: it has no version. Delete it"),
        ({"version": True}, StoreError, "it has no version"),
        ([], StoreError, "it has no version"),
        ({"version": 1, "m": 1}, StoreError, "it has no n, unknown m"),
    ],
)
def test_what_cannot_be_read_is_named_and_the_rest_is_listed(store, stored, error, message):
    """A preset that is broken or newer harms only itself, and can be overwritten and deleted."""
    presets = numbers(store)
    presets.save("good", 1)
    store.explore_presets.set("odd", stored)
    with pytest.raises(error, match=message):
        presets.load("odd")
    found = presets.list()
    assert list(found) == [("good", 1)]
    assert [str(problem).startswith("the number preset odd ") for problem in found.problems] == [True]
    with pytest.raises(PresetConflictError):
        presets.save("odd", 2)
    presets.save("odd", 2, overwrite=True)
    assert presets.load("odd") == 2


def test_kinds_in_one_table_keep_apart(store):
    """Presets of another kind are neither listed nor overwritten, renamed or deleted."""
    even = numbers(store, is_ours=lambda stored: stored["n"] % 2 == 0)
    odd = numbers(store, is_ours=lambda stored: stored["n"] % 2 == 1)
    even.save("a", 2)
    assert odd.names() == ()
    for change in (
        lambda: odd.save("a", 1),
        lambda: odd.save("a", 1, overwrite=True),
        lambda: odd.delete("a"),
        lambda: odd.rename("a", "b"),
    ):
        with pytest.raises(InvalidParameterError, match=r"another kind|no number preset a"):
            change()
    assert even.load("a") == 2


def test_many_values_are_stored_in_one_transaction(store):
    """Either all of them are stored or, when one cannot be, none is."""
    table = store.explore_presets
    assert add_all(store.database, [(table, "a", 1), (table, "b", 2), (table, "a", 3)]) == (True, True, False)
    assert table.get("a") == 1
    assert add_all(store.database, [(table, "a", 3)], replace=True) == (True,)
    with pytest.raises(InvalidParameterError):
        add_all(store.database, [(table, "c", 1), (table, "", 2)])
    assert table.names() == ("a", "b")
    assert table.get("a") == 3
