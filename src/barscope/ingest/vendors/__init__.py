"""Daily prices asked of vendors over the network: their clients, each in a process of its own, and what is kept."""
