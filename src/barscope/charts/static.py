"""The static figure: a plain Plotly figure that keeps the cloud button off wherever it is shown or saved."""

from __future__ import annotations

from typing import Any

import plotly.graph_objects as go

from barscope.charts.config import CONFIG


class StaticFigure(go.Figure):  # type: ignore[misc]  # plotly carries no types
    """A `plotly.graph_objects.Figure` with barscope's options as the default of every way to show it."""

    def to_html(self, config: dict[str, Any] | None = None, *args: Any, **kwargs: Any) -> str:  # noqa: ANN401
        """The figure as HTML; see `plotly.graph_objects.Figure.to_html`."""
        return super().to_html(_config(config), *args, **kwargs)  # type: ignore[no-any-return]  # untyped there

    def write_html(self, file: Any, config: dict[str, Any] | None = None, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401
        """Writes the figure as HTML; see `plotly.graph_objects.Figure.write_html`."""
        super().write_html(file, _config(config), *args, **kwargs)

    def show(self, *args: Any, config: dict[str, Any] | None = None, **kwargs: Any) -> None:  # noqa: ANN401
        """Shows the figure; see `plotly.graph_objects.Figure.show`."""
        super().show(*args, config=_config(config), **kwargs)

    def _repr_mimebundle_(self, *args: Any, config: dict[str, Any] | None = None, **kwargs: Any) -> dict[str, Any]:  # noqa: ANN401
        return super()._repr_mimebundle_(*args, config=_config(config), **kwargs)  # type: ignore[no-any-return]  # untyped there


def _config(wanted: dict[str, Any] | None) -> dict[str, Any]:
    never = {key: CONFIG[key] for key in ("showSendToCloud", "plotlyServerURL")}
    return {**CONFIG, **(wanted or {}), **never}
