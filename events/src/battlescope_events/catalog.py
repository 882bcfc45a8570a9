"""All CloudEvent types. `make generate` writes CATALOG.md from here and from the declarations of the functions."""

from typing import Any, Final
from zlib import crc32

from pydantic import ConfigDict, TypeAdapter

from battlescope_events.messages import EventType
from battlescope_schemas.accounts.account import SYSTEM_ACTOR, AccountChanged, AuditRecord
from battlescope_schemas.backfill import (
    DayCompleted,
    DayRequested,
    ManifestUploaded,
    RetentionDue,
    VerificationRequested,
)
from battlescope_schemas.battle import (
    BattleChunk,
    BattleCreated,
    BattleDeleted,
    BattleEditRequested,
    BattleEnded,
    BattleShareChanged,
    BattleUpdated,
    ReclusterRequested,
    RepublishRequested,
)
from battlescope_schemas.enriched import EnrichedKillmail
from battlescope_schemas.entity import EntityUpdated
from battlescope_schemas.prices import PricesDayLoaded, PricesRequested, RevaluationRequested
from battlescope_schemas.reference import KillmailChunk, KillmailReference, KillmailRefused, KillmailRereadRequested
from battlescope_schemas.search.requests import ReindexRequested

KEYS_PER_DAY: Final = 2
MIDDLE_OF_DAY: Final = 15
"""Hour in UTC before which half of a day's killmails come: 47 to 53 % on four real days."""
_PREFIX: Final = "com.battlescope"
_LATER: Final = ConfigDict(defer_build=True)  # no validator is built at import, as with single models
Ingested = KillmailReference | KillmailChunk
Enriched = EnrichedKillmail | KillmailChunk


def _killmail_subject(data: KillmailReference | EnrichedKillmail | KillmailChunk) -> str:
    return data.chunk_key if isinstance(data, KillmailChunk) else str(data.killmail_id)


def _system_key(data: KillmailReference | EnrichedKillmail | KillmailChunk) -> str:
    """Killmails of one system keep their order. A batch spans systems, so its key is its day.

    Each day has two keys, so that two batches of it are under way. Those of a backfilled day are its halves, because
    only batches far apart in time are clustered side by side.
    """
    if isinstance(data, KillmailChunk):
        return f"{data.date.isoformat()}/{_part_of_day(data)}"
    return str(data.system_id)


def _part_of_day(batch: KillmailChunk) -> int:
    if batch.starts_at is not None:
        return int(batch.starts_at.hour >= MIDDLE_OF_DAY)
    return crc32(batch.chunk_key.encode()) % KEYS_PER_DAY


def _battle_id(data: BattleCreated | BattleDeleted | BattleEnded | BattleEditRequested | BattleShareChanged) -> str:
    return data.battle_id


def _job_and_day(data: DayRequested | DayCompleted) -> str:
    return f"{data.job_id}/{data.date.isoformat()}"


def _entity(data: EntityUpdated) -> str:
    return f"{data.entity_type}:{data.entity_id}"


