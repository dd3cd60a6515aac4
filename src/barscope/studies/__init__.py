"""What a user runs: explorations, with their sessions and cache, and backtests; and how two runs compare."""
