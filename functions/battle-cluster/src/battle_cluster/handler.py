"""One mail in, its battle regrouped, and what changed said; a chunk is its mails one after the other."""

from collections.abc import Callable, Collection
from datetime import datetime

from battle_cluster.archive_client import Archive
from battle_cluster.changes import Difference, Regrouped, change, changed, moved_mails, removals
from battle_cluster.clustering import cluster
from battle_cluster.figures import reckon
from battle_cluster.filing import Neighbourhood, Verdict, drawn_in, verdict
from battle_cluster.identity import new_id
from battle_cluster.mails import Mail
from battle_cluster.reading import Heard, Name, heard
from battle_cluster.rows import rows_of
from battle_cluster.rules import Rules
from battle_cluster.saying import messages
from battle_cluster.store import Store, Transaction
from battlescope_events.publish import Publish
from battlescope_events.wire import Event
from battlescope_schemas.enriched import EnrichedKillmail
from battlescope_schemas.entity import EntityUpdated
from battlescope_schemas.reference import KillmailChunk
from battlescope_schemas.universe import WORMHOLE_SYSTEMS


class Crowded(Exception):  # noqa: N818  # an outcome, named as what it is
    """The fight reaches into systems that somebody else is working on; they have to be locked from the start."""

    def __init__(self, systems: Collection[int]) -> None:
        super().__init__(f"{len(systems)} systems are to be locked.")
        self.systems = frozenset(systems)


Told = EnrichedKillmail | KillmailChunk | EntityUpdated | None


async def handle(
    event: Event[Told], *, store: Store, publish: Publish, archive: Archive, clock: Callable[[], datetime]
) -> None:
    match event.data:
        case EnrichedKillmail() as mail:
            await file(heard(mail), store, clock())
        case KillmailChunk(chunk_key=key):
            for mail in await archive.chunk(key):
                await file(heard(mail), store, clock())
        case EntityUpdated(entity_type=kind, entity_id=entity_id, entity_name=name):
            await store.rename(Name(kind, entity_id, name))
        case _:
            await store.forget_attempts()
    await store.deliver_said(publish)


async def file(mail: Heard, store: Store, now: datetime) -> None:
    """File one mail; one transaction."""
    systems = _at_stake(mail.mail)
    while True:
        try:
            async with store.transaction() as tx:
                difference = await _file(mail, systems, tx, now)
        except Crowded as more:
            systems |= more.systems
        else:
            break
    if difference is not None:
        store.memory.remember(mail.mail, difference.changes)


def _at_stake(mail: Mail) -> frozenset[int]:
    """Wormholes connect to anywhere: their fights queue up behind one number, since no list of neighbours exists."""
    beyond = {WORMHOLE_SYSTEMS.start} if mail.system_id in WORMHOLE_SYSTEMS else set[int]()
    return frozenset({mail.system_id} | mail.nearby_system_ids | beyond)


async def _file(mail: Heard, systems: frozenset[int], tx: Transaction, now: datetime) -> Difference | None:
    terms = await tx.arrive(mail, systems)
    if terms is None:
        return None
    rules = Rules.from_configuration(terms.window_minutes, terms.gap_max_minutes, terms.min_kills)
    around, mails, found = await _regrouped(mail.mail, systems, tx, rules)
    ids = [each.battle_id or await _new_id(each.component.killmail_ids, mails, tx) for each in found.assigned]
    stored = await tx.stored({*ids, *found.before})
    known = Regrouped(found, ids, stored, around.places, mails, mail.mail, rules)
    changes = tuple(
        change(known, battle_id, component, reckon(component, mails)) for battle_id, component in changed(known)
    )
    difference = Difference(changes, removals(known), moved_mails(known))
    names = await tx.place_names([each.place for each in changes], mail.names)
    rows = rows_of(difference, mails, tx.memory.reckonings(stored))
    await tx.save(rows, mail.names, messages(difference, names, now))
    return difference


async def _regrouped(
    mail: Mail, systems: frozenset[int], tx: Transaction, rules: Rules
) -> tuple[Neighbourhood, dict[int, Mail], Verdict]:
    """Load and group until no surrounding mail is drawn in any more."""
    loners: frozenset[int] = frozenset()
    components: frozenset[str] = frozenset()
    while True:
        around = await tx.around(mail, rules, components, loners)
        if not await tx.lock_more(around.systems() - systems):
            raise Crowded(around.systems())
        mails = await tx.mails(around.places, mail)
        grouped = cluster(mails.values(), rules)
        drawn = drawn_in(grouped, around.touched)
        if not drawn:
            return around, mails, verdict(grouped, around, mails)
        own = {one: around.places[one].component_id for one in drawn}
        components |= {component_id for component_id in own.values() if component_id is not None}
        loners |= {one for one, component_id in own.items() if component_id is None}


async def _new_id(killmail_ids: tuple[int, ...], mails: dict[int, Mail], tx: Transaction) -> str:
    first = mails[killmail_ids[0]]
    taken: frozenset[str] = frozenset()
    while await tx.is_taken(candidate := new_id(first.system_id, first.killmail_id, taken)):
        taken |= {candidate}
    return candidate
