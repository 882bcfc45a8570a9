"""What administrators may ask for: a range grouped anew, or other terms of grouping."""

from datetime import timedelta
from typing import Annotated, Final, Literal

from pydantic import Field, model_validator

from battle_api.schemas.edit_requests import AuthoredRequest, Strict
from battlescope_schemas.base import UtcTime

LONGEST_RANGE: Final = timedelta(days=1827)  # 60 months
Window = Annotated[int, Field(ge=5, le=180)]
Gap = Annotated[int, Field(ge=1, le=60)]
Kills = Annotated[int, Field(ge=1, le=100)]
_MEANINGLESS: Final = {
    "processingDelayMinutes": "mails are grouped as their events arrive, and a late one gives the same battles",
    "batchSize": "an event holds one mail, and a job takes a range part by part",
    "intervalMs": "nothing sweeps: each mail's event starts the work",
    "priority": "jobs take turns with live mails, part by part",
}


def _refuse_meaningless(given: object) -> None:
    """Fields of systems that sweep a table, which a client may know from elsewhere."""
    for name, why in _MEANINGLESS.items():
        if isinstance(given, dict) and name in given:
            raise ValueError(f"{name} has no meaning here: {why}")


class CustomConfig(Strict):
    """Terms of one job only; what is left out stays as configured."""

    window_minutes: Window | None = None
    gap_max_minutes: Gap | None = None
    min_kills: Kills | None = None


class Recluster(AuthoredRequest):
    """A range of mails to be grouped anew, its end not included. Battles keep their addresses."""

    start_time: UtcTime
    end_time: UtcTime
    reason: Literal["daily_verification", "gap_detected", "retention_cleanup", "manual", "backfill"] = "manual"
    dry_run: bool = False
    delete_existing: bool = False
    custom_config: CustomConfig = CustomConfig()

    @model_validator(mode="before")
    @classmethod
    def _has_meaning(cls, given: object) -> object:
        _refuse_meaningless(given)
        return given

    @model_validator(mode="after")
    def _is_possible(self) -> "Recluster":
        if self.delete_existing:
            raise ValueError(
                "deleteExisting is refused: the address of a battle never dies, so ids are kept by overlap"
            )
        if self.start_time >= self.end_time:
            raise ValueError("startTime lies before endTime")
        if self.end_time - self.start_time > LONGEST_RANGE:
            raise ValueError("the range is at most 60 months long")
        return self


class Cancel(AuthoredRequest):
    """Ends a job before its end."""


class ClusteringConfigUpdate(AuthoredRequest):
    """Terms of grouping for mails to come; what is left out stays."""

    window_minutes: Window | None = None
    gap_max_minutes: Gap | None = None
    min_kills: Kills | None = None
    auto_clustering: bool | None = None

    @model_validator(mode="before")
    @classmethod
    def _has_meaning(cls, given: object) -> object:
        _refuse_meaningless(given)
        return given

    @model_validator(mode="after")
    def _says_something(self) -> "ClusteringConfigUpdate":
        if all(value is None for value in self.model_dump(exclude={"author"}).values()):
            raise ValueError("nothing to change was given")
        return self
