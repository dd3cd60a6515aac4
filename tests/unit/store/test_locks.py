"""Locks between threads and processes."""

import pytest

from barscope.errors import ReadOnlyStoreError, StoreBusyError
from barscope.store.locks import FileLock, Gate, OwnerLocks


def test_one_holder_at_a_time_also_within_a_process(tmp_path):
    """A second lock on the same file waits until the first is released."""
    first, second = FileLock(tmp_path / "lock"), FileLock(tmp_path / "lock")
    assert first.try_acquire()
    assert first.held
    assert not second.try_acquire()
    assert not second.acquire(patience_s=0.005)
    first.release()
    assert not first.held
    assert second.try_acquire()
    second.release()


def test_releasing_twice_is_harmless(tmp_path):
    """release() of a lock that is not held does nothing, and does not remove the file of another holder."""
    first, second = FileLock(tmp_path / "lock"), FileLock(tmp_path / "lock")
    assert first.try_acquire()
    second.release(remove=True)
    assert (tmp_path / "lock").exists()
    first.release(remove=True)
    first.release(remove=True)
    assert not (tmp_path / "lock").exists()


def test_a_lock_on_a_removed_file_guards_nothing(tmp_path, monkeypatch):
    """Whoever opened the file just before its owner removed it locks the new file, not the ghost."""
    old, late, new = (FileLock(tmp_path / "lock") for _ in range(3))
    assert old.try_acquire()
    real = type(tmp_path).open

    def open_then_removed(path, *args, **kwargs):
        file = real(path, *args, **kwargs)
        monkeypatch.undo()
        old.release(remove=True)
        return file

    monkeypatch.setattr(type(tmp_path), "open", open_then_removed)
    assert late.try_acquire()
    assert not new.try_acquire()
    late.release()


def test_forgetting_an_inherited_lock_keeps_the_holder(tmp_path):
    """What a forked child does with an inherited lock does not free it for others while the parent has it open."""
    holder, other = FileLock(tmp_path / "lock"), FileLock(tmp_path / "lock")
    assert holder.try_acquire()
    holder.forget()
    assert not holder.held
    assert other.try_acquire()
    other.release()


def test_the_gate_lets_one_through_and_frees_its_place(tmp_path):
    """A second writer is busy while the first is inside, and passes after it."""
    gate, other = Gate(tmp_path / "a.db", 0.005), Gate(tmp_path / "a.db", 0.005)
    with gate.passed(), pytest.raises(StoreBusyError), other.passed():
        pytest.fail("two writers inside the gate")
    with other.passed():
        pass


def test_a_waiting_writer_is_next(tmp_path):
    """While someone waits for the gate, a writer that comes again cannot take the place."""
    place = FileLock(tmp_path / "a.db.gate-next")
    assert place.try_acquire()
    with pytest.raises(StoreBusyError), Gate(tmp_path / "a.db", 0.005).passed():
        pytest.fail("overtook a waiting writer")
    place.release()


@pytest.mark.parametrize(
    "run_id",
    ["../../etc/passwd", "/etc/passwd", "..", ".", "", "a/b", "a\0b", "x" * 10_000, "'; DROP", "~x", "\ud800", "é"],
)
def test_a_hostile_id_stays_inside_the_folder_of_owners(tmp_path, run_id):
    """The lock file of any run id lies directly in `<database>.owners`."""
    owners = OwnerLocks(tmp_path / "runs.db")
    lock = owners.lock(run_id)
    assert lock.try_acquire()
    assert lock.path.parent == tmp_path / "runs.db.owners"
    assert [file.name for file in (tmp_path / "runs.db.owners").iterdir()] == [lock.path.name]
    assert owners.owned(run_id)
    lock.release(remove=True)
    assert not owners.owned(run_id)


def test_a_plain_id_is_the_name_of_its_lock_file(tmp_path):
    """Other programs find the lock of a run as `<database>.owners/<id>`."""
    assert OwnerLocks(tmp_path / "runs.db").lock("20240102-030405-deadbeef").path.name == "20240102-030405-deadbeef"


def test_a_hashed_name_cannot_be_the_name_of_a_plain_id(tmp_path):
    """No run id can be crafted to share the lock of another."""
    owners = OwnerLocks(tmp_path / "runs.db")
    hashed = owners.lock("a/b").path.name
    assert owners.lock(hashed).path.name != hashed


def test_asking_who_owns_a_run_leaves_no_file(tmp_path):
    """owned() of a run that nobody holds creates nothing."""
    assert not OwnerLocks(tmp_path / "runs.db").owned("r")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_hold_locks_is_named(tmp_path):
    """A file in place of the folder of owners raises ReadOnlyStoreError."""
    (tmp_path / "runs.db.owners").write_text("")
    with pytest.raises(ReadOnlyStoreError, match=r"runs\.db\.owners"):
        OwnerLocks(tmp_path / "runs.db").lock("r").try_acquire()
