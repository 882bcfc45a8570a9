"""What streams send besides killmails, and what they are asked for."""

import re
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from battlescope_events.http_api.request_types import WHOLE_NUMBER, Flag, QueryId
from battlescope_schemas.base import Schema
from battlescope_schemas.ships.hulls import HullClass
from battlescope_schemas.universe import SecurityType
from killmail_api.schemas.killmails import Summary
from killmail_api.schemas.security_filter import SpaceType

_BATTLE: Final = "battle:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_TOPIC: Final = f"(battles|killmails|{_BATTLE})"
MAX_TOPICS: Final = 50
_TOPIC_LIST: Final = f"^{_TOPIC}(,{_TOPIC}){{0,{MAX_TOPICS - 1}}}$"
_TOPICS: Final = "Separated by commas: `killmails`, `battles`, and `battle:{id}` for the changes of one battle."
_LAST_EVENT_ID: Final = "As the header Last-Event-ID, for clients that cannot send it; the header wins."
_POLL_INTERVAL: Final = "Accepted for older clients, without effect: events are sent when they happen."


def _topics(text: str) -> str:
    if not re.fullmatch(_TOPIC_LIST, text):
        raise ValueError(f"must be 1 to {MAX_TOPICS} of killmails, battles and battle:{{id}}, separated by commas")
    return text


class StreamQuery(BaseModel):
    """Filters of killmails and battles, as far as these have the field. Values of one are alternatives.

    once: end after the snapshot. limit: killmails in the snapshot.
    """

    model_config = ConfigDict(frozen=True)

    security_type: Annotated[list[SecurityType], Field(max_length=len(SecurityType))] = []
    space_type: Annotated[list[SpaceType], Field(max_length=len(SpaceType))] = []
    system_id: Annotated[list[QueryId], Field(max_length=100)] = []
    region_id: Annotated[list[QueryId], Field(max_length=100)] = []
    alliance_id: Annotated[list[QueryId], Field(max_length=100)] = []
    corp_id: Annotated[list[QueryId], Field(max_length=100)] = []
    character_id: Annotated[list[QueryId], Field(max_length=100)] = []
    hull_class: Annotated[list[HullClass], Field(max_length=len(HullClass))] = []
    min_isk: Annotated[int, Field(ge=0, le=10**18 - 1), WHOLE_NUMBER] = 0
    limit: Annotated[int, Field(ge=1, le=100), WHOLE_NUMBER] = 25
    once: Flag = False
    last_event_id: Annotated[str, Field(max_length=50, description=_LAST_EVENT_ID)] = ""

    @property
    def min_value(self) -> Decimal:
        return Decimal(self.min_isk)


class TopicQuery(StreamQuery):
    topics: Annotated[
        str,
        Field(max_length=MAX_TOPICS * 50, description=_TOPICS, json_schema_extra={"pattern": _TOPIC_LIST}),
        AfterValidator(_topics),
    ]


class KillmailStreamQuery(StreamQuery):
    poll_interval_ms: Annotated[int, Field(ge=1_000, le=60_000, description=_POLL_INTERVAL), WHOLE_NUMBER] = 5_000


class StreamStatus(StrEnum):
    """degraded: Valkey or the database does not answer; killmails come later, and blocks may be null."""

    HEALTHY = "healthy"
    DEGRADED = "degraded"


class BattleRevision(Schema):
    """The current revision of a battle, by which a client knows whether it shows an older one."""

    battle_id: str
    revision: int
    is_deleted: bool


class Snapshot(Schema):
    """The first event of a stream. A block is null without its topic, or while the database does not answer."""

    killmails: tuple[Summary, ...] | None = None
    battles: tuple[BattleRevision, ...] | None = None
    status: StreamStatus
