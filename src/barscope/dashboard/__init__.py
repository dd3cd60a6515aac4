"""The read-only dashboard: what a colleague may see in a browser, and the endpoints that say how a run is doing."""
