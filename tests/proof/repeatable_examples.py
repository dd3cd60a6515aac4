"""The same examples every time, so that what fails here fails everywhere."""

from hypothesis import HealthCheck, settings


def repeatable(examples: int, steps: int) -> settings:
    """How many examples of a machine are tried, and how many steps each takes at most."""
    return settings(
        max_examples=examples,
        stateful_step_count=steps,
        derandomize=True,
        database=None,
        deadline=None,
        print_blob=True,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
    )
