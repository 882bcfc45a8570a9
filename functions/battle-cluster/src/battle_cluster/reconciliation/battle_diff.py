"""The difference between the stored battles and the components that their killmails form now."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from battle_cluster.detection.clustering import Component
from battle_cluster.detection.neighbourhood_loader import Neighbourhood
from battle_cluster.detection.rules import DetectionRules
from battle_cluster.domain.battle import CauseKind, RevisionCause, StoredBattle
from battle_cluster.domain.killmail import Location
from battle_cluster.reconciliation.battle_identity import Assignment, ComponentAssignment
from battle_cluster.statistics.battle_report import BattleReport
from battlescope_schemas.battle import BattleStatus, UpdateReason


@dataclass(frozen=True, slots=True)
class Change:
    """A new battle or a new revision of one. `previous` and `reason` are None for a new battle.

    historical: every killmail of the battle came by a backfill.
    added, removed: killmail ids by comparison with `previous`.
    absorbed_ids: battles that were merged into this one.
    """

    battle_id: str
    revision: int
    location: Location
    historical: bool
    component: Component
    report: BattleReport
    previous: StoredBattle | None
    reason: UpdateReason | None
    added: tuple[int, ...]
    removed: tuple[int, ...]
    absorbed_ids: tuple[str, ...]

    @property
    def status(self) -> BattleStatus:
        """An ended battle stays so while no killmail joins it: an edit or another value continues no fight."""
        if self.historical:
            return BattleStatus.HISTORICAL
        is_closed = self.previous is not None and self.previous.status == BattleStatus.CLOSED
        return BattleStatus.CLOSED if is_closed and not self.added else BattleStatus.OPEN


@dataclass(frozen=True, slots=True)
class Removal:
    """A battle that no longer exists: it was merged or fell apart. `killmail_ids` are its stored killmails."""

    battle_id: str
    revision: int
    merged_into: str | None
    killmail_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class BattleDiff:
    """What to save and publish. `components` has the new component of each killmail whose component changed."""

    changes: tuple[Change, ...]
    removals: tuple[Removal, ...]
    components: Mapping[int, str | None]


NO_DIFF: Final = BattleDiff((), (), {})


@dataclass(frozen=True, slots=True)
class RegroupResult:
    """The new components with their battle ids, and everything to compare them with.

    battle_ids: one id per component of the assignment, in the same order.
    stored_battles: the stored battles with these ids, removed ones included.
    newest_seed: the time of the last of the killmails that caused the regrouping.
    edited_ids: killmails of an edit or with another value; they change a battle even when its members stay the same.
    """

    assignment: Assignment
    battle_ids: Sequence[str]
    stored_battles: Mapping[str, StoredBattle]
    neighbourhood: Neighbourhood
    cause: RevisionCause
    newest_seed: int
    edited_ids: frozenset[int]
    rules: DetectionRules

    def with_ids(self) -> Iterator[tuple[str, ComponentAssignment]]:
        return zip(self.battle_ids, self.assignment.components, strict=True)

    def existing_battle(self, battle_id: str) -> StoredBattle | None:
        """The stored battle, unless it was removed."""
        stored = self.stored_battles.get(battle_id)
        return None if stored is None or stored.deleted else stored


def build_diff(result: RegroupResult, changes: Iterable[Change]) -> BattleDiff:
    """The changed battles, the stored ones that no component continues, and the killmails that moved.

    A killmail moves when its component is another than the stored one, so a new killmail that is in a component always
    does. `changes` has the battles of `changed_components`.
    """
    return BattleDiff(tuple(changes), _removals(result), _moved_killmails(result))


def _moved_killmails(result: RegroupResult) -> dict[int, str | None]:
    """The killmails whose component changed, with the new one; None for a killmail that is in no component."""
    component_of = {
        killmail_id: component_id
        for component_id, assigned in result.with_ids()
        for killmail_id in assigned.component.killmail_ids
    }
    stored_component_of = result.neighbourhood.stored_component_of
    return {
        killmail_id: component_of.get(killmail_id)
        for killmail_id in sorted(result.neighbourhood.core)
        if component_of.get(killmail_id) != stored_component_of[killmail_id]
    }


def changed_components(result: RegroupResult) -> list[tuple[str, ComponentAssignment]]:
    """Battles whose members changed, and battles with an edited killmail."""
    return [
        (battle_id, assigned)
        for battle_id, assigned in result.with_ids()
        if assigned.component.is_battle
        and (membership_changed(result, battle_id, assigned.component) or is_edited(result, assigned))
    ]


def unchanged_components(result: RegroupResult) -> list[tuple[str, ComponentAssignment]]:
    """Battles whose members did not change."""
    return [
        (battle_id, assigned)
        for battle_id, assigned in result.with_ids()
        if assigned.component.is_battle and not membership_changed(result, battle_id, assigned.component)
    ]


def membership_changed(result: RegroupResult, battle_id: str, component: Component) -> bool:
    members = frozenset(component.killmail_ids)
    return result.existing_battle(battle_id) is None or members != result.assignment.previous_members.get(battle_id)


def is_edited(result: RegroupResult, assigned: ComponentAssignment) -> bool:
    return not result.edited_ids.isdisjoint(assigned.component.killmail_ids)


def build_change(result: RegroupResult, battle_id: str, assigned: ComponentAssignment, report: BattleReport) -> Change:
    component = assigned.component
    members = frozenset(component.killmail_ids)
    previous = result.existing_battle(battle_id)
    previous_members = frozenset[int]()
    if previous:
        previous_members = result.assignment.previous_members.get(battle_id, previous_members)
    stored = result.stored_battles.get(battle_id)
    absorbed_ids = tuple(absorbed_id for absorbed_id in assigned.absorbed_ids if result.existing_battle(absorbed_id))
    killmails = result.neighbourhood.killmails
    return Change(
        battle_id=battle_id,
        revision=stored.revision + 1 if stored else 1,
        location=_main_location(result, component.killmail_ids),
        historical=all(killmails[killmail_id].historical for killmail_id in component.killmail_ids),
        component=component,
        report=report,
        previous=previous,
        reason=_reason(result, previous, previous_members - members, absorbed_ids) if previous else None,
        added=tuple(killmail_id for killmail_id in component.killmail_ids if killmail_id not in previous_members),
        removed=tuple(sorted(previous_members - members)),
        absorbed_ids=absorbed_ids,
    )


def _removals(result: RegroupResult) -> tuple[Removal, ...]:
    """Stored battles whose id no battle has any more."""
    current_ids = {battle_id for battle_id, assigned in result.with_ids() if assigned.component.is_battle}
    merge_targets = {
        absorbed_id: battle_id for battle_id, assigned in result.with_ids() for absorbed_id in assigned.absorbed_ids
    }
    previous_members = result.assignment.previous_members
    removed_ids = sorted(battle_id for battle_id in previous_members if battle_id not in current_ids)
    return tuple(
        Removal(
            battle_id,
            stored.revision + 1,
            target if (target := merge_targets.get(battle_id)) in current_ids else None,
            tuple(sorted(previous_members[battle_id])),
        )
        for battle_id in removed_ids
        if (stored := result.existing_battle(battle_id)) is not None
    )


def _main_location(result: RegroupResult, killmail_ids: Iterable[int]) -> Location:
    """Location in the system with most killmails; a tie goes to the lower system id."""
    killmails = [result.neighbourhood.killmails[killmail_id] for killmail_id in killmail_ids]
    counts = Counter(killmail.system_id for killmail in killmails)
    main_system = min(counts, key=lambda system_id: (-counts[system_id], system_id))
    return next(killmail.location for killmail in killmails if killmail.system_id == main_system)


def _reason(
    result: RegroupResult, previous: StoredBattle, removed: frozenset[int], absorbed_ids: Sequence[str]
) -> UpdateReason:
    if result.cause.kind is CauseKind.EDIT:
        return UpdateReason.EDIT
    if result.cause.kind is CauseKind.RECLUSTER:
        return UpdateReason.RECLUSTER
    if result.cause.kind is CauseKind.VALUE:
        return UpdateReason.VALUE_CHANGED
    if removed:
        return UpdateReason.SPLIT
    if absorbed_ids:
        return UpdateReason.MERGE
    lead = previous.last_killmail_at.timestamp() - result.newest_seed
    is_late = lead > result.rules.quiet_limit or previous.status == "closed"
    return UpdateReason.RETROACTIVE_ATTRIBUTION if is_late else UpdateReason.NEW_KILLMAIL
