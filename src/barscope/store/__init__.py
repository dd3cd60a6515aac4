"""The three SQLite databases of a workspace: source bars, results of runs, saved choices. The only place with SQL."""
