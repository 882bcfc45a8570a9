"""The events that battle-cluster publishes."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from battle_cluster.domain.event_time import to_datetime
from battle_cluster.reconciliation.battle_diff import BattleDiff, Change, Removal
from battle_cluster.statistics.battle_totals import related_url
from battle_cluster.statistics.rows import PartyTotals
from battlescope_events.catalog import BATTLE_CREATED, BATTLE_DELETED, BATTLE_RECLUSTER_REQUESTED, BATTLE_UPDATED
from battlescope_events.messages import Message
from battlescope_schemas.battle import (
    BattleCreated,
    BattleDeleted,
    BattleMetadata,
    BattleSide,
    BattleTotals,
    BattleUpdated,
    ComputedIsk,
    DeletionReason,
    IskParts,
    ReclusterRequested,
    SideParty,
    UpdateReason,
)

SOURCE: Final = "battle-cluster"
ALGORITHM: Final = "linked-mails/1"
_TRIGGER: Final[Mapping[UpdateReason | None, str]] = {
    UpdateReason.RETROACTIVE_ATTRIBUTION: "late_arrival_killmail",
    UpdateReason.EDIT: "edit",
    UpdateReason.RECLUSTER: "recluster_job",
    UpdateReason.VALUE_CHANGED: "value_change",
}


_SIDE_ROLES: Final[Mapping[str | None, str]] = {"third-party": "third_party", "kill-stealer": "kill_stealer"}


def side_role(party_role: str | None) -> str:
    """The role of a side, by that of its largest party."""
    return _SIDE_ROLES.get(party_role, "main")


def change_events(
    diff: BattleDiff, names: Mapping[tuple[str, int], str], edit_counts: Mapping[str, int], now: datetime
) -> list[Message]:
    """One event per battle. Its id is derived from battle and revision, so a repeated event has the same id."""
    changes = (_change_event(change, names, edit_counts.get(change.battle_id, 0), now) for change in diff.changes)
    return [*changes, *_removal_events(diff, now)]


def recluster_request(job_id: str, part: int, now: datetime) -> Message:
    """Requests a part of a reclustering job."""
    payload = ReclusterRequested(job_id=job_id, part=part)
    return BATTLE_RECLUSTER_REQUESTED.message(payload, source=SOURCE, key=f"{job_id}:{part}", time=now)


def retention_event(battle_id: str, last_revision: int, now: datetime) -> Message:
    """The deletion of an expired battle."""
    revision = last_revision + 1
    payload = BattleDeleted(battle_id=battle_id, revision=revision, reason=DeletionReason.RETENTION)
    return BATTLE_DELETED.message(payload, source=SOURCE, key=f"{battle_id}:{revision}", time=now)


def _removal_events(diff: BattleDiff, now: datetime) -> Iterator[Message]:
    for removal in diff.removals:
        yield BATTLE_DELETED.message(_deleted(removal), source=SOURCE, key=_key(removal), time=now)


def _change_event(change: Change, names: Mapping[tuple[str, int], str], edit_count: int, now: datetime) -> Message:
    fields = _fields(change, names, edit_count)
    if change.previous is None or change.reason is None:
        return BATTLE_CREATED.message(BattleCreated(**fields), source=SOURCE, key=_key(change), time=now)
    payload = BattleUpdated(
        **fields,
        added_killmails=change.added,
        removed_killmails=change.removed,
        update_reason=change.reason,
        previous=BattleTotals(
            total_kills=change.previous.total_kills,
            total_isk_destroyed=change.previous.total_isk_destroyed,
            participant_count=change.previous.total_participants,
        ),
    )
    return BATTLE_UPDATED.message(payload, source=SOURCE, key=_key(change), time=now)


def _fields(change: Change, names: Mapping[tuple[str, int], str], edit_count: int) -> dict[str, Any]:
    """The fields that `battle.created` and `battle.updated` have in common."""
    totals, location = change.report.totals, change.location
    return {
        "battle_id": change.battle_id,
        "revision": change.revision,
        "system_id": location.system_id,
        "system_name": names.get(("system", location.system_id), ""),
        "region_id": location.region_id,
        "region_name": names.get(("region", location.region_id), ""),
        "security_type": location.security_type,
        "start_time": to_datetime(totals.start),
        "end_time": to_datetime(totals.end),
        "status": change.status,
        "killmail_ids": change.component.killmail_ids,
        "sides": tuple(_sides(change)),
        "zkill_related_url": related_url(location.system_id, totals.start),
        "metadata": BattleMetadata(clustering_algorithm=ALGORITHM, update_trigger=_TRIGGER.get(change.reason)),
        "total_kills": totals.kills,
        "total_isk_destroyed": totals.isk_destroyed,
        "participant_count": totals.pilots,
        "computed_isk": ComputedIsk(**totals.computed._asdict()),
        "isk_parts": IskParts(**totals.parts._asdict()),
        "tier": change.report.tier,
        "name": change.report.name,
        "is_decisive": totals.outcome.decisive,
        "winning_side": totals.outcome.winner,
        "unassigned_pilots": sum(party.pilots for party in totals.parties.values() if party.side_id is None),
        "spark": totals.losses_over_time,
        "edit_count": edit_count,
    }


def _sides(change: Change) -> Iterator[BattleSide]:
    parties = change.report.totals.parties.values()
    for side in change.report.totals.sides.values():
        members = [party for party in parties if party.side_id == side.side_id]
        alliances = [party.party_id for party in members if party.party_type == "alliance"]
        top = min(members, key=_by_pilots, default=None)
        yield BattleSide(
            side_id=side.side_id,
            alliance_ids=tuple(sorted(alliances)),
            pilots=side.pilots,
            kills=side.kills,
            losses=side.losses,
            isk_destroyed=side.isk_destroyed,
            isk_lost=side.isk_lost,
            isk_lost_fitted=side.isk_lost_fitted,
            role=side_role(top.role if top else None),
            top_party=SideParty(party_type=top.party_type, party_id=top.party_id) if top else None,
            party_count=len(members),
        )


def _by_pilots(party: PartyTotals) -> tuple[int, str, int]:
    """The one with the most pilots first, as lists of battles order them."""
    return -party.pilots, party.party_type, party.party_id


def _deleted(removal: Removal) -> BattleDeleted:
    reason = DeletionReason.MERGED if removal.merged_into else DeletionReason.RECLUSTER
    return BattleDeleted(
        battle_id=removal.battle_id, revision=removal.revision, reason=reason, merged_into=removal.merged_into
    )


def _key(entry: Change | Removal) -> str:
    return f"{entry.battle_id}:{entry.revision}"