KILLMAIL_INGESTED: Final[EventType[Ingested]] = EventType(
    f"{_PREFIX}.killmail.ingested.v1",
    TypeAdapter(Ingested, config=_LATER),
    "killmail-reference:v1",
    _killmail_subject,
    _system_key,
)
KILLMAIL_REFUSED: Final[EventType[KillmailRefused]] = EventType(
    f"{_PREFIX}.killmail.refused.v1",
    TypeAdapter(KillmailRefused),
    "killmail-refused:v1",
    lambda data: str(data.sequence_id),
    lambda data: str(data.sequence_id),
)
KILLMAIL_REREAD_REQUESTED: Final[EventType[KillmailRereadRequested]] = EventType(
    f"{_PREFIX}.killmail.reread-requested.v1",
    TypeAdapter(KillmailRereadRequested),
    "killmail-reread-requested:v1",
    lambda data: str(data.sequence_id),
    lambda data: str(data.sequence_id),
)
KILLMAIL_ENRICHED: Final[EventType[Enriched]] = EventType(
    f"{_PREFIX}.killmail.enriched.v1",
    TypeAdapter(Enriched, config=_LATER),
    "enriched-killmail:v1",
    _killmail_subject,
    _system_key,
)
ENTITY_UPDATED: Final[EventType[EntityUpdated]] = EventType(
    f"{_PREFIX}.entity.updated.v1", TypeAdapter(EntityUpdated), "entity-updated:v1", _entity, _entity
)
BATTLE_CREATED: Final[EventType[BattleCreated]] = EventType(
    f"{_PREFIX}.battle.created.v1", TypeAdapter(BattleCreated), "battle-created:v1", _battle_id, _battle_id
)
BATTLE_UPDATED: Final[EventType[BattleUpdated]] = EventType(
    f"{_PREFIX}.battle.updated.v1", TypeAdapter(BattleUpdated), "battle-updated:v1", _battle_id, _battle_id
)
BATTLE_ENDED: Final[EventType[BattleEnded]] = EventType(
    f"{_PREFIX}.battle.ended.v1", TypeAdapter(BattleEnded), "battle-ended:v1", _battle_id, _battle_id
)
BATTLE_DELETED: Final[EventType[BattleDeleted]] = EventType(
    f"{_PREFIX}.battle.deleted.v1", TypeAdapter(BattleDeleted), "battle-deleted:v1", _battle_id, _battle_id
)
BATTLES_CHANGED: Final[EventType[BattleChunk]] = EventType(
    f"{_PREFIX}.battle.many-changed.v1",
    TypeAdapter(BattleChunk),
    "battle-chunk:v1",
    lambda data: data.chunk_key,
    lambda data: data.chunk_key,
)
BATTLES_ENDED: Final[EventType[BattleChunk]] = EventType(
    f"{_PREFIX}.battle.many-ended.v1",
    TypeAdapter(BattleChunk),
    "battle-chunk:v1",
    lambda data: data.chunk_key,
    lambda data: data.chunk_key,
)
BATTLE_EDIT_REQUESTED: Final[EventType[BattleEditRequested]] = EventType(
    f"{_PREFIX}.battle.edit-requested.v1",
    TypeAdapter(BattleEditRequested),
    "battle-edit-requested:v1",
    _battle_id,
    _battle_id,
)
BATTLE_SHARE_CHANGED: Final[EventType[BattleShareChanged]] = EventType(
    f"{_PREFIX}.battle.share-changed.v1",
    TypeAdapter(BattleShareChanged),
    "battle-share-changed:v1",
    _battle_id,
    _battle_id,
)
BATTLE_RECLUSTER_REQUESTED: Final[EventType[ReclusterRequested]] = EventType(
    f"{_PREFIX}.battle.recluster-requested.v1",
    TypeAdapter(ReclusterRequested),
    "battle-recluster-requested:v1",
    lambda data: data.job_id,
    lambda data: data.job_id,
)
BATTLE_REPUBLISH_REQUESTED: Final[EventType[RepublishRequested]] = EventType(
    f"{_PREFIX}.battle.republish-requested.v1",
    TypeAdapter(RepublishRequested),
    "battle-republish-requested:v1",
    lambda data: data.job_id,
    lambda data: data.job_id,
)
SEARCH_REINDEX_REQUESTED: Final[EventType[ReindexRequested]] = EventType(
    f"{_PREFIX}.search.reindex-requested.v1",
    TypeAdapter(ReindexRequested),
    "search-reindex-requested:v1",
    lambda data: data.job_id,
    lambda data: data.job_id,
)
MANIFEST_UPLOADED: Final[EventType[ManifestUploaded]] = EventType(
    f"{_PREFIX}.backfill.manifest-uploaded.v1",
    TypeAdapter(ManifestUploaded),
    "backfill-manifest-uploaded:v1",
    lambda data: data.key,
    lambda data: data.key,
)
DAY_REQUESTED: Final[EventType[DayRequested]] = EventType(
    f"{_PREFIX}.backfill.day-requested.v1",
    TypeAdapter(DayRequested),
    "backfill-day-requested:v1",
    _job_and_day,
    lambda data: data.date.isoformat(),
)
DAY_COMPLETED: Final[EventType[DayCompleted]] = EventType(
    f"{_PREFIX}.backfill.day-completed.v1",
    TypeAdapter(DayCompleted),
    "backfill-day-completed:v1",
    _job_and_day,
    lambda data: data.date.isoformat(),
)
VERIFICATION_REQUESTED: Final[EventType[VerificationRequested]] = EventType(
    f"{_PREFIX}.verification.requested.v1",
    TypeAdapter(VerificationRequested),
    "verification-requested:v1",
    lambda data: data.date.isoformat(),
    lambda data: data.date.isoformat(),
)
RETENTION_DUE: Final[EventType[RetentionDue]] = EventType(
    f"{_PREFIX}.retention.due.v1",
    TypeAdapter(RetentionDue),
    "retention-due:v1",
    lambda data: data.cutoff_date.isoformat(),
    lambda data: data.cutoff_date.isoformat(),
)
PRICES_REQUESTED: Final[EventType[PricesRequested]] = EventType(
    f"{_PREFIX}.prices.requested.v1",
    TypeAdapter(PricesRequested),
    "prices-requested:v1",
    lambda data: data.date.isoformat(),
    lambda _: "prices",  # one key: an ordered Trigger lets one process at a time load from the source
)
PRICES_DAY_LOADED: Final[EventType[PricesDayLoaded]] = EventType(
    f"{_PREFIX}.prices.day-loaded.v1",
    TypeAdapter(PricesDayLoaded),
    "prices-day-loaded:v1",
    lambda data: data.date.isoformat(),
    lambda data: data.date.isoformat(),
)
REVALUATION_REQUESTED: Final[EventType[RevaluationRequested]] = EventType(
    f"{_PREFIX}.killmail.revaluation-requested.v1",
    TypeAdapter(RevaluationRequested),
    "revaluation-requested:v1",
    lambda data: data.job_id,
    lambda data: data.job_id,
)
ACCOUNT_CHANGED: Final[EventType[AccountChanged]] = EventType(
    f"{_PREFIX}.account.changed.v1",
    TypeAdapter(AccountChanged),
    "account-changed:v1",
    lambda data: str(data.account_id),
    lambda data: str(data.account_id),
)
AUDIT_RECORDED: Final[EventType[AuditRecord]] = EventType(
    f"{_PREFIX}.audit.recorded.v1",
    TypeAdapter(AuditRecord),
    "audit-record:v1",
    lambda data: str(data.id),
    lambda data: str(data.actor or SYSTEM_ACTOR),
)
# A timer event: run, and read the work from durable state. It carries no data; an extension names the timer.
TIMER: Final[EventType[Any]] = EventType("dev.knative.sources.ping", TypeAdapter(Any), "tick", str, str)

CATALOG: Final[tuple[EventType[Any], ...]] = (
    KILLMAIL_INGESTED,
    KILLMAIL_REFUSED,
    KILLMAIL_REREAD_REQUESTED,
    KILLMAIL_ENRICHED,
    ENTITY_UPDATED,
    BATTLE_CREATED,
    BATTLE_UPDATED,
    BATTLE_ENDED,
    BATTLE_DELETED,
    BATTLES_CHANGED,
    BATTLES_ENDED,
    BATTLE_EDIT_REQUESTED,
    BATTLE_SHARE_CHANGED,
    BATTLE_RECLUSTER_REQUESTED,
    BATTLE_REPUBLISH_REQUESTED,
    SEARCH_REINDEX_REQUESTED,
    MANIFEST_UPLOADED,
    DAY_REQUESTED,
    DAY_COMPLETED,
    VERIFICATION_REQUESTED,
    RETENTION_DUE,
    PRICES_REQUESTED,
    PRICES_DAY_LOADED,
    REVALUATION_REQUESTED,
    ACCOUNT_CHANGED,
    AUDIT_RECORDED,
)
