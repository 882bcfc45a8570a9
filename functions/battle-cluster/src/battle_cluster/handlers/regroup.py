"""Regroups killmails that are new, edited or reclustered, in the caller's transaction; every cause takes this path."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, TypeVar

from battle_cluster.detection.neighbourhood_loader import Neighbourhood
from battle_cluster.detection.neighbourhood_strategies import choose_loader
from battle_cluster.detection.rules import DetectionRules
from battle_cluster.domain.battle import CauseKind, RevisionCause
from battle_cluster.domain.killmail import Killmail
from battle_cluster.domain.lock_keys import MoreLocksNeeded
from battle_cluster.edits.active_edits import ActiveEdits
from battle_cluster.edits.constraints import apply_constraints
from battle_cluster.messaging.enriched_killmail import EntityFact, EntityName
from battle_cluster.messaging.events import change_events
from battle_cluster.persistence.row_changes import row_changes
from battle_cluster.persistence.unit_of_work import UnitOfWork
from battle_cluster.reconciliation.battle_diff import (
    BattleDiff,
    Change,
    RegroupResult,
    build_change,
    build_diff,
    changed_components,
    unchanged_components,
)
from battle_cluster.reconciliation.battle_identity import (
    Assignment,
    ComponentAssignment,
    assign_components,
    new_battle_id,
)
from battle_cluster.statistics.battle_report import build_report
from battlescope_events.postgres.outbox import Enqueued

T = TypeVar("T")
BuildChange = Callable[[str, ComponentAssignment], Change]
REPORTS_PER_TURN: Final = 20
"""Reports between two turns of the event loop: some 20 ms."""


@dataclass(frozen=True, slots=True)
class RegroupRequest:
    """What to regroup and why.

    killmails: the new, edited or reclustered killmails; `stored_components` has the stored component of each.
    dry_run: nothing is written, and so nothing needs to be locked.
    """

    cause: RevisionCause
    killmails: Mapping[int, Killmail]
    stored_components: Mapping[int, str | None]
    rules: DetectionRules
    edits: ActiveEdits
    names: frozenset[EntityName] = field(default_factory=frozenset[EntityName])
    facts: frozenset[EntityFact] = field(default_factory=frozenset[EntityFact])
    dry_run: bool = False

    @property
    def new_killmails(self) -> Collection[Killmail]:
        """Those that are in no table yet."""
        return self.killmails.values() if self.cause.kind is CauseKind.KILLMAIL else ()


NOTHING_ENQUEUED: Final = Enqueued()


@dataclass(frozen=True, slots=True)
class RegroupOutcome:
    """The difference to the stored battles, and the messages that were saved with it."""

    diff: BattleDiff
    saved: Enqueued = NOTHING_ENQUEUED


async def retry_with_more_locks(lock_keys: frozenset[int], attempt: Callable[[frozenset[int]], Awaitable[T]]) -> T:
    """Run `attempt`, each time with more lock keys, until it needs no others."""
    while True:
        try:
            return await attempt(lock_keys)
        except MoreLocksNeeded as more:
            lock_keys |= more.lock_keys


async def regroup(request: RegroupRequest, uow: UnitOfWork, now: datetime) -> RegroupOutcome:
    """Find the battles that the killmails form now, and save those that changed.

    Raises:
        MoreLocksNeeded: the transaction must begin again with more locks.
    """
    neighbourhood = await _load_neighbourhood(request, uow)  # clusters what it loads
    if not request.dry_run:
        _require_locks(neighbourhood, request.rules, uow)
    killmails = _edited_killmails(neighbourhood)
    result = await _assign_ids(request, neighbourhood, killmails, uow)
    changes = await _build_reports(request, result, killmails, uow)
    diff = build_diff(result, changes)
    return RegroupOutcome(diff) if request.dry_run else await save(diff, request, uow, now)


async def save(diff: BattleDiff, request: RegroupRequest, uow: UnitOfWork, now: datetime) -> RegroupOutcome:
    """Save new killmails, the battles that changed, unknown names, and the events in the outbox."""
    names = await uow.entity_names.of_locations([change.location for change in diff.changes], request.names)
    stored_reports = uow.cache.stored_reports({c.battle_id: c.previous for c in diff.changes if c.previous})
    rows = row_changes(diff, stored_reports, request.cause, now)
    rows.add_killmails(request.new_killmails, diff.components)
    rows.names, rows.facts = uow.cache.unsaved_names(request.names), uow.cache.unsaved_facts(request.facts)
    edit_counts = await _edit_counts(diff, request.edits, uow)
    return RegroupOutcome(diff, await uow.battles.save(rows, change_events(diff, names, edit_counts, now)))


async def _edit_counts(diff: BattleDiff, edits: ActiveEdits, uow: UnitOfWork) -> Mapping[str, int]:
    """The edits in force by battle; hardly any killmail comes while there are some."""
    if edits.is_empty or not diff.changes:
        return {}
    return await uow.edits.count_active((change.battle_id, change.absorbed_ids) for change in diff.changes)


async def _load_neighbourhood(request: RegroupRequest, uow: UnitOfWork) -> Neighbourhood:
    """Load every killmail that can affect the battles of the request, and cluster them."""
    loader = choose_loader(
        request.killmails,
        request.rules,
        uow.cache.timelines,
        request.edits,
        stored_component_of=request.stored_components,
        hint=uow.cache.hint_for(request.killmails),
    )
    while (query := loader.next_query()) is not None:
        components = await uow.killmails.find_neighbourhood(query)
        loader.add_results(components, await uow.killmails.load(components.keys()))
    uow.cache.put_hint(request.killmails, loader.hint())
    return loader.result()


def _require_locks(neighbourhood: Neighbourhood, rules: DetectionRules, uow: UnitOfWork) -> None:
    core = [neighbourhood.killmails[killmail_id] for killmail_id in neighbourhood.core]
    missing = uow.missing_lock_keys(core, rules)
    if missing:
        raise MoreLocksNeeded(missing)


def _edited_killmails(neighbourhood: Neighbourhood) -> dict[int, Killmail]:
    """The killmails of the neighbourhood without the pilots that edits remove."""
    killmails = dict(neighbourhood.killmails)
    if neighbourhood.constraints.removed_pilots:
        edited = apply_constraints(killmails.values(), neighbourhood.constraints)
        killmails |= {killmail.killmail_id: killmail for killmail in edited}
    return killmails


async def _assign_ids(
    request: RegroupRequest, neighbourhood: Neighbourhood, killmails: Mapping[int, Killmail], uow: UnitOfWork
) -> RegroupResult:
    """Give every component of the neighbourhood's core a battle id, and load the stored battles with these ids."""
    assignment = assign_components(neighbourhood)
    ids = await _battle_ids(assignment, killmails, uow)
    stored = await uow.battles.load({*ids, *assignment.previous_members})
    newest_seed = max(neighbourhood.killmails[killmail_id].time for killmail_id in request.killmails)
    edited = (
        frozenset(request.killmails) if request.cause.kind in (CauseKind.EDIT, CauseKind.VALUE) else frozenset[int]()
    )
    return RegroupResult(assignment, ids, stored, neighbourhood, request.cause, newest_seed, edited, request.rules)


