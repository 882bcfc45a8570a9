"""The environment that Knative injects into every function."""

import os
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RuntimeEnvironment:
    service: str
    revision: str
    environment: str
    log_level: str


def runtime_environment() -> RuntimeEnvironment:
    """Read from the variables that Knative sets; outside Knative the names are empty."""
    return RuntimeEnvironment(
        service=os.environ.get("K_SERVICE", ""),
        revision=os.environ.get("K_REVISION", ""),
        environment=os.environ.get("ENVIRONMENT", "local"),
        log_level=os.environ.get("LOG_LEVEL", "INFO"),
    )
