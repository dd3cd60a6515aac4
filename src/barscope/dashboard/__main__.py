"""`python -P -m barscope.dashboard`: the dashboard's server, started by `barscope dashboard`.

It comes away from the user's folder, settings and secrets before it imports what might look at them. The token is in
the environment, because other users can read the arguments of a process.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from pathlib import Path

from barscope.dashboard.environment import Folders, isolate
from barscope.dashboard.settings import TOKEN, Settings


def _settings() -> Settings:
    parser = argparse.ArgumentParser("python -P -m barscope.dashboard", argument_default=argparse.SUPPRESS)
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--snapshot", type=_absolute)
    source.add_argument("--workspace", type=_absolute)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--host")
    parser.add_argument("--notebook", type=_absolute)
    for count in ("--places", "--prepared"):
        parser.add_argument(count, type=int)
    for patience in ("--away-s", "--idle-s"):
        parser.add_argument(patience, type=float)
    return Settings(token=os.environ.get(TOKEN, ""), **vars(parser.parse_args()))


def _absolute(text: str) -> Path:
    return Path(text).absolute()


def main() -> None:
    """Serve until the process is told to end."""
    settings = _settings()
    os.umask(0o077)
    with tempfile.TemporaryDirectory(prefix="barscope-", dir="/tmp") as top:  # paths of sockets are short
        folders = Folders.make(Path(top))
        isolate(folders)
        from barscope.dashboard.app import serve

        serve(settings, folders)


if __name__ == "__main__":
    main()
