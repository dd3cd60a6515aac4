"""Pages that were made ahead."""

from barscope.dashboard.pages import edition_of


def test_a_snapshot_moved_into_the_place_of_another_is_another_edition(tmp_path):
    """A page made before the new snapshot was moved into place is told from one made after it."""
    path = tmp_path / "snapshot.db"
    assert edition_of(path) is None
    path.write_bytes(b"old")
    before = edition_of(path)
    assert before == edition_of(path)
    (tmp_path / "new").write_bytes(b"new")
    (tmp_path / "new").replace(path)
    assert edition_of(path) not in (None, before)
    assert edition_of(None) is None
