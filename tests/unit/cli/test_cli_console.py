"""Text from outside on the terminal."""

from __future__ import annotations

import pytest

from barscope.cli.console import answer, fail, progress_bar

HOSTILE = "[red]x[/red] \x1b[2J\x07 [link=https://example.org]y[/link] \n second line"


@pytest.mark.parametrize(("speak", "stream"), [(answer, "out"), (fail, "err")])
def test_text_is_shown_as_it_is(speak, stream, capsys):
    """Markup is not applied, control characters are spelled out, and the message stays one line."""
    speak(HOSTILE)
    shown = getattr(capsys.readouterr(), stream)
    assert shown == "[red]x[/red] \\x1b[2J\\x07 [link=https://example.org]y[/link] \\n second line\n"


def test_a_progress_bar_shows_names_as_they_are(capsys):
    """The name of a file and the message of a stage are no markup either."""
    with progress_bar("[red]a.csv") as tell:
        tell(1.0, "[bold]done")
    captured = capsys.readouterr()
    assert "[red]a.csv" in captured.err
    assert "[bold]done" in captured.err
    assert captured.out == ""
