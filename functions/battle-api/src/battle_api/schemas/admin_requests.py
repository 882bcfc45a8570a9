"""What administrators may ask for: a range grouped anew, or other terms of grouping."""

from datetime import timedelta
from typing import Annotated, Final, Literal

from pydantic import Field, model_validator

from battle_api.schemas.edit_requests import AuthoredRequest, StrictSchema
from battlescope_schemas.base import UtcTime

MAX_RANGE: Final = timedelta(days=1827)  # 60 months
Window = Annotated[int, Field(ge=5, le=180)]
Gap = Annotated[int, Field(ge=1, le=60)]
Kills = Annotated[int, Field(ge=1, le=100)]
_UNSUPPORTED_FIELDS: Final = {
    "processingDelayMinutes": "mails are grouped as their events arrive, and a late one gives the same battles",
    "batchSize": "an event holds one mail, and a job takes a range part by part",
    "intervalMs": "nothing sweeps: each mail's event starts the work",
    "priority": "jobs take turns with live mails, part by part",
}


def _reject_unsupported_fields(body: object) -> None:
    """Fields of systems that sweep a table, which a client may know from elsewhere."""
    for name, reason in _UNSUPPORTED_FIELDS.items():
        if isinstance(body, dict) and name in body:
            raise ValueError(f"{name} has no meaning here: {reason}")


class JobConfig(StrictSchema):
    """Terms of one job only; what is left out stays as configured."""

    window_minutes: Window | None = None
    gap_max_minutes: Gap | None = None
    min_kills: Kills | None = None


class ReclusterRequest(AuthoredRequest):
    """A range of mails to be grouped anew, its end not included. Battles keep their addresses."""

    start_time: UtcTime
    end_time: UtcTime
    reason: Literal["daily_verification", "gap_detected", "retention_cleanup", "manual", "backfill"] = "manual"
    dry_run: bool = False
    delete_existing: bool = False
    custom_config: JobConfig = JobConfig()

    @model_validator(mode="before")
    @classmethod
    def _check_unsupported_fields(cls, body: object) -> object:
        _reject_unsupported_fields(body)
        return body

    @model_validator(mode="after")
    def _check_range(self) -> "ReclusterRequest":
        if self.delete_existing:
            raise ValueError(
                "deleteExisting is refused: the address of a battle never dies, so ids are kept by overlap"
            )
        if self.start_time >= self.end_time:
            raise ValueError("startTime lies before endTime")
        if self.end_time - self.start_time > MAX_RANGE:
            raise ValueError("the range is at most 60 months long")
        return self


class CancelRequest(AuthoredRequest):
    """Ends a job before its end."""


class ClusteringConfigUpdate(AuthoredRequest):
    """Terms of grouping for mails to come; what is left out stays."""

    window_minutes: Window | None = None
    gap_max_minutes: Gap | None = None
    min_kills: Kills | None = None
    auto_clustering: bool | None = None

    @model_validator(mode="before")
    @classmethod
    def _check_unsupported_fields(cls, body: object) -> object:
        _reject_unsupported_fields(body)
        return body

    @model_validator(mode="after")
    def _check_not_empty(self) -> "ClusteringConfigUpdate":
        if all(value is None for value in self.model_dump(exclude={"author"}).values()):
            raise ValueError("nothing to change was given")
        return self
