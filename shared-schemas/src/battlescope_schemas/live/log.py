"""The live log: a capped stream in Valkey of what has just happened. killmail-api sends it to its clients.

| Key | Value |
|---|---|
| `live-log` | a stream; each entry has one field: its name is a `LiveKind`, its value the JSON of that kind |

Publishers append after their own commit, at least once; readers know killmails and revisions of battles by their ids.
The first entry of a new log is `began`: a reader whose position is older than the first entry has missed entries.
Positions are Valkey's own ids, milliseconds of Unix time and a number.
"""

from enum import StrEnum
from typing import Annotated, Final

from pydantic import Field

from battlescope_schemas.base import EveId, Isk, Schema, UtcTime
from battlescope_schemas.battle import BattleSide, BattleStatus
from battlescope_schemas.universe import SecurityType

LIVE_LOG_KEY: Final = "live-log"
MAX_LIVE_ENTRIES: Final = 20_000
"""About half a day of killmails and changes of battles, some 10 MB."""
MAX_BATTLE_IDS: Final = 500


class LiveKind(StrEnum):
    """The kinds of entries."""

    BEGAN = "began"
    KILLMAIL = "killmail"
    BATTLE = "battle"
    BATTLES = "battles"


class LiveKillmail(Schema):
    """A killmail was stored, or a new value of it. Its data is in the database of the killmails context."""

    killmail_id: EveId


class BattleChange(StrEnum):
    """What happened to a battle."""

    CREATED = "created"
    UPDATED = "updated"
    DELETED = "deleted"


class BattleSummary(Schema):
    """A battle as of one revision, as lists show it."""

    system_id: EveId
    system_name: str
    region_id: EveId
    region_name: str
    security_type: SecurityType
    status: BattleStatus
    start_time: UtcTime
    end_time: UtcTime
    total_kills: Annotated[int, Field(ge=0)]
    total_isk_destroyed: Isk
    participant_count: Annotated[int, Field(ge=0)]
    sides: tuple[BattleSide, ...] = ()


class LiveBattle(Schema):
    """A battle changed.

    revision: 0 for a deletion that is final. reason: why, as the event of the change states it. merged_into: the
    battle that a deleted one became a part of. battle: None for a deleted one.
    """

    battle_id: str
    revision: Annotated[int, Field(ge=0)]
    change: BattleChange
    reason: str | None = None
    merged_into: str | None = None
    battle: BattleSummary | None = None


class LiveBattles(Schema):
    """Many battles changed at once, by a backfill or a job."""

    battle_ids: Annotated[tuple[str, ...], Field(max_length=MAX_BATTLE_IDS)]
