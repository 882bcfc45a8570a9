"""Groups anew what new, edited or doubted mails touch, in a transaction of the caller: one way for every cause."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Final, TypeVar

from battle_cluster.detection.clustering import Component, TimelineCache
from battle_cluster.detection.neighbourhood_loader import BATCH_THRESHOLD, Neighbourhood, NeighbourhoodLoader
from battle_cluster.detection.rules import DetectionRules
from battle_cluster.domain.battle import CauseKind, RevisionCause, StoredKillmail
from battle_cluster.domain.killmail import Killmail
from battle_cluster.edits.active_edits import ActiveEdits
from battle_cluster.edits.constraints import apply_constraints
from battle_cluster.messaging.enriched_killmail import IncomingKillmail, Name
from battle_cluster.messaging.events import change_events
from battle_cluster.persistence import lock_keys
from battle_cluster.persistence.battles import SavedMessages
from battle_cluster.persistence.process_cache import MOST_MAILS, ProcessCache
from battle_cluster.persistence.rows import rows_of
from battle_cluster.persistence.unit_of_work import StoredSideTotals, UnitOfWork
from battle_cluster.reconciliation.battle_diff import (
    BattleDiff,
    Change,
    RegroupResult,
    change,
    changed,
    reassigned_killmails,
    removals,
    unchanged,
)
from battle_cluster.reconciliation.battle_identity import new_id
from battle_cluster.reconciliation.filing import Assignment, assign_components
from battle_cluster.statistics.battle_report import build_report
from battle_cluster.statistics.reckoning import BattleReport

T = TypeVar("T")
YIELD_EVERY: Final = 20
"""Battles, after which others get their turn: some 20 ms."""


class MoreLocksNeeded(Exception):  # noqa: N818  # an outcome, named as what it is
    """The fight reaches into places that are not locked; what was read there may be old, so it begins anew."""

    def __init__(self, places: Collection[int]) -> None:
        super().__init__(f"{len(places)} places are to be locked.")
        self.places = frozenset(places)


@dataclass(frozen=True, slots=True)
class RegroupRequest:
    """What to group anew and why.

    arrived: new, edited or doubted mails; `stored_in` the component each is filed in.
    places: those that are locked; None where nothing will be written, and so nothing is.
    """

    cause: RevisionCause
    arrived: Mapping[int, StoredKillmail]
    stored_in: Mapping[int, str | None]
    rules: DetectionRules
    edits: ActiveEdits
    places: frozenset[int] | None
    names: frozenset[Name] = field(default_factory=frozenset[Name])


@dataclass(frozen=True, slots=True)
class RegroupOutcome:
    """The difference, and the mails as they count after people's edits."""

    difference: BattleDiff
    mails: Mapping[int, Killmail]


NOTHING: Final = RegroupOutcome(BattleDiff((), (), {}), {})


async def retry_with_more_locks(locked: frozenset[int], work: Callable[[frozenset[int]], Awaitable[T]]) -> T:
    """What the work gives once all places that it reaches are locked."""
    while True:
        try:
            return await work(locked)
        except MoreLocksNeeded as more:
            locked |= more.places


async def compute_changes(
    work: RegroupRequest, tx: UnitOfWork, fresh: Sequence[IncomingKillmail] = ()
) -> RegroupOutcome:
    """What is different now. Of `fresh`, mails that no table holds yet, each is stored with its component.

    Raises:
        Crowded: more places are to be locked first.
    """
    around = await _gather(work, tx)
    reached = frozenset(lock_keys.of(around.mails[one].mail) for one in around.core)
    if work.places is not None and not reached <= work.places:
        raise MoreLocksNeeded(reached)
    found = assign_components(around)
    mails = _as_they_count(around)
    ids = await _ids(found, mails, tx)
    stored = await tx.stored({*ids, *found.before})
    edited = frozenset(work.arrived) if work.cause.kind is CauseKind.EDIT else frozenset[int]()
    known = RegroupResult(found, ids, stored, around, work.cause, frozenset(work.arrived), edited, work.rules)
    reckoned = partial(_change, known=known, mails=mails, work=work, memory=tx.memory)
    moved = reassigned_killmails(known)
    # While the database takes the mails in, their battles are reckoned.
    _, changes = await asyncio.gather(tx.store(fresh, moved), _cooperatively(reckoned, changed(known)))
    if work.cause.kind is CauseKind.RECLUSTER:
        same = unchanged(known)
        shown = await tx.shown_sides([battle_id for battle_id, _ in same])
        changes += _reckoned_otherwise(map(reckoned, *zip(*same, strict=True)) if same else (), shown)
    return RegroupOutcome(BattleDiff(tuple(changes), removals(known), moved), mails)


