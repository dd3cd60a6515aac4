"""Pure functions from data to Plotly figures: level of detail, axes, themes, exports. No widgets."""
