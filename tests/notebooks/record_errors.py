"""Runs first in the kernel of a notebook under test: notes errors that no cell shows in the file ERRORS_FILE."""

import asyncio
import os
import threading
import traceback
from pathlib import Path


def _note(error: BaseException | None, what: str) -> None:
    lines = traceback.format_exception(error) if error is not None else []
    with Path(os.environ["ERRORS_FILE"]).open("a") as file:
        file.write(f"{what}\n{''.join(lines)}")


def _in_thread(args: threading.ExceptHookArgs) -> None:
    _note(args.exc_value, f"in thread {args.thread.name if args.thread else 'unknown'}")


def _on_loop(_loop: asyncio.AbstractEventLoop, context: dict) -> None:
    _note(context.get("exception"), f"on the event loop: {context['message']}")


threading.excepthook = _in_thread
asyncio.BaseEventLoop.default_exception_handler = _on_loop