async def save_changes(found: RegroupOutcome, work: RegroupRequest, tx: UnitOfWork, now: datetime) -> SavedMessages:
    """Write it, and what is to be told of it."""
    difference = found.difference
    names = await tx.place_names([each.place for each in difference.changes], work.names)
    remembered = tx.memory.reckonings({c.battle_id: c.before for c in difference.changes if c.before})
    rows = rows_of(difference, found.mails, remembered, work.cause, now)
    return await tx.save(rows, found.mails, work.names, change_events(difference, names, now))


def _as_they_count(around: Neighbourhood) -> dict[int, Killmail]:
    mails = {one: kept.mail for one, kept in around.mails.items()}
    if around.constraints.removed_pilots:
        mails |= {mail.killmail_id: mail for mail in apply_constraints(mails.values(), around.constraints)}
    return mails


async def _cooperatively(
    reckoned: Callable[[str, Component], Change], found: Iterable[tuple[str, Component]]
) -> list[Change]:
    """One battle after the other, with a pause now and then in which others work."""
    changes: list[Change] = []
    for number, one in enumerate(found, 1):
        changes.append(reckoned(*one))
        if number % YIELD_EVERY == 0:
            await asyncio.sleep(0)
    return changes


def _change(
    battle_id: str,
    component: Component,
    *,
    known: RegroupResult,
    mails: Mapping[int, Killmail],
    work: RegroupRequest,
    memory: ProcessCache,
) -> Change:
    members = {one: mails[one] for one in component.killmail_ids}
    ledger = memory.ledger(battle_id, members)
    edits = work.edits.affecting(component.killmail_ids)
    return change(known, battle_id, component, build_report(component, members, edits, ledger))


def _reckoned_otherwise(found: Iterable[Change], shown: Mapping[str, StoredSideTotals]) -> Sequence[Change]:
    """Battles that hold the same mails but come to other sides or sums than stand in the tables."""
    return [one for one in found if _told(one.reckoning) != shown.get(one.battle_id)]


def _told(reckoning: BattleReport) -> StoredSideTotals:
    sides = sorted(reckoning.sides.values())
    return tuple((side.side_id, side.pilots, side.losses, f"{side.isk_destroyed:.2f}") for side in sides)


async def _gather(work: RegroupRequest, tx: UnitOfWork) -> Neighbourhood:
    place = next(iter(work.arrived.values())).place.system_id if len(work.arrived) == 1 else None
    hint = None if place is None else tx.memory.prefetch_hints.get(place)
    lines = (
        tx.memory.lines if len(work.arrived) < BATCH_THRESHOLD else TimelineCache(most=MOST_MAILS)
    )  # many may be clustered twice
    gathering = NeighbourhoodLoader(
        work.arrived, work.rules, lines, work.edits, stored_component_of=work.stored_in, hint=hint
    )
    while (question := gathering.next_query()) is not None:
        answer = await tx.find_neighbourhood(question)
        gathering.add_results(answer, await tx.mails(answer.keys()))
    if place is not None and (needed := gathering.hint()):
        tx.memory.prefetch_hints.put(place, needed)
    return gathering.result()


async def _ids(found: Assignment, mails: Mapping[int, Killmail], tx: UnitOfWork) -> list[str]:
    """Of every component, in order; new ones are named after their first mail, as long as nobody else has the name."""
    ours = sorted(found.before)
    known = [each.battle_id for each in found.assigned]
    taken: frozenset[str] = frozenset()
    while True:
        firsts = [mails[each.component.killmail_ids[0]] for each in found.assigned]
        named = [own or new_id(one.system_id, one.killmail_id, taken) for own, one in zip(known, firsts, strict=True)]
        fresh = [name for own, name in zip(known, named, strict=True) if own is None]
        if not (more := await tx.ids_in_use(fresh, ours)):
            return named
        taken |= more
