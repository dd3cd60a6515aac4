"""Text from users on its way to a chart or a widget: the only place that builds HTML, always escaped and cut."""

from __future__ import annotations

import base64
import hashlib
import html as _html
from typing import TYPE_CHECKING

from barscope.errors import cut

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_CHARS = 64
"""Longer texts are cut: a long label wrecks the layout of a chart."""


def plain(text: object) -> str:
    """One line of at most 64 characters without control characters, for places that show text as text."""
    return cut(text, MAX_CHARS)


def escape(text: object) -> str:
    """As `plain`, with HTML's special characters as entities: what widgets and Plotly's text fields get."""
    return _html.escape(plain(text), quote=True)


def block(text: object) -> str:
    """Escaped text of several lines, such as an error with its traceback: at most 200 lines of 500 characters."""
    return "\n".join(_html.escape(cut(line, 500), quote=True) for line in str(text).splitlines()[:200])


def coloured(text: object, colour: str, *, bold: bool = False) -> str:
    """A run of escaped text in one colour, in the markup that both Plotly and browsers read."""
    inner = f"<b>{escape(text)}</b>" if bold else escape(text)
    return f'<span style="color:{escape(colour)}">{inner}</span>'


def bold(text: object) -> str:
    """Escaped text in bold."""
    return f"<b>{escape(text)}</b>"


def stacked(markup: Iterable[str]) -> str:
    """Runs of markup below each other."""
    return "<br>".join(markup)


def label_template(*markup: str) -> str:
    """The template of a Plotly label of these lines and nothing else; `%{text}` stands for the text of a point."""
    return f"{stacked(markup)}<extra></extra>"


def titled(text: object, title: object) -> str:
    """Escaped text of at most 500 characters, with a longer one that appears on hover."""
    return f'<span title="{block(title)}">{block(text)}</span>'


def disclosure(label: str, title: object, facts: Iterable[tuple[object, object]]) -> str:
    """A small list of facts that opens and closes by itself."""
    rows = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in facts)
    inside = f"<div><strong>{escape(title)}</strong><dl>{rows}</dl></div>"
    return f"<details><summary>{escape(label)}</summary>{inside}</details>"


def link(text: object, href: str) -> str:
    """A link to an address that the program chose."""
    return f'<a href="{escape(href)}">{escape(text)}</a>'


def style(css: str) -> str:
    """A style sheet of the program."""
    return f"<style>{css}</style>"


def embedded(name: str, content: str, kind: str = "text/plain") -> str:
    """Content that the scripts of a page find by its name; none of it can end the element.

    Args:
        name: The program's.
        content: As base64, or as JSON without `<`.
        kind: Its media type.
    """
    return f'<script id="{escape(name)}" type="{escape(kind)}">{content}</script>'


def page(title: object, background: str, body: str, scripts: tuple[str, ...], packed: tuple[str, ...] = ()) -> str:
    """A whole HTML page that loads nothing and runs only the scripts it was made with.

    Args:
        title: The user's.
        background: A colour.
        body: The program's own markup.
        scripts: The program's own scripts.
        packed: Scripts that those unpack and run.
    """
    return (
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_policy((*scripts, *packed))}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="data:,">'
        f"<title>{escape(title)}</title>"
        f"<style>html,body{{margin:0;height:100%;background:{escape(background)}}}</style></head>"
        f"<body>{body}{''.join(f'<script>{script}</script>' for script in scripts)}</body></html>"
    )


def _policy(scripts: tuple[str, ...]) -> str:
    """What a page may do; Plotly writes style rules, and saves a picture by way of `blob:` and `data:`."""
    hashes = " ".join(f"'sha256-{base64.b64encode(hashlib.sha256(s.encode()).digest()).decode()}'" for s in scripts)
    return (
        f"default-src 'none'; script-src {hashes}; style-src 'unsafe-inline'; img-src data: blob:; "
        "base-uri 'none'; form-action 'none'"
    )


def compact(value: float, decimals: int | None = None) -> str:
    """A number a person reads at a glance: fixed decimals, or 1.23M for large ones; `–` where there is none."""
    if value != value:
        return "–"
    if decimals is not None:
        return f"{value:,.{decimals}f}"
    unit, name = _unit(value)
    if name:
        return f"{value / unit:.2f}{name}"
    return f"{value:,.0f}" if value == int(value) else f"{value:,.4g}"


def price(value: float) -> str:
    """A price with the decimals that matter at its size, at least two."""
    if value != value:
        return "–"
    decimals = 2 if abs(value) >= 50 else 4 if abs(value) >= 1 else 6
    whole, _, part = f"{value:,.{decimals}f}".partition(".")
    return f"{whole}.{part[:2]}{part[2:].rstrip('0')}"


def short(value: float) -> str:
    """A round number for a label: 500M, 2.5K."""
    unit, name = _unit(value, least=1e3)
    return f"{value / unit:g}{name}"


def _unit(value: float, least: float = 1e4) -> tuple[float, str]:
    units = ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "K"))
    return next(((unit, name) for unit, name in units if abs(value) >= max(unit, least)), (1.0, ""))
