from __future__ import annotations

import pytest
from typer.testing import CliRunner

from barscope.cli import dashboard
from barscope.cli.app import app
from barscope.errors import BarscopeError


@pytest.fixture
def served(monkeypatch):
    """What would be served, instead of serving it."""
    servers = []
    monkeypatch.setattr(dashboard, "serve", lambda server, *, browser: servers.append((server, browser)))
    return servers


def run(*arguments):
    """The command, with the text it prints."""
    return CliRunner().invoke(app, ["dashboard", *map(str, arguments)], prog_name="barscope", env={"COLUMNS": "200"})


@pytest.mark.parametrize("options", [["--share", "127.0.0.1"], ["--anonymous"], ["--share", "::1", "--anonymous"]])
def test_a_live_workspace_is_not_shared(served, workspace, options):
    """Sharing and letting in anybody need a snapshot; nothing is served without one."""
    result = run("--workspace", workspace.paths.folder, *options)
    assert result.exit_code == 2
    assert "--snapshot" in result.output
    assert not served


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "*", ""])  # noqa: S104  # what is refused
def test_every_address_at_once_is_no_host(served, tmp_path, host):
    """A host has to be the one name that browsers use, or its check would mean nothing."""
    assert run("--snapshot", tmp_path / "x.db", "--share", host).exit_code == 2
    assert not served


def test_the_token_is_not_in_the_arguments(served, workspace):
    """It is in the URL that is printed and in the environment, which other users cannot read."""
    assert run("--workspace", workspace.paths.folder, "--no-browser").exit_code == 0
    ((server, browser),) = served
    token = server.environment["BARSCOPE_DASHBOARD_TOKEN"]
    assert len(token) >= 32
    assert server.url.endswith(f"/?token={token}")
    assert not [argument for argument in server.arguments if token in argument]
    assert not browser


def test_a_token_that_can_be_guessed_is_refused(served, workspace, tmp_path):
    """A file with a short token, or with none, is named."""
    (tmp_path / "token").write_text("short")
    result = run("--workspace", workspace.paths.folder, "--token-file", tmp_path / "token")
    assert result.exit_code == 1
    assert "holds no token" in result.output
    assert not served


def test_a_folder_without_runs_is_not_served(served, tmp_path):
    """A mistyped name is told, and no workspace is made there."""
    result = run("--workspace", tmp_path / "nothing")
    assert result.exit_code == 1
    assert "there are no runs" in result.output
    assert not (tmp_path / "nothing").exists()


def test_an_address_of_another_machine_is_refused():
    """The address to share on has to be one of this machine."""
    with pytest.raises(BarscopeError, match=r"192\.0\.2\.1 cannot be used"):
        dashboard.free_port(None, "192.0.2.1")
