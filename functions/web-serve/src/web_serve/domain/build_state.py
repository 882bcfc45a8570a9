"""What a build of the web app says about itself while there is no result yet."""

from enum import StrEnum

from pydantic import BaseModel, ConfigDict


class BuildPhase(StrEnum):
    """A build that succeeded leaves no state, since its result is there."""

    RUNNING = "running"
    FAILED = "failed"


class BuildState(BaseModel):
    """The content of the state file; `reason` is why the build failed, for people."""

    model_config = ConfigDict(frozen=True)

    phase: BuildPhase
    reason: str = ""
