"""How `make test` comes by a browser."""

from __future__ import annotations

import importlib.util
import shutil
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / "browser" / "install_chromium.py"


@pytest.fixture
def script(monkeypatch):
    """The script on a machine where nothing is found and every command fails; `ran` lists the commands."""
    spec = importlib.util.spec_from_file_location("install_chromium", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.ran = []
    monkeypatch.setattr(module, "run", lambda command: module.ran.append(command))
    monkeypatch.setattr(module, "downloaded", lambda: None)
    monkeypatch.setattr(module, "is_linux_root", lambda: False)
    monkeypatch.setattr(shutil, "which", lambda name: None)
    return module


def test_a_browser_on_the_path_is_taken(script, monkeypatch, capsys):
    """With Chrome on the PATH nothing is installed."""
    monkeypatch.setattr(shutil, "which", lambda name: "/opt/google-chrome" if name == "google-chrome" else None)
    assert script.main() == 0
    assert script.ran == []
    assert "/opt/google-chrome" in capsys.readouterr().out


def test_playwright_downloads_one_otherwise(script, monkeypatch):
    """Playwright's own build is taken once it is there."""
    monkeypatch.setattr(script, "run", lambda command: "playwright" in command)
    monkeypatch.setattr(script, "downloaded", lambda: "/cache/chrome")
    assert script.main() == 0


def test_the_distribution_is_asked_when_playwright_fails(script, monkeypatch):
    """Root on Debian gets the package of the distribution, after Playwright was tried with the system's libraries."""
    there = {"apt-get": "/usr/bin/apt-get"}
    monkeypatch.setattr(shutil, "which", there.get)
    monkeypatch.setattr(script, "is_linux_root", lambda: True)

    def run(command):
        script.ran.append(command)
        if command[:2] == ["apt-get", "install"]:
            there["chromium"] = "/usr/bin/chromium"
        return command[0] == "apt-get"

    monkeypatch.setattr(script, "run", run)
    assert script.main() == 0
    assert [command[0] for command in script.ran] == [sys.executable, "apt-get", "apt-get"]
    assert "--with-deps" in script.ran[0]


def test_without_any_way_it_says_what_to_install(script, capsys):
    """The failure names the commands for a person to run, and nothing of the system is touched without root."""
    assert script.main() == 1
    assert "apt-get install chromium" in capsys.readouterr().err
    assert [command[0] for command in script.ran] == [sys.executable]


def test_a_command_that_fails_is_shown(capsys):
    """What a failing command said is printed; one that does not exist is a failure too."""
    spec = importlib.util.spec_from_file_location("install_chromium", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert not module.run([sys.executable, "-c", "print('no network'); raise SystemExit(3)"])
    assert "no network" in capsys.readouterr().out
    assert not module.run(["/nonexistent/command"])
    assert module.run([sys.executable, "-c", ""])
