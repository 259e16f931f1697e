"""Settings for all tests: how hard hypothesis looks."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# A busy machine is no fault of the code: no deadline, and no complaint about slow generation.
_CALM = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

settings.register_profile("dev", _CALM, max_examples=50)
settings.register_profile("ci", _CALM, max_examples=100, print_blob=True)
settings.register_profile("soak", _CALM, max_examples=5_000, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "dev"))


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave the benchmarks and the peers that they import alone, unless they are what is asked for."""
    wanted = config.getoption("markexpr") == "benchmark"
    return True if collection_path.name == "benchmarks" and not wanted else None
