"""One mail in, its battle regrouped, and what changed said; a chunk is its mails one after the other."""

from collections.abc import Callable, Collection
from datetime import datetime

from battle_cluster.archive_client import Archive
from battle_cluster.battles import Kept
from battle_cluster.changes import Difference, Regrouped, change, changed, moved_mails, removals
from battle_cluster.figures import reckon
from battle_cluster.filing import verdict
from battle_cluster.gathering import Gathering, Neighbourhood
from battle_cluster.identity import new_id
from battle_cluster.mails import Mail
from battle_cluster.reading import Heard, Name, heard
from battle_cluster.rows import rows_of
from battle_cluster.rules import Rules
from battle_cluster.saying import messages
from battle_cluster.store import Said, Store, Transaction
from battlescope_events.publish import Publish
from battlescope_events.wire import Event
from battlescope_schemas.enriched import EnrichedKillmail
from battlescope_schemas.entity import EntityUpdated
from battlescope_schemas.reference import KillmailChunk
from battlescope_schemas.universe import WORMHOLE_SYSTEMS


class Crowded(Exception):  # noqa: N818  # an outcome, named as what it is
    """The fight reaches into systems that are not locked; what was read there may be old, so it begins anew."""

    def __init__(self, systems: Collection[int]) -> None:
        super().__init__(f"{len(systems)} systems are to be locked.")
        self.systems = frozenset(systems)


Told = EnrichedKillmail | KillmailChunk | EntityUpdated | None


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
            for mail in await archive.chunk(key):
                await file(heard(mail), store, clock())
        case EntityUpdated(entity_type=kind, entity_id=entity_id, entity_name=name):
            await store.rename(Name(kind, entity_id, name))
        case _:
            await store.forget_attempts()
    await store.deliver_said(publish)


async def file(mail: Heard, store: Store, now: datetime) -> Said | None:
    """File one mail; one transaction. None where it was here before: then an earlier try may have left words unsaid."""
    systems = _at_stake(mail.mail)
    while True:
        try:
            async with store.transaction() as tx:
                filed = await _file(mail, systems, tx, now)
        except Crowded as more:
            systems |= more.systems
        else:
            break
    if filed is None:
        return None
    difference, said = filed
    store.memory.remember(mail.kept, difference.changes)
    return said


def _at_stake(mail: Mail) -> frozenset[int]:
    """Wormholes connect to anywhere: one number stands for all of them, since no list of neighbours exists."""
    return frozenset({mail.system_id, WORMHOLE_SYSTEMS.start} | mail.nearby_system_ids)


async def _file(
    heard: Heard, systems: frozenset[int], tx: Transaction, now: datetime
) -> tuple[Difference, Said] | None:
    mail = heard.mail
    beyond = None if any(system in WORMHOLE_SYSTEMS[1:] for system in systems) else WORMHOLE_SYSTEMS.start
    terms = await tx.arrive(heard, systems, beyond)
    if terms is None:
        return None
    rules = Rules.from_configuration(terms.window_minutes, terms.gap_max_minutes, terms.min_kills)
    around = await _gather(heard.kept, tx, rules)
    reached = frozenset(around.mails[one].place.system_id for one in around.core)
    if not reached <= systems:
        raise Crowded(reached)
    found = verdict(around)
    mails = {one: kept.mail for one, kept in around.mails.items()}
    ids = [each.battle_id or await _new_id(mails[each.component.killmail_ids[0]], tx) for each in found.assigned]
    stored = await tx.stored({*ids, *found.before})
    known = Regrouped(found, ids, stored, around, mail, rules)
    changes = tuple(
        change(known, battle_id, component, reckon(component, mails)) for battle_id, component in changed(known)
    )
    difference = Difference(changes, removals(known), moved_mails(known))
    names = await tx.place_names([each.place for each in changes], heard.names)
    rows = rows_of(difference, mails, tx.memory.reckonings(stored))
    return difference, await tx.save(rows, heard.names, messages(difference, names, now))


async def _gather(arrived: Kept, tx: Transaction, rules: Rules) -> Neighbourhood:
    gathering = Gathering(arrived, rules, tx.memory.lines)
    while (question := gathering.question()) is not None:
        answer = await tx.around(question)
        gathering.learn(answer, await tx.mails(answer.keys()))
    return gathering.result()


async def _new_id(first: Mail, tx: Transaction) -> str:
    taken: frozenset[str] = frozenset()
    while await tx.is_taken(candidate := new_id(first.system_id, first.killmail_id, taken)):
        taken |= {candidate}
    return candidate
