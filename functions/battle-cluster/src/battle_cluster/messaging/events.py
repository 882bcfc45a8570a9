"""What is told of a battle that is new, different or gone."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

from battle_cluster.reconciliation.battle_diff import BattleDiff, Change, Removal
from battle_cluster.statistics.battle_totals import related_url
from battlescope_events.catalog import BATTLE_CREATED, BATTLE_DELETED, BATTLE_RECLUSTER_REQUESTED, BATTLE_UPDATED
from battlescope_events.messages import Message
from battlescope_schemas.battle import (
    BattleCreated,
    BattleDeleted,
    BattleMetadata,
    BattleSide,
    BattleStatus,
    BattleTotals,
    BattleUpdated,
    DeletionReason,
    ReclusterRequested,
    UpdateReason,
)

SOURCE: Final = "battle-cluster"
ALGORITHM: Final = "linked-mails/1"
_TRIGGER: Final[Mapping[UpdateReason | None, str]] = {
    UpdateReason.RETROACTIVE_ATTRIBUTION: "late_arrival_killmail",
    UpdateReason.EDIT: "edit",
    UpdateReason.RECLUSTER: "recluster_job",
}


def change_events(difference: BattleDiff, names: dict[tuple[str, int], str], now: datetime) -> list[Message]:
    """One sentence a battle; its id comes from battle and revision, so that said twice it is the same event."""
    return [*(_changed(c, names, now) for c in difference.changes), *_removed(difference, now)]


def next_part(job_id: str, part: int, now: datetime) -> Message:
    """Asks for the next part of a job."""
    wanted = ReclusterRequested(job_id=job_id, part=part)
    return BATTLE_RECLUSTER_REQUESTED.message(wanted, source=SOURCE, key=f"{job_id}:{part}", time=now)


def _removed(difference: BattleDiff, now: datetime) -> Iterator[Message]:
    for removal in difference.removals:
        gone = _deleted(removal)
        yield BATTLE_DELETED.message(gone, source=SOURCE, key=_key(removal), time=now)


def _changed(change: Change, names: dict[tuple[str, int], str], now: datetime) -> Message:
    told = _payload(change, names)
    if change.before is None or change.reason is None:
        return BATTLE_CREATED.message(BattleCreated(**told), source=SOURCE, key=_key(change), time=now)
    updated = BattleUpdated(
        **told,
        added_killmails=change.added,
        removed_killmails=change.removed,
        update_reason=change.reason,
        previous=BattleTotals(
            total_kills=change.before.total_kills,
            total_isk_destroyed=change.before.total_isk_destroyed,
            participant_count=change.before.total_participants,
        ),
    )
    return BATTLE_UPDATED.message(updated, source=SOURCE, key=_key(change), time=now)


def _payload(change: Change, names: dict[tuple[str, int], str]) -> dict[str, Any]:
    figures, place = change.reckoning, change.place
    return {
        "battle_id": change.battle_id,
        "revision": change.revision,
        "system_id": place.system_id,
        "system_name": names.get(("system", place.system_id), ""),
        "region_id": place.region_id,
        "region_name": names.get(("region", place.region_id), ""),
        "security_type": place.security_type,
        "start_time": datetime.fromtimestamp(figures.start, UTC),
        "end_time": datetime.fromtimestamp(figures.end, UTC),
        "status": BattleStatus.HISTORICAL if change.historical else BattleStatus.OPEN,
        "killmail_ids": change.component.killmail_ids,
        "sides": tuple(_sides(change)),
        "zkill_related_url": related_url(place.system_id, figures.start),
        "metadata": BattleMetadata(clustering_algorithm=ALGORITHM, update_trigger=_TRIGGER.get(change.reason)),
        "total_kills": figures.total_kills,
        "total_isk_destroyed": Decimal(figures.total_isk),
        "participant_count": figures.total_participants,
    }


def _sides(change: Change) -> Iterator[BattleSide]:
    parties = change.reckoning.parties.values()
    for side in change.reckoning.sides.values():
        alliances = [p.party_id for p in parties if p.side_id == side.side_id and p.party_type == "alliance"]
        yield BattleSide(
            side_id=side.side_id,
            alliance_ids=tuple(sorted(alliances)),
            pilots=side.pilots,
            kills=side.kills,
            losses=side.losses,
            isk_destroyed=side.isk_destroyed,
            isk_lost=side.isk_lost,
        )


def _deleted(removal: Removal) -> BattleDeleted:
    reason = DeletionReason.MERGED if removal.merged_into else DeletionReason.RECLUSTER
    return BattleDeleted(
        battle_id=removal.battle_id, revision=removal.revision, reason=reason, merged_into=removal.merged_into
    )


def _key(what: Change | Removal) -> str:
    return f"{what.battle_id}:{what.revision}"
