"""Groups anew what new, edited or doubted mails touch, in a transaction of the caller: one way for every cause."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Final, TypeVar

from battle_cluster.detection.clustering import Component, Lines
from battle_cluster.detection.neighbourhood_loader import MANY, Gathering, Neighbourhood
from battle_cluster.detection.rules import Rules
from battle_cluster.domain.battle import Cause, CauseKind, Kept
from battle_cluster.domain.killmail import Mail
from battle_cluster.edits.active_edits import EditBook
from battle_cluster.edits.constraints import applied
from battle_cluster.messaging.enriched_killmail import Heard, Name
from battle_cluster.messaging.events import messages
from battle_cluster.persistence import lock_keys
from battle_cluster.persistence.battles import Said
from battle_cluster.persistence.process_cache import MOST_MAILS, Memory
from battle_cluster.persistence.rows import rows_of
from battle_cluster.persistence.unit_of_work import ShownSides, Transaction
from battle_cluster.reconciliation.battle_diff import (
    Change,
    Difference,
    Regrouped,
    change,
    changed,
    moved_mails,
    removals,
    unchanged,
)
from battle_cluster.reconciliation.battle_identity import new_id
from battle_cluster.reconciliation.filing import Verdict, verdict
from battle_cluster.statistics.battle_report import reckon
from battle_cluster.statistics.reckoning import Reckoning

T = TypeVar("T")
TURN: Final = 20
"""Battles, after which others get their turn: some 20 ms."""


class Crowded(Exception):  # noqa: N818  # an outcome, named as what it is
    """The fight reaches into places that are not locked; what was read there may be old, so it begins anew."""

    def __init__(self, places: Collection[int]) -> None:
        super().__init__(f"{len(places)} places are to be locked.")
        self.places = frozenset(places)


@dataclass(frozen=True, slots=True)
class Work:
    """What to group anew and why.

    arrived: new, edited or doubted mails; `stored_in` the component each is filed in.
    places: those that are locked; None where nothing will be written, and so nothing is.
    """

    cause: Cause
    arrived: Mapping[int, Kept]
    stored_in: Mapping[int, str | None]
    rules: Rules
    edits: EditBook
    places: frozenset[int] | None
    names: frozenset[Name] = field(default_factory=frozenset[Name])


@dataclass(frozen=True, slots=True)
class Found:
    """The difference, and the mails as they count after people's edits."""

    difference: Difference
    mails: Mapping[int, Mail]


NOTHING: Final = Found(Difference((), (), {}), {})


async def locked_enough(locked: frozenset[int], work: Callable[[frozenset[int]], Awaitable[T]]) -> T:
    """What the work gives once all places that it reaches are locked."""
    while True:
        try:
            return await work(locked)
        except Crowded as more:
            locked |= more.places


async def find(work: Work, tx: Transaction, fresh: Sequence[Heard] = ()) -> Found:
    """What is different now. Of `fresh`, mails that no table holds yet, each is stored with its component.

    Raises:
        Crowded: more places are to be locked first.
    """
    around = await _gather(work, tx)
    reached = frozenset(lock_keys.of(around.mails[one].mail) for one in around.core)
    if work.places is not None and not reached <= work.places:
        raise Crowded(reached)
    found = verdict(around)
    mails = _as_they_count(around)
    ids = await _ids(found, mails, tx)
    stored = await tx.stored({*ids, *found.before})
    edited = frozenset(work.arrived) if work.cause.kind is CauseKind.EDIT else frozenset[int]()
    known = Regrouped(found, ids, stored, around, work.cause, frozenset(work.arrived), edited, work.rules)
    reckoned = partial(_change, known=known, mails=mails, work=work, memory=tx.memory)
    moved = moved_mails(known)
    # While the database takes the mails in, their battles are reckoned.
    _, changes = await asyncio.gather(tx.store(fresh, moved), _politely(reckoned, changed(known)))
    if work.cause.kind is CauseKind.RECLUSTER:
        same = unchanged(known)
        shown = await tx.shown_sides([battle_id for battle_id, _ in same])
        changes += _reckoned_otherwise(map(reckoned, *zip(*same, strict=True)) if same else (), shown)
    return Found(Difference(tuple(changes), removals(known), moved), mails)


