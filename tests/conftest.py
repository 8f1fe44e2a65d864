"""How many cases the properties try: a few dozen each, `--hypothesis-profile=thorough` for thousands in all."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

# The same cases on every run and every machine: a failure is a failure for everybody.
settings.register_profile(
    "quick",
    max_examples=40,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
settings.register_profile("thorough", settings.get_profile("quick"), max_examples=250)
settings.load_profile("quick")
