"""Finds a Chromium for the browser tests, or installs one; says what to do where neither works."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome")
PATIENCE_S = 600
REMEDY = """\
No Chromium was found and none could be installed. The browser tests need one. Install it, then run make again:
    Debian, Ubuntu    sudo apt-get install chromium
    Fedora            sudo dnf install chromium
    macOS             brew install --cask google-chrome, and put a link named google-chrome on the PATH
"""


def main() -> int:
    """The exit status: 0 when a Chromium is there."""
    found = on_path()
    if found is None and (install_with_playwright() or install_with_apt()):
        found = on_path() or downloaded()
    if found is None:
        print(REMEDY, file=sys.stderr)
        return 1
    print(f"Chromium: {found}")
    return 0


def on_path() -> str | None:
    """The Chromium on the PATH."""
    return next(filter(None, map(shutil.which, NAMES)), None)


def downloaded() -> str | None:
    """The Chromium that Playwright installed."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).exists() else None


def install_with_playwright() -> bool:
    """Let Playwright download its own build, with the system's libraries where that is allowed."""
    system = ["--with-deps"] if is_linux_root() else []
    return run([sys.executable, "-m", "playwright", "install", *system, "chromium"])


def install_with_apt() -> bool:
    """Install the distribution's build."""
    if not (is_linux_root() and shutil.which("apt-get")):
        return False
    return run(["apt-get", "update", "-q"]) and run(["apt-get", "install", "-q", "-y", "chromium"])


def is_linux_root() -> bool:
    """Whether packages of the system can be installed."""
    return sys.platform == "linux" and os.geteuid() == 0


def run(command: Sequence[str]) -> bool:
    """Whether a command succeeds within the patience; what it says is shown only when it does not."""
    print(f"Running {' '.join(command)}", flush=True)
    try:
        subprocess.run(command, check=True, timeout=PATIENCE_S, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    except subprocess.CalledProcessError as error:
        print(error.stdout.decode(errors="replace")[-2000:])
    except (subprocess.TimeoutExpired, OSError) as error:
        print(error)
    else:
        return True
    return False


if __name__ == "__main__":
    sys.exit(main())