async def keep(found: Found, work: Work, tx: Transaction, now: datetime) -> Said:
    """Write it, and what is to be told of it."""
    difference = found.difference
    names = await tx.place_names([each.place for each in difference.changes], work.names)
    remembered = tx.memory.reckonings({c.battle_id: c.before for c in difference.changes if c.before})
    rows = rows_of(difference, found.mails, remembered, work.cause, now)
    return await tx.save(rows, found.mails, work.names, messages(difference, names, now))


def _as_they_count(around: Neighbourhood) -> dict[int, Mail]:
    mails = {one: kept.mail for one, kept in around.mails.items()}
    if around.constraints.scrubbed:
        mails |= {mail.killmail_id: mail for mail in applied(mails.values(), around.constraints)}
    return mails


async def _politely(
    reckoned: Callable[[str, Component], Change], found: Iterable[tuple[str, Component]]
) -> list[Change]:
    """One battle after the other, with a pause now and then in which others work."""
    changes: list[Change] = []
    for number, one in enumerate(found, 1):
        changes.append(reckoned(*one))
        if number % TURN == 0:
            await asyncio.sleep(0)
    return changes


def _change(
    battle_id: str, component: Component, *, known: Regrouped, mails: Mapping[int, Mail], work: Work, memory: Memory
) -> Change:
    members = {one: mails[one] for one in component.killmail_ids}
    ledger = memory.ledger(battle_id, members)
    edits = work.edits.touching(component.killmail_ids)
    return change(known, battle_id, component, reckon(component, members, edits, ledger))


def _reckoned_otherwise(found: Iterable[Change], shown: Mapping[str, ShownSides]) -> Sequence[Change]:
    """Battles that hold the same mails but come to other sides or sums than stand in the tables."""
    return [one for one in found if _told(one.reckoning) != shown.get(one.battle_id)]


def _told(reckoning: Reckoning) -> ShownSides:
    sides = sorted(reckoning.sides.values())
    return tuple((side.side_id, side.pilots, side.losses, f"{side.isk_destroyed:.2f}") for side in sides)


async def _gather(work: Work, tx: Transaction) -> Neighbourhood:
    place = next(iter(work.arrived.values())).place.system_id if len(work.arrived) == 1 else None
    hint = None if place is None else tx.memory.hints.get(place)
    lines = tx.memory.lines if len(work.arrived) < MANY else Lines(most=MOST_MAILS)  # many may be clustered twice
    gathering = Gathering(work.arrived, work.rules, lines, work.edits, stored_in=work.stored_in, hint=hint)
    while (question := gathering.question()) is not None:
        answer = await tx.around(question)
        gathering.learn(answer, await tx.mails(answer.keys()))
    if place is not None and (needed := gathering.hint()):
        tx.memory.hints.put(place, needed)
    return gathering.result()


async def _ids(found: Verdict, mails: Mapping[int, Mail], tx: Transaction) -> list[str]:
    """Of every component, in order; new ones are named after their first mail, as long as nobody else has the name."""
    ours = sorted(found.before)
    known = [each.battle_id for each in found.assigned]
    taken: frozenset[str] = frozenset()
    while True:
        firsts = [mails[each.component.killmail_ids[0]] for each in found.assigned]
        named = [own or new_id(one.system_id, one.killmail_id, taken) for own, one in zip(known, firsts, strict=True)]
        fresh = [name for own, name in zip(known, named, strict=True) if own is None]
        if not (more := await tx.taken(fresh, ours)):
            return named
        taken |= more
