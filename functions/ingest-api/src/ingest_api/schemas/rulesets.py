"""Models of rulesets. ingest-poll applies rulesets; ingest-api only validates and stores them."""

from typing import Annotated, Any, Final, Self
from uuid import UUID

from pydantic import Field, StringConstraints, computed_field, model_validator

from battlescope_events.http_api.request_types import (
    DEFAULT_AUTHOR,
    LINES,
    JsonFlag,
    JsonInteger,
    RequestBody,
    RequestId,
    SingleLine,
    StatedAuthor,
)
from battlescope_schemas.base import EveId, Schema, UtcTime
from battlescope_schemas.universe import SecurityType
from ingest_api.domain.entity_validation import ESI_CATEGORIES, IdLists, unverified_ids

MinPilots = Annotated[JsonInteger, Field(ge=1, le=500)]
Entities = Annotated[tuple[RequestId, ...], Field(max_length=250)]
Systems = Annotated[tuple[RequestId, ...], Field(max_length=1000)]
SecurityTypes = Annotated[tuple[SecurityType, ...], Field(max_length=len(SecurityType))]
Description = Annotated[str, StringConstraints(strip_whitespace=True, max_length=1000), LINES]
TRACKED: Final = ("tracked_alliance_ids", "tracked_corp_ids", "tracked_character_ids")
LISTS: Final = (*TRACKED, "tracked_system_ids", "tracked_security_types")


class RulesetFields(RequestBody):
    """An empty list filters nothing. ignoreUnlisted: a killmail must involve a tracked entity."""

    name: SingleLine
    description: Description | None = None
    min_pilots: MinPilots = 2
    tracked_alliance_ids: Entities = ()
    tracked_corp_ids: Entities = ()
    tracked_character_ids: Entities = ()
    tracked_system_ids: Systems = ()
    tracked_security_types: SecurityTypes = ()
    ignore_unlisted: JsonFlag = False
    exclude_npc: JsonFlag = False
    is_active: JsonFlag = False

    @model_validator(mode="after")
    def _check_tracked_entities(self) -> Self:
        if self.ignore_unlisted and not any(getattr(self, name) for name in TRACKED):
            raise ValueError("ignoreUnlisted needs at least one tracked alliance, corporation or character")
        return self


class NewRuleset(RulesetFields):
    """A complete ruleset. If it is active, it replaces the active one."""

    updated_by: StatedAuthor = DEFAULT_AUTHOR


class RulesetChange(RequestBody):
    """A partial update; omitted fields stay."""

    name: SingleLine = ""
    description: Description | None = None
    min_pilots: MinPilots = 2
    tracked_alliance_ids: Entities = ()
    tracked_corp_ids: Entities = ()
    tracked_character_ids: Entities = ()
    tracked_system_ids: Systems = ()
    tracked_security_types: SecurityTypes = ()
    ignore_unlisted: JsonFlag = False
    exclude_npc: JsonFlag = False
    is_active: JsonFlag = False
    updated_by: StatedAuthor = DEFAULT_AUTHOR

    @property
    def changed_fields(self) -> dict[str, Any]:
        return self.model_dump(by_alias=False, exclude_unset=True, exclude={"updated_by"})


class ConfigChange(RequestBody):
    """A partial update of the active ruleset."""

    ruleset: RulesetChange

    @model_validator(mode="before")
    @classmethod
    def _check_unsupported_fields(cls, body: Any) -> Any:
        if isinstance(body, dict) and "service" in body:
            raise ValueError("service is not supported: the feed and the manifest of ingest-poll set the polling rate")
        return body  # pyright: ignore[reportUnknownVariableType]  # not validated yet


class RulesetItem(Schema):
    """names: ESI's names by id, as of saving. unverifiedIds: listed ids saved while ESI was unavailable."""

    id: UUID
    name: str
    description: str | None
    min_pilots: int
    tracked_alliance_ids: list[EveId]
    tracked_corp_ids: list[EveId]
    tracked_character_ids: list[EveId]
    tracked_system_ids: list[EveId]
    tracked_security_types: list[SecurityType]
    ignore_unlisted: bool
    exclude_npc: bool
    is_active: bool
    created_at: UtcTime
    updated_at: UtcTime
    updated_by: str | None
    names: dict[str, str] = Field(default_factory=dict)

    @property
    def lists(self) -> IdLists:
        return {name: getattr(self, name) for name in ESI_CATEGORIES}

    @computed_field
    @property
    def unverified_ids(self) -> list[EveId]:
        return unverified_ids(self.lists, self.names)


class Rulesets(Schema):
    rulesets: list[RulesetItem]
    total: int
    limit: int
    offset: int


class Version(Schema):
    """The ruleset as of `changedAt`."""

    changed_at: UtcTime
    ruleset: RulesetItem


class Versions(Schema):
    versions: list[Version]
    total: int
    limit: int
    offset: int


class Service(Schema):
    """pollIntervalMs is always null, because the feed sets the polling rate."""

    poll_interval_ms: int | None = None


class ConfigItem(Schema):
    ruleset: RulesetItem
    service: Service = Service()


class Success(Schema):
    """unverifiedIds: as in a ruleset."""

    success: bool = True
    unverified_ids: list[EveId]


def apply_change(ruleset: RulesetItem, change: RulesetChange) -> RulesetFields:
    """The fields of the ruleset after the change.

    Raises:
        ValueError: the result is not a valid ruleset.
    """
    return RulesetFields.model_validate(
        ruleset.model_dump(by_alias=False, include=set(RulesetFields.model_fields)) | change.changed_fields
    )
