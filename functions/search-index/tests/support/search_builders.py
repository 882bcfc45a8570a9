"""Killmails and battles as other functions publish them, and a consumer that processes their events."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from battlescope_events.catalog import (
    BATTLE_CREATED,
    BATTLE_DELETED,
    BATTLE_ENDED,
    BATTLE_SHARE_CHANGED,
    BATTLE_UPDATED,
    BATTLES_CHANGED,
    BATTLES_ENDED,
    ENTITY_UPDATED,
    KILLMAIL_ENRICHED,
    RETENTION_DUE,
    SEARCH_REINDEX_REQUESTED,
    TIMER,
)
from battlescope_events.event_batch import encode_batch
from battlescope_events.messages import Event, EventType, Message
from battlescope_events.postgres.database import Database
from battlescope_events.postgres.outbox import Outbox
from battlescope_events.publisher import RecordingPublisher
from battlescope_schemas.archive import compress_batch
from battlescope_schemas.backfill import RetentionDue
from battlescope_schemas.battle import (
    BattleChunk,
    BattleCreated,
    BattleDeleted,
    BattleEnded,
    BattleMetadata,
    BattleShareChanged,
    BattleSide,
    BattleStatus,
    BattleTotals,
    BattleUpdated,
    DeletionReason,
    SideParty,
    UpdateReason,
)
from battlescope_schemas.enriched import EnrichedAttacker, EnrichedKillmail, EnrichedVictim
from battlescope_schemas.entity import EntityUpdated
from battlescope_schemas.reference import KillmailChunk
from battlescope_schemas.search.requests import ReindexRequested
from battlescope_schemas.universe import SecurityType
from search_index.main import compose
from search_index.messaging.claim_checks import ClaimChecks
from search_index.services.engine import PostgresEngine, SearchEngine

START = datetime(2026, 3, 1, 18, tzinfo=UTC)
SYSTEM, REGION = 30_000_142, 10_000_002
BattlePayload = BattleCreated | BattleUpdated | BattleDeleted | BattleEnded


def battle_id(number: int) -> str:
    return str(UUID(int=number))


def participant(number: int, alliance: int) -> dict[str, Any]:
    return {
        "character_id": 90_000_000 + number,
        "character_name": f"Pilot {number}",
        "corporation_id": 98_000_000 + alliance,
        "corporation_name": f"Corporation {alliance}",
        "alliance_id": 99_000_000 + alliance,
        "alliance_name": f"Alliance {alliance}",
        "ship_type_id": 587,
        "ship_type_name": "Rifter",
        "ship_group_id": 25,
    }


def killmail(
    killmail_id: int,
    victim: tuple[int, int] = (1, 1),
    attackers: Sequence[tuple[int, int]] = ((11, 2),),
    *,
    minute: float = 0,
    **changes: Any,
) -> EnrichedKillmail:
    """Pilots are pairs of a number and the number of their alliance."""
    fields: dict[str, Any] = {
        "killmail_id": killmail_id,
        "zkb_hash": "a" * 40,
        "killmail_time": START + timedelta(minutes=minute),
        "system_id": SYSTEM,
        "system_name": "J115422",
        "constellation_id": 20_000_020,
        "constellation_name": "Kimotoro",
        "region_id": REGION,
        "region_name": "The Forge",
        "security_type": SecurityType.NULLSEC,
        "security_status": -0.4,
        "zkb_total_value": "1000000.25",
        "zkb_url": f"https://zkillboard.com/kill/{killmail_id}/",
        "victim": EnrichedVictim.model_validate(
            {**participant(*victim), "ship_group_name": "Frigate", "ship_category_id": 6}
        ),
        "attackers": tuple(EnrichedAttacker.model_validate(participant(*attacker)) for attacker in attackers),
        "attacker_count": len(attackers),
        "archive_key": "raw-killmails/x#0+1",
    }
    return EnrichedKillmail.model_validate(fields | changes)


def battle(number: int, revision: int, killmail_ids: Sequence[int] | None, **changes: Any) -> BattlePayload:
    """The event of a battle's revision; without killmail ids the battle is deleted."""
    if killmail_ids is None:
        return BattleDeleted(battle_id=battle_id(number), revision=revision, reason=DeletionReason.RECLUSTER)
    totals: dict[str, Any] = {"total_kills": len(killmail_ids), "total_isk_destroyed": "2500000.75"}
    totals["participant_count"] = 4
    fields: dict[str, Any] = totals | {
        "battle_id": battle_id(number),
        "revision": revision,
        "system_id": SYSTEM,
        "system_name": "J115422",
        "region_id": REGION,
        "region_name": "The Forge",
        "security_type": SecurityType.NULLSEC,
        "start_time": START,
        "end_time": START + timedelta(minutes=20),
        "status": BattleStatus.OPEN,
        "killmail_ids": tuple(killmail_ids),
        "sides": (
            BattleSide(
                side_id=1, pilots=2, kills=2, losses=0, isk_destroyed="2500000.75", isk_lost="0", role="main",
                top_party=SideParty(party_type="alliance", party_id=99_000_002), party_count=1,
            ),
        ),
        "zkill_related_url": "https://zkillboard.com/related/1/1/",
        "metadata": BattleMetadata(clustering_algorithm="tests"),
        "tier": "small",
    }  # fmt: skip
    fields |= changes
    if revision == 1:
        return BattleCreated.model_validate(fields)
    return BattleUpdated.model_validate(
        {**fields, "update_reason": UpdateReason.RECLUSTER, "previous": BattleTotals(**totals)}
    )


