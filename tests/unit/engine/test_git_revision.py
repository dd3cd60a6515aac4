"""The commit of a checkout, read from files as git leaves them."""

from __future__ import annotations

import pytest

from barscope.engine.revision import git_revision

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def checkout(tmp_path):
    """A checkout on a branch, with a folder inside."""
    git = tmp_path / "project" / ".git"
    (git / "refs" / "heads").mkdir(parents=True)
    (git / "HEAD").write_text("ref: refs/heads/main\n")
    (git / "refs" / "heads" / "main").write_text(f"{COMMIT}\n")
    (tmp_path / "project" / "strategies").mkdir()
    return tmp_path / "project"


def test_branch_packed_and_detached_heads_are_read(checkout):
    """A branch in a file of its own, one that was packed, and a commit checked out by itself."""
    assert git_revision(checkout / "strategies") == COMMIT
    (checkout / ".git" / "refs" / "heads" / "main").unlink()
    (checkout / ".git" / "packed-refs").write_text(f"# pack-refs with: peeled\n{COMMIT} refs/heads/main\n")
    assert git_revision(checkout) == COMMIT
    (checkout / ".git" / "HEAD").write_text(COMMIT)
    assert git_revision(checkout) == COMMIT


def test_a_work_tree_names_the_commit_of_its_own_branch(checkout, tmp_path):
    """A linked work tree has its HEAD elsewhere and shares the branches."""
    own = checkout / ".git" / "worktrees" / "other"
    own.mkdir(parents=True)
    (own / "HEAD").write_text("ref: refs/heads/side")
    (own / "commondir").write_text("../..\n")
    (checkout / ".git" / "refs" / "heads" / "side").write_text("f" * 40)
    linked = tmp_path / "linked"
    linked.mkdir()
    (linked / ".git").write_text(f"gitdir: {own}\n")
    assert git_revision(linked) == "f" * 40


def test_no_checkout_has_no_commit(checkout, tmp_path):
    """None outside a checkout, before the first commit, for an installed package, and where HEAD is nonsense."""
    assert git_revision(tmp_path) is None
    assert git_revision(checkout / ".venv" / "lib" / "site-packages" / "barscope") is None
    (checkout / ".git" / "HEAD").write_text("ref: refs/heads/unborn")
    assert git_revision(checkout) is None
    (checkout / ".git" / "HEAD").write_text("nonsense")
    assert git_revision(checkout) is None


def test_a_backtest_notes_the_commit_of_the_code(workspace):
    """The record of a run has a place for the commit of barscope and of the strategy's file."""
    import barscope as bs

    request = bs.BacktestRequest(symbols=["SYN"], rtype=33, publisher_id=1, strategy="BuyAndHold")
    config = workspace.backtest(request).result().config
    assert "git_revision" in config
    assert config["strategies"][0]["git_revision"] == config["git_revision"]
