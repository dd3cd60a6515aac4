"""Files that a page saves: the kernel makes the bytes, the browser puts them where its downloads go."""

from __future__ import annotations

import anywidget

from barscope.widgets.surroundings import asset


class Downloads(anywidget.AnyWidget):  # type: ignore[misc]  # carries no types
    """An unseen widget that hands files to the browser."""

    _esm = asset("downloads.js")

    def save(self, name: str, mime: str, content: bytes) -> None:
        """Hand over a file."""
        self.send({"name": name, "mime": mime}, [content])