async def _battle_ids(assignment: Assignment, killmails: Mapping[int, Killmail], uow: UnitOfWork) -> list[str]:
    """The id of every component, in order. A new id is derived from the first killmail, unless it is in use."""
    ours = sorted(assignment.previous_members)
    existing = [assigned.battle_id for assigned in assignment.components]
    firsts = [killmails[assigned.component.killmail_ids[0]] for assigned in assignment.components]
    in_use: frozenset[str] = frozenset()
    while True:
        ids = [
            battle_id or new_battle_id(first.system_id, first.killmail_id, in_use)
            for battle_id, first in zip(existing, firsts, strict=True)
        ]
        new_ids = [battle_id for old, battle_id in zip(existing, ids, strict=True) if old is None]
        more_in_use = await uow.battles.ids_in_use(new_ids, ours)
        if not more_in_use:
            return ids
        in_use |= more_in_use


async def _build_reports(
    request: RegroupRequest, result: RegroupResult, killmails: Mapping[int, Killmail], uow: UnitOfWork
) -> list[Change]:
    """The battles that changed, each with its new report."""

    def build(battle_id: str, assigned: ComponentAssignment) -> Change:
        component = assigned.component
        members = {killmail_id: killmails[killmail_id] for killmail_id in component.killmail_ids}
        edits = request.edits.affecting(component.killmail_ids)
        report = build_report(component, members, edits, uow.cache.aggregate(battle_id, members))
        return build_change(result, battle_id, assigned, report)

    changes = await _build_in_turns(build, changed_components(result))
    if request.cause.kind is CauseKind.RECLUSTER:
        changes += await _changes_in_figures(build, unchanged_components(result), uow)
    return changes


async def _build_in_turns(build: BuildChange, battles: Iterable[tuple[str, ComponentAssignment]]) -> list[Change]:
    """One battle after the other, with a pause now and then in which other events are processed."""
    changes: list[Change] = []
    for number, (battle_id, assigned) in enumerate(battles, 1):
        changes.append(build(battle_id, assigned))
        if number % REPORTS_PER_TURN == 0:
            await asyncio.sleep(0)
    return changes


async def _changes_in_figures(
    build: BuildChange, battles: Sequence[tuple[str, ComponentAssignment]], uow: UnitOfWork
) -> list[Change]:
    """Battles with the same killmails as before, but other sides or totals than the stored ones."""
    stored = await uow.battles.side_totals([battle_id for battle_id, _ in battles])
    changes = (build(battle_id, assigned) for battle_id, assigned in battles)
    return [change for change in changes if change.report.totals.sides != stored.get(change.battle_id, {})]