def ended(number: int, revision: int) -> BattleEnded:
    return BattleEnded(
        battle_id=battle_id(number),
        revision=revision,
        end_time=START,
        total_kills=2,
        total_isk_destroyed="1",
        participant_count=2,
    )


def shared(number: int, token_digest: str, *, is_revoked: bool = False) -> BattleShareChanged:
    return BattleShareChanged(
        battle_id=battle_id(number), share_id=token_digest[:8], token_digest=token_digest, is_revoked=is_revoked
    )


def renamed(entity_id: int, name: str, minute: int, *, kind: str = "alliance", ticker: str | None = None) -> Any:
    time = START + timedelta(minutes=minute)
    return EntityUpdated(entity_type=kind, entity_id=entity_id, entity_name=name, updated_at=time, ticker=ticker)


_TYPES: dict[type[Any], EventType[Any]] = {
    EnrichedKillmail: KILLMAIL_ENRICHED,
    KillmailChunk: KILLMAIL_ENRICHED,
    BattleCreated: BATTLE_CREATED,
    BattleUpdated: BATTLE_UPDATED,
    BattleDeleted: BATTLE_DELETED,
    BattleEnded: BATTLE_ENDED,
    BattleChunk: BATTLES_CHANGED,
    BattleShareChanged: BATTLE_SHARE_CHANGED,
    EntityUpdated: ENTITY_UPDATED,
    RetentionDue: RETENTION_DUE,
    ReindexRequested: SEARCH_REINDEX_REQUESTED,
}


def event(payload: Any) -> Event[Any]:
    return Event(_TYPES[type(payload)], "1", "tests", payload, {})


def many_ended(*ends: BattlePayload) -> Event[BattleChunk]:
    """Ends of battles as one event, which carries its object."""
    digest, body = encode_batch(messages(ends))
    return Event(BATTLES_ENDED, "1", "tests", BattleChunk(chunk_key=digest, count=len(ends), content=body), {})


def messages(payloads: Sequence[Any]) -> list[Message]:
    return [_TYPES[type(p)].message(p, source="tests", key=str(i), time=START) for i, p in enumerate(payloads)]


