"""How many examples a law is tried on: a third of them in the test command, all by `--hypothesis-profile=thorough`."""

from collections.abc import Collection

from hypothesis import HealthCheck, settings


def begin() -> None:
    """Set up the profiles. How long an example takes says nothing on a busy machine."""
    settings.register_profile("a third", deadline=None, max_examples=33)
    settings.register_profile("thorough", deadline=None, max_examples=100)
    settings.load_profile("a third")


def law(examples: int, suppressed: Collection[HealthCheck] = ()) -> settings:
    """Settings for so many examples, or the profile's share of them."""
    share = settings.get_current_profile_name() == "thorough"
    return settings(max_examples=examples if share else max(examples // 3, 1), suppress_health_check=suppressed)
