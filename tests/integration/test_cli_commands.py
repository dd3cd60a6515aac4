"""The commands on real workspaces: what they store, print, and answer with."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

import barscope as bs
from barscope.cli.app import app

BARS = "date,open,high,low,close,volume\n" + "".join(
    f"2024-01-{day:02},10,{12 + day / 100},9,{10 + day / 50},1000\n" for day in range(2, 31)
)


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Runs a command on the workspace `ws` of an otherwise empty current folder."""
    monkeypatch.chdir(tmp_path)
    runner = CliRunner()
    return lambda *arguments, **more: runner.invoke(app, [*map(str, arguments), "--workspace", "ws"], **more)


@pytest.fixture
def stored(run, tmp_path):
    """The same, with 29 daily bars of ABC under publisher 1."""
    (tmp_path / "abc.csv").write_text(BARS)
    assert run("ingest", "abc.csv", "--symbol", "ABC", "--rtype", 35, "--venue", "XNAS").exit_code == 0
    return run


def test_ingest_prints_the_report_of_each_file(run, tmp_path):
    """The report goes to stdout, the progress to stderr; ingesting again changes nothing."""
    (tmp_path / "abc.csv").write_text(BARS)
    first = run("ingest", "abc.csv", "--symbol", "ABC", "--rtype", 35)
    again = run("ingest", "abc.csv", "--symbol", "ABC", "--rtype", 35)
    assert (first.exit_code, again.exit_code) == (0, 0)
    assert "29 rows of ABC: 29 inserted" in first.stdout
    assert "100%" in first.stderr
    assert "29 rows of ABC: 29 unchanged" in again.stdout


def test_ingest_names_the_publisher_as_told(run, tmp_path):
    """Publisher, dataset and venue are those of the options, and the venue sets the clock of the charts."""
    (tmp_path / "abc.csv").write_text(BARS)
    told = ("--publisher", "me", "--dataset", "mine", "--venue", "XNAS")
    assert run("ingest", "abc.csv", "--symbol", "ABC", *told).exit_code == 0
    with bs.Workspace("ws") as ws:
        assert [(p.name, p.dataset, p.venue) for p in ws.secmaster.publishers()] == [("me", "mine", "XNAS")]


def test_a_refused_file_does_not_stop_the_others(run, tmp_path):
    """The refusal is on stderr with the name of the file, the other file is stored, and the status is 1."""
    (tmp_path / "bad.csv").write_text("nothing,here\n1,2\n")
    (tmp_path / "abc.csv").write_text(BARS)
    done = run("ingest", "bad.csv", "missing.csv", "abc.csv", "--symbol", "ABC", "--rtype", 35)
    assert done.exit_code == 1
    assert "bad.csv: " in done.stderr
    assert "missing.csv: " in done.stderr
    assert "29 inserted" in done.stdout


def test_different_bars_are_refused_until_told_to_replace(stored, tmp_path):
    """A re-ingest that disagrees is refused; with --replace it is taken."""
    (tmp_path / "new.csv").write_text(BARS.replace(",10.04,", ",10.5,"))
    arguments = ("ingest", "new.csv", "--symbol", "ABC", "--rtype", 35)
    assert stored(*arguments).exit_code == 1
    replaced = stored(*arguments, "--replace")
    assert replaced.exit_code == 0
    assert "1 replaced" in replaced.stdout


def test_explore_prints_the_run_id_and_nothing_else_on_stdout(stored):
    """The one line on stdout is the id of a completed run with the indicators asked for."""
    done = stored(
        "explore", "-s", "ABC", "-i", "SMA:timeperiod=5", "-i", '{"class_name": "RSI"}', "--start", "2024-01-05"
    )
    assert done.exit_code == 0
    [run_id] = done.stdout.splitlines()
    with bs.Workspace("ws") as ws:
        run = ws.run(run_id)
        assert run.status == "completed"
        assert [i["class_name"] for i in run.config["indicators"]] == ["SMA", "RSI"]
        assert run.config["start_date"] == "2024-01-05"
        assert len(run.bars()) == 26


def test_explore_takes_the_same_request_as_json(stored, tmp_path):
    """A request in a file or on stdin is the request of the options: the second and third are answered from record."""
    request = {"symbols": ["ABC"], "rtype": 35, "publisher_id": 1, "indicators": [{"class_name": "SMA"}]}
    (tmp_path / "request.json").write_text(json.dumps(request))
    by_options = stored("explore", "--symbol", "ABC", "--indicator", "SMA")
    by_file = stored("explore", "--request", "request.json")
    by_stdin = stored("explore", "--request", "-", input=json.dumps(request))
    fresh = stored("explore", "--request", "request.json", "--fresh")
    assert by_options.exit_code == 0
    assert by_options.stdout == by_file.stdout == by_stdin.stdout != fresh.stdout


