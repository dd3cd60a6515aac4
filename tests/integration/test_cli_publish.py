"""`barscope publish` on a real workspace: what it writes, prints and refuses."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

import barscope as bs
from barscope.cli.app import app
from barscope.workspace.read_only import ReadOnlyWorkspace


@pytest.fixture
def published(workspace, tmp_path, monkeypatch):
    """Runs `barscope publish` in an empty folder, on a workspace of two explorations; gives it and their ids."""
    runs = [
        workspace.explore(
            bs.ExplorerRequest(
                symbols=["SYN", "ALT"], rtype=33, publisher_id=1, indicators=[bs.IndicatorConfig(class_name=name)]
            )
        ).result()
        for name in ("SMA", "RSI")
    ]
    monkeypatch.chdir(tmp_path)
    runner = CliRunner()
    folder = str(workspace.paths.folder)
    return lambda *a: runner.invoke(app, ["publish", *map(str, a), "-w", folder]), [run.run_id for run in runs]


def ids_in(path):
    """The runs of a snapshot."""
    with ReadOnlyWorkspace.of_snapshot(path) as shown:
        return shown.title, {record.run_id for record in shown.runs_store.list_runs()}


@pytest.mark.parametrize(("how", "places"), [(["--all"], {0, 1}), (["--last", 1], {1})])
def test_a_snapshot_of_many(published, tmp_path, how, places):
    """The path goes to stdout, what becomes visible to stderr; the snapshot holds the runs that were meant."""
    publish, run_ids = published
    done = publish(*how, "-o", "out.db", "--title", "Mine")
    assert (done.exit_code, done.stdout.strip()) == (0, str(tmp_path / "out.db"))
    assert ids_in("out.db") == ("Mine", {run_ids[place] for place in places})
    for place in places:
        assert run_ids[place] in done.stderr
    assert "of each: name, times, all bars" in done.stderr
    assert "not in it: other runs, source code" in done.stderr


def test_named_runs_go_to_snapshot_db(published):
    """Runs by id, into `snapshot.db` where nothing else is said."""
    publish, run_ids = published
    assert publish(run_ids[0]).exit_code == 0
    assert ids_in("snapshot.db")[1] == {run_ids[0]}


def test_a_page_of_one_run(published, tmp_path):
    """One file of the symbols that were named, called as the run."""
    publish, run_ids = published
    done = publish("--html", run_ids[0], "--symbol", "ALT", "--theme", "dark")
    assert (done.exit_code, done.stdout.strip()) == (0, f"{run_ids[0]}.html")
    assert "bars and series of ALT" in done.stderr
    page = (tmp_path / f"{run_ids[0]}.html").read_text()
    assert page.count('id="share-columns-') == 1


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        ([], 2, "say which runs"),
        (["--all", "--last", "1"], 2, "say which runs"),
        (["--all", "--symbol", "SYN"], 2, "add --html"),
        (["--all", "--html", "--title", "x"], 2, "--title is of a snapshot"),
        (["--all", "--html", "--theme", "pink"], 2, "pink is not one of"),
        (["--all", "--html"], 1, "a page of one run, not of 2"),
        (["nobody"], 1, "no run nobody"),
        (["--last", "1", "--html", "--symbol", "SYM"], 1, "Did you mean SYN"),
        (["--all", "-o", "missing/x.db"], 1, "choose a folder that exists"),
    ],
)
def test_what_cannot_be_is_refused(published, tmp_path, arguments, status, said):
    """Wrong options are status 2, what barscope refuses status 1; nothing is written."""
    publish, _ = published
    done = publish(*arguments)
    assert done.exit_code == status
    assert said in " ".join(done.stderr.replace("│", " ").split())
    assert [path.name for path in tmp_path.iterdir()] == ["ws"]