@dataclass
class Objects:
    """Batch objects in memory; the real object storage has tests of its own."""

    bodies: dict[str, bytes] = field(default_factory=dict[str, bytes])

    async def get(self, key: str, *, max_bytes: int) -> bytes:
        assert len(self.bodies[key]) <= max_bytes
        return self.bodies[key]


class Consumer:
    """The handlers on a real database; a background run never starts by itself."""

    def __init__(self, database: Database, engine: SearchEngine | None = None) -> None:
        self.database = database
        self.objects = Objects()
        self.broker = RecordingPublisher()
        self.outbox = Outbox(database, "battles")
        self.handlers = compose(
            database,
            engine or PostgresEngine(),
            self.outbox,
            self.broker,
            ClaimChecks(self.objects),
            delay_seconds=3600,
            grouping_seconds=0,
        )

    async def process(self, *payloads: Any) -> None:
        """Payloads, or events that their payload alone does not make."""
        for payload in payloads:
            await self.handlers.dispatch(payload if isinstance(payload, Event) else event(payload))

    async def process_killmail_batch(self, killmails: Iterable[EnrichedKillmail]) -> None:
        lines = [killmail.model_dump_json(by_alias=True, exclude_none=True) for killmail in killmails]
        self.objects.bodies["chunks/k"] = compress_batch("".join(f"{line}\n" for line in lines).encode())
        await self.process(KillmailChunk(chunk_key="chunks/k", count=len(lines), date=START.date()))

    async def process_battle_batch(self, payloads: Sequence[Any]) -> None:
        _, self.objects.bodies["chunks/b"] = encode_batch(messages(payloads))
        await self.process(BattleChunk(chunk_key="chunks/b", count=len(payloads)))

    async def timer(self, task: str) -> None:
        await self.handlers.dispatch(Event(TIMER, "1", "tests", None, {"task": task}))

    async def index(self) -> None:
        """Index and copy what is queued, as the background run does."""
        await self.handlers.maintenance.index_and_copy()

    async def run_requested_parts(self, limit: int = 100) -> None:
        """Process the published requests for parts of rebuilds, as the Broker would deliver them."""
        while self.broker.messages and limit:
            message, limit = self.broker.messages.pop(0), limit - 1
            await self.process(ReindexRequested.model_validate_json(message.body))

    async def close(self) -> None:
        await self.handlers.loop.close()


STATE = {
    "killmails": "SELECT * FROM killmails ORDER BY killmail_id",
    "entities": "SELECT entity_type, entity_id, entity_name, ticker, folded_name, compact_name, compact_ticker,"
    " is_searchable, battle_count, kills, losses, last_seen_at, corporation_id, alliance_id"
    " FROM entities ORDER BY entity_type, entity_id",
    "participations": "SELECT * FROM battle_entities ORDER BY entity_type, entity_id, battle_id",
    "members": "SELECT * FROM battle_killmails ORDER BY killmail_id, battle_id",
    "battles": "SELECT battle_id, revision, ended_revision, state, merged_into FROM battles ORDER BY battle_id",
    "documents": "SELECT * FROM battle_documents ORDER BY battle_id",
    "systems": "SELECT * FROM solar_systems ORDER BY system_id",
    "ships": "SELECT * FROM ship_types ORDER BY ship_type_id",
    "shares": "SELECT * FROM battle_shares ORDER BY token_digest",
}


async def rows(database: Database, statement: str) -> list[tuple[Any, ...]]:
    async with database.connection() as connection:
        return await (await connection.execute(statement)).fetchall()


async def state(database: Database) -> dict[str, list[tuple[Any, ...]]]:
    """Everything that search knows and shows."""
    return {name: await rows(database, statement) for name, statement in STATE.items()}


async def empty(database: Database) -> None:
    tables = "killmails, battles, battle_documents, battle_killmails, battle_entities, entities, solar_systems, "
    tables += "ship_types, battle_shares, index_queue, engine_queue, reindex_jobs, outbox_messages"
    async with database.connection() as connection:
        await connection.execute(f"TRUNCATE {tables}")
