"""What battle-cluster does with each kind of event: a mail, a chunk of mails, a name, an edit, a job's part, a tick."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Final

from battle_cluster.detection.rules import Rules
from battle_cluster.domain.battle import Cause, CauseKind, Configuration
from battle_cluster.handlers.edits import apply
from battle_cluster.handlers.recluster import recluster
from battle_cluster.handlers.regroup import NOTHING, Found, Work, find, keep, locked_enough
from battle_cluster.handlers.retention import retire
from battle_cluster.handlers.suggestions import suggest
from battle_cluster.messaging.claim_checks import Archive
from battle_cluster.messaging.enriched_killmail import Heard, Name, heard
from battle_cluster.persistence.battles import Said
from battle_cluster.persistence.lock_keys import BULK, SLACK, at_stake, looked_at, place
from battle_cluster.persistence.unit_of_work import Store, Transaction
from battlescope_events.messages import Event
from battlescope_events.publisher import Publish
from battlescope_schemas.backfill import RetentionDue
from battlescope_schemas.battle import BattleEditRequested, BattleEnded, ReclusterRequested
from battlescope_schemas.enriched import EnrichedKillmail
from battlescope_schemas.entity import EntityUpdated
from battlescope_schemas.reference import KillmailChunk

AT_ONCE: Final = 3000
"""Mails of a chunk in one transaction: a few seconds in which mails of the same systems and days wait."""
LOOKED_AT_AGAIN: Final = 3600
"""Seconds: of a chunk only the end is remembered, for the next one begins there."""

Told = (
    EnrichedKillmail
    | KillmailChunk
    | EntityUpdated
    | BattleEditRequested
    | ReclusterRequested
    | BattleEnded
    | RetentionDue
    | None
)


async def handle(
    event: Event[Told], *, store: Store, publish: Publish, archive: Archive, clock: Callable[[], datetime]
) -> None:
    match event.data:
        case EnrichedKillmail() as mail:
            said = await file(heard(mail), store, clock())
            if said is not None:
                await store.tell(said, publish)
                return
        case KillmailChunk(chunk_key=key):
            async with store.turns:
                await file_all(await archive.chunk(key), store, clock())
        case EntityUpdated(entity_type=kind, entity_id=entity_id, entity_name=name):
            await store.rename(Name(kind, entity_id, name))
        case BattleEditRequested(edit_id=edit_id):
            await apply(edit_id, store, clock())
        case ReclusterRequested(job_id=job_id, part=part):
            await recluster(job_id, part, store, clock())
        case RetentionDue(cutoff_date=cutoff):
            await retire(cutoff, store, clock())
        case BattleEnded():
            await suggest(store)
        case _:
            await store.forget_attempts()
            await suggest(store)
    await store.deliver_said(publish)


async def file(mail: Heard, store: Store, now: datetime) -> Said | None:
    """File one mail; one transaction. None where it was here before: then an earlier try may have left words unsaid."""

    async def once(places: frozenset[int]) -> tuple[Found, Said] | None:
        async with store.transaction() as tx:
            return await _file(mail, places, tx, now)

    filed = await locked_enough(at_stake([mail.mail], nearby=True), once)
    if filed is None:
        return None
    found, said = filed
    store.memory.remember([mail.kept], found.difference.changes)
    store.memory.wrote(mail.names)
    return said


async def _file(mail: Heard, places: frozenset[int], tx: Transaction, now: datetime) -> tuple[Found, Said] | None:
    terms = await tx.arrive(mail, places, looked_at(places))
    if terms is None:
        return None
    work = await _work([mail], places, terms, tx)
    found = await find(work, tx) if terms.auto_clustering else NOTHING
    return found, await keep(found, work, tx, now)


async def file_all(mails: Iterable[Heard], store: Store, now: datetime) -> None:
    """File many mails by way of as few transactions as is polite to those who file single ones meanwhile."""
    ordered = sorted(mails, key=lambda one: (one.mail.time, one.mail.killmail_id))
    for start in range(0, len(ordered), AT_ONCE):
        await _file_batch(ordered[start : start + AT_ONCE], store, now)


async def _file_batch(mails: Sequence[Heard], store: Store, now: datetime) -> None:
    async def once(more: frozenset[int]) -> tuple[Found, frozenset[Name]]:
        async with store.transaction() as tx:
            await tx.lock({BULK}, ())  # before anything is looked at: who waits here has old news
            places = await _crowd(mails, tx) | more
            terms = await tx.lock(places, looked_at(places))
            fresh = await tx.new_of(mails)
            if not fresh:
                return NOTHING, frozenset()
            work = await _work(fresh, places, terms, tx)
            if terms.auto_clustering:
                found = await find(work, tx, fresh)
            else:
                found = NOTHING
                await tx.store(fresh, {})
            await keep(found, work, tx, now)
            return found, work.names

    found, written = await locked_enough(frozenset(), once)
    latest = mails[-1].mail.time - LOOKED_AT_AGAIN
    store.memory.remember((one.kept for one in mails if one.mail.time > latest), found.difference.changes)
    store.memory.wrote(written)


async def _crowd(mails: Sequence[Heard], tx: Transaction) -> frozenset[int]:
    """The places of many mails in order of time, and those of all around them: some fight will reach there."""
    around = await tx.places_between(mails[0].mail.time - SLACK, mails[-1].mail.time + SLACK)
    return at_stake((one.mail for one in mails), nearby=False) | {place(*one) for one in around}


async def _work(mails: Sequence[Heard], places: frozenset[int], terms: Configuration, tx: Transaction) -> Work:
    arrived = {one.mail.killmail_id: one.kept for one in mails}
    return Work(
        cause=Cause(CauseKind.KILLMAIL, str(mails[-1].mail.killmail_id)),
        arrived=arrived,
        stored_in=dict.fromkeys(arrived),
        rules=Rules.from_configuration(terms.window_minutes, terms.gap_max_minutes, terms.min_kills),
        edits=await tx.edits(terms.edits_version),
        places=places,
        names=frozenset[Name]().union(*(one.names for one in mails)),
    )
