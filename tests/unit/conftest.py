"""Settings of the property tests: how fast a machine is does not decide whether they pass."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

settings.register_profile("parex", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("parex")
