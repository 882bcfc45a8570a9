"""What Knative tells every function about itself."""

import os
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Surroundings:
    service: str
    revision: str
    environment: str
    log_level: str


def surroundings() -> Surroundings:
    """Names as Knative gives them; outside Knative they are empty, never guessed."""
    return Surroundings(
        service=os.environ.get("K_SERVICE", ""),
        revision=os.environ.get("K_REVISION", ""),
        environment=os.environ.get("ENVIRONMENT", "local"),
        log_level=os.environ.get("LOG_LEVEL", "INFO"),
    )
