"""What a user runs. Here: explorations, with their requests, sessions, cache and results."""
