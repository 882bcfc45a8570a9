"""Request bodies of the administration routes: reclustering jobs and the clustering configuration."""

from datetime import timedelta
from typing import Annotated, Final, Literal

from pydantic import Field, model_validator

from battlescope_events.http_api.request_types import AuthoredBody, JsonFlag, JsonInteger, RequestBody, RequestTime

MAX_RANGE: Final = timedelta(days=1827)  # 60 months
Window = Annotated[JsonInteger, Field(ge=5, le=180)]
Gap = Annotated[JsonInteger, Field(ge=1, le=60)]
Kills = Annotated[JsonInteger, Field(ge=1, le=100)]
ReclusterReason = Literal["daily_verification", "gap_detected", "retention_cleanup", "manual", "backfill"]
_UNSUPPORTED_FIELDS: Final = {
    "processingDelayMinutes": "killmails are clustered as their events arrive, and late ones give the same battles",
    "batchSize": "an event holds one killmail, and a job processes its range part by part",
    "intervalMs": "nothing polls: the event of each killmail starts its processing",
    "priority": "the parts of a job alternate with live killmails",
}


def _reject_unsupported_fields(body: object) -> None:
    """Reject settings of pollers that process a table in batches, instead of ignoring them silently."""
    for name, reason in _UNSUPPORTED_FIELDS.items():
        if isinstance(body, dict) and name in body:
            raise ValueError(f"{name} is not supported: {reason}")


class JobConfig(RequestBody):
    """Overrides of the clustering configuration for one job; omitted fields stay as configured."""

    window_minutes: Window | None = None
    gap_max_minutes: Gap | None = None
    min_kills: Kills | None = None


class ReclusterRequest(AuthoredBody):
    """A range of killmails to recluster, end exclusive. Battles keep their ids."""

    start_time: RequestTime
    end_time: RequestTime
    reason: ReclusterReason = "manual"
    dry_run: JsonFlag = False
    delete_existing: JsonFlag = False
    custom_config: JobConfig = JobConfig()

    @model_validator(mode="before")
    @classmethod
    def _check_unsupported_fields(cls, body: object) -> object:
        _reject_unsupported_fields(body)
        return body

    @model_validator(mode="after")
    def _check_range(self) -> "ReclusterRequest":
        if self.delete_existing:
            raise ValueError("deleteExisting is not supported: battle ids are permanent and are kept by overlap")
        if self.start_time >= self.end_time:
            raise ValueError("startTime must be before endTime")
        if self.end_time - self.start_time > MAX_RANGE:
            raise ValueError("the range must not be longer than 60 months")
        return self


class ClusteringConfigUpdate(AuthoredBody):
    """A partial update of the clustering configuration; omitted fields stay."""

    window_minutes: Window | None = None
    gap_max_minutes: Gap | None = None
    min_kills: Kills | None = None
    auto_clustering: JsonFlag | None = None

    @model_validator(mode="before")
    @classmethod
    def _check_unsupported_fields(cls, body: object) -> object:
        _reject_unsupported_fields(body)
        return body

    @model_validator(mode="after")
    def _check_not_empty(self) -> "ClusteringConfigUpdate":
        if all(value is None for value in self.model_dump(exclude={"author"}).values()):
            raise ValueError("the request changes nothing")
        return self
