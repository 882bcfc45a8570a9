"""Which battles are different now, and why: the difference between what is stored and what the mails say."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from battle_cluster.detection.clustering import Component
from battle_cluster.detection.neighbourhood_loader import Neighbourhood
from battle_cluster.detection.rules import DetectionRules
from battle_cluster.domain.battle import CauseKind, Location, RevisionCause, StoredBattle
from battle_cluster.reconciliation.battle_identity import ComponentAssignment
from battle_cluster.reconciliation.filing import Assignment
from battle_cluster.statistics.reckoning import BattleReport
from battlescope_schemas.battle import UpdateReason


@dataclass(frozen=True, slots=True)
class Change:
    """A battle that is new or different. `before` is none for a new one, `reason` then too.

    absorbed: the battles that went into it.
    """

    battle_id: str
    revision: int
    place: Location
    historical: bool
    component: Component
    reckoning: BattleReport
    before: StoredBattle | None
    reason: UpdateReason | None
    added: tuple[int, ...]
    removed: tuple[int, ...]
    absorbed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Removal:
    """A battle that is none any more: merged into another, or fallen apart. `killmail_ids` are what it held."""

    battle_id: str
    revision: int
    merged_into: str | None
    killmail_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class BattleDiff:
    """What is to be saved and said. `components` is the new component of each mail that has another one now."""

    changes: tuple[Change, ...]
    removals: tuple[Removal, ...]
    components: Mapping[int, str | None]


@dataclass(frozen=True, slots=True)
class RegroupResult:
    """Everything known after grouping: ids of the verdict's components in their order, what is stored, the mails.

    arrived: the mails that were the cause; `edited` ones change their battle even where it holds the same mails.
    """

    verdict: Assignment
    ids: Sequence[str]
    stored: Mapping[str, StoredBattle]
    around: Neighbourhood
    cause: RevisionCause
    arrived: frozenset[int]
    edited: frozenset[int]
    rules: DetectionRules

    def existing_battle(self, battle_id: str) -> StoredBattle | None:
        """The battle as stored, unless it was removed."""
        stored = self.stored.get(battle_id)
        return None if stored is None or stored.deleted else stored


def reassigned_killmails(known: RegroupResult) -> dict[int, str | None]:
    """The mails whose component is another one now; those that stand alone have none."""
    now = {
        one: component_id
        for component_id, assigned in zip(known.ids, known.verdict.assigned, strict=True)
        for one in assigned.component.killmail_ids
    }
    stored_in = known.around.stored_component_of
    return {one: now.get(one) for one in sorted(known.around.core) if now.get(one) != stored_in[one]}


def changed(known: RegroupResult) -> list[tuple[str, Component]]:
    """The published components whose members are others than before, and the edited ones."""
    return [
        (battle_id, assigned.component)
        for battle_id, assigned in zip(known.ids, known.verdict.assigned, strict=True)
        if assigned.component.is_battle
        and (membership_changed(known, battle_id, assigned.component) or edited(known, assigned))
    ]


def unchanged(known: RegroupResult) -> list[tuple[str, Component]]:
    """The published components that hold what they held."""
    return [
        (battle_id, assigned.component)
        for battle_id, assigned in zip(known.ids, known.verdict.assigned, strict=True)
        if assigned.component.is_battle and not membership_changed(known, battle_id, assigned.component)
    ]


def membership_changed(known: RegroupResult, battle_id: str, component: Component) -> bool:
    return known.existing_battle(battle_id) is None or frozenset(component.killmail_ids) != known.verdict.before.get(
        battle_id
    )


def edited(known: RegroupResult, assigned: ComponentAssignment) -> bool:
    return not known.edited.isdisjoint(assigned.component.killmail_ids)


def change(known: RegroupResult, battle_id: str, component: Component, reckoning: BattleReport) -> Change:
    members = frozenset(component.killmail_ids)
    before = known.existing_battle(battle_id)
    held = known.verdict.before.get(battle_id, frozenset()) if before else frozenset[int]()
    stored = known.stored.get(battle_id)
    return Change(
        battle_id=battle_id,
        revision=stored.revision + 1 if stored else 1,
        place=_main_place(known, component.killmail_ids),
        historical=all(known.around.mails[one].place.historical for one in component.killmail_ids),
        component=component,
        reckoning=reckoning,
        before=before,
        reason=_reason(known, battle_id, held - members) if before else None,
        added=tuple(one for one in component.killmail_ids if one not in held),
        removed=tuple(sorted(held - members)),
        absorbed=tuple(old for old in _absorbed(known, battle_id) if known.existing_battle(old)),
    )


def removals(known: RegroupResult) -> tuple[Removal, ...]:
    """Stored battles of which nothing publishable is left under their own id."""
    published = {i for i, a in zip(known.ids, known.verdict.assigned, strict=True) if a.component.is_battle}
    merge_targets = {old: i for i, a in zip(known.ids, known.verdict.assigned, strict=True) for old in a.absorbed}
    gone = sorted(battle_id for battle_id in known.verdict.before if battle_id not in published)
    return tuple(
        Removal(
            battle_id,
            stored.revision + 1,
            heir if (heir := merge_targets.get(battle_id)) in published else None,
            tuple(sorted(known.verdict.before[battle_id])),
        )
        for battle_id in gone
        if (stored := known.existing_battle(battle_id)) is not None
    )


def _main_place(known: RegroupResult, killmail_ids: Iterable[int]) -> Location:
    """Where most of its mails are; a tie goes to the lower system id."""
    places = [known.around.mails[one].place for one in killmail_ids]
    count = Counter(place.system_id for place in places)
    system = min(count, key=lambda one: (-count[one], one))
    return next(place for place in places if place.system_id == system)


def _absorbed(known: RegroupResult, battle_id: str) -> tuple[str, ...]:
    return next(a.absorbed for i, a in zip(known.ids, known.verdict.assigned, strict=True) if i == battle_id)


def _reason(known: RegroupResult, battle_id: str, removed: frozenset[int]) -> UpdateReason:
    if known.cause.kind is CauseKind.EDIT:
        return UpdateReason.EDIT
    if known.cause.kind is CauseKind.RECLUSTER:
        return UpdateReason.RECLUSTER
    if removed:
        return UpdateReason.SPLIT
    if any(known.existing_battle(old) for old in _absorbed(known, battle_id)):
        return UpdateReason.MERGE
    stored = known.stored[battle_id]
    newest = max(known.around.mails[one].mail.time for one in known.arrived)
    late = stored.last_killmail_at.timestamp() - newest > known.rules.default_gap or stored.status == "closed"
    return UpdateReason.RETROACTIVE_ATTRIBUTION if late else UpdateReason.NEW_KILLMAIL