@pytest.mark.parametrize(
    "arguments",
    [("explore", "-s", "ABC", "-i", "SMA:timeperiod=3"), ("backtest", "-s", "ABC", "--strategy", "BuyAndHold")],
)
def test_bars_are_made_into_longer_ones_as_told(stored, arguments):
    """With a timeframe of a week the run has a bar for each of the five weeks, and says so."""
    done = stored(*arguments, "--timeframe", "1w", "--hours", "all")
    assert done.exit_code == 0, done.stderr
    with bs.Workspace("ws") as ws:
        run = ws.run(done.stdout.strip())
        assert (len(run.bars()), run.request.timeframe) == (5, "1w")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("-s", "ABC", "-i", "SMA", "--hours", "regular"), "hours"),
        (("-s", "ABC", "-i", "SMA", "--timeframe", "1h"), "finer than bars of 1d"),
        (("-s", "ABD", "-i", "SMA"), "Unknown symbol: ABD. Did you mean ABC?"),
        (("-s", "ABC", "-i", "SNA"), "Unknown indicator: SNA"),
        (("-s", "ABC", "-i", "SMA:timeperiod=0"), "timeperiod"),
        (("-s", "ABC"), "No indicators selected"),
        (("-i", "SMA"), "No symbols selected"),
        (("-s", "ABC", "-i", "SMA", "--rtype", "99"), "invalid rtype 99"),
        (("-s", "ABC", "-i", "SMA", "--publisher-id", "7"), "publisher_id 7 not found"),
        (("-s", "ABC", "-i", "SMA", "--start", "2024-02-01", "--end", "2024-01-01"), "swap the two dates"),
        (("-s", "[red]\x1b[2J\n", "-i", "SMA"), "[red]\\x1b[2J"),
    ],
)
def test_what_explore_refuses_is_one_line_and_leaves_no_run(stored, arguments, message):
    """Each refusal is one line on stderr, status 1, nothing on stdout and no run."""
    done = stored("explore", *arguments)
    assert done.exit_code == 1
    assert message in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert done.stdout == ""
    with bs.Workspace("ws") as ws:
        assert not ws.runs_store.list_runs()


def test_a_request_and_options_together_are_a_usage_error(stored):
    """--request takes the place of the other options; both at once end with status 2."""
    assert stored("explore", "--request", "-", "--symbol", "ABC", input="{}").exit_code == 2


def test_an_indicator_file_that_fails_is_named_and_the_rest_goes_on(stored, tmp_path):
    """A broken file of the user is shown with its error, and explorations without it work."""
    (tmp_path / "ws" / "indicators").mkdir()
    (tmp_path / "ws" / "indicators" / "broken.py").write_text("1 / 0")
    done = stored("explore", "-s", "ABC", "-i", "SMA")
    assert done.exit_code == 0
    assert "broken.py is left out" in done.stderr
    assert "ZeroDivisionError" in done.stderr


def test_a_mistyped_workspace_is_refused_and_not_made(run, tmp_path):
    """Commands that read do not make a workspace."""
    for arguments in (("runs",), ("explore", "-s", "ABC", "-i", "SMA")):
        done = run(*arguments)
        assert done.exit_code == 1
        assert "there is no workspace in ws" in done.stderr
    assert not (tmp_path / "ws").exists()


def test_runs_lists_the_newest_runs_for_people_and_programs(stored):
    """The table and the JSON show the same runs, newest first, at most as many as asked for."""
    ids = [stored("explore", "-s", "ABC", "-i", f"SMA:timeperiod={n}").stdout.strip() for n in (3, 4, 5)]
    listed = json.loads(stored("runs", "--json", "--limit", 2).stdout)
    assert [row["run_id"] for row in listed] == ids[:0:-1]
    assert listed[0]["status"] == "completed"
    assert listed[0]["mode"] == "exploration"
    table = stored("runs").stdout
    assert all(run_id in table for run_id in ids)


def test_runs_of_an_empty_workspace_say_how_to_make_one(stored):
    """No runs is no error."""
    done = stored("runs")
    assert (done.exit_code, done.stdout) == (0, "")
    assert "barscope explore" in done.stderr


def test_doctor_finds_nothing_wrong_with_a_sound_workspace(stored):
    """The report names the versions and counts what is stored, and the status is 0."""
    done = stored("doctor")
    report = " ".join(done.stdout.split())
    assert done.exit_code == 0
    assert "TA-Lib 0." in report
    assert "SQLite 3." in report
    assert "1 publishers, 1 instruments, 29 ohlcv" in report


def test_doctor_of_no_workspace_makes_none(run, tmp_path):
    """A workspace that is not there yet is no fault, and looking does not make it."""
    assert run("doctor").exit_code == 0
    assert not (tmp_path / "ws").exists()


@pytest.mark.parametrize("name", ["secmaster.db", "runs.db", "presets.db"])
def test_doctor_names_a_broken_database_and_the_remedy(stored, tmp_path, name):
    """A file that is not a database of barscope is named with what to do; the status is 1; the file is left alone."""
    for leftover in (tmp_path / "ws").glob(f"{name}*"):
        leftover.unlink()
    (tmp_path / "ws" / name).write_bytes(b"not a database" * 100)
    done = stored("doctor")
    assert done.exit_code == 1
    assert name in done.stderr
    assert "Move the file away" in done.stderr
    assert (tmp_path / "ws" / name).read_bytes() == b"not a database" * 100
