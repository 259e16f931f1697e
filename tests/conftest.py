"""Settings for all tests: how hard hypothesis looks."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

# A busy machine is no fault of the code: no deadline, and no complaint about slow generation.
_CALM = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

settings.register_profile("dev", _CALM, max_examples=50)
settings.register_profile("ci", _CALM, max_examples=100, print_blob=True)
settings.register_profile("soak", _CALM, max_examples=5_000, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "dev"))
