"""The events that republish current battles.

A consumer goes by revision: one that has the current revision changes nothing, one that has none or an older one ends
where the original events would have led it.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from battle_cluster.domain.current_battle import CurrentBattle
from battle_cluster.messaging.events import ALGORITHM, SOURCE, side_role
from battle_cluster.statistics.losses_over_time import BucketLoss, losses_over_time
from battlescope_events.catalog import BATTLE_CREATED, BATTLE_DELETED, BATTLE_REPUBLISH_REQUESTED
from battlescope_events.messages import Message
from battlescope_schemas.battle import (
    BattleCreated,
    BattleDeleted,
    BattleMetadata,
    BattleSide,
    BattleStatus,
    ComputedIsk,
    DeletionReason,
    IskParts,
    RepublishRequested,
)
from battlescope_schemas.universe import SecurityType

UPDATE_TRIGGER: Final = "republish"
_METADATA: Final = BattleMetadata(clustering_algorithm=ALGORITHM, update_trigger=UPDATE_TRIGGER)
_REASON: Final[Mapping[str, DeletionReason]] = {
    "merged": DeletionReason.MERGED,
    "reclustering": DeletionReason.RECLUSTER,
    "retention_policy": DeletionReason.RETENTION,
    "manual_deletion": DeletionReason.MANUAL,
}


def current_state_event(battle: CurrentBattle, job_id: str, now: datetime) -> Message:
    """`battle.created` with the current revision, or `battle.deleted` for a battle that was deleted or merged.

    The id is derived from job, battle and revision: a consumer that remembers the original event processes this one.
    """
    key = f"{job_id}:{battle.battle_id}:{battle.revision}"
    if battle.deletion_reason is not None:
        return BATTLE_DELETED.message(_deleted(battle, battle.deletion_reason), source=SOURCE, key=key, time=now)
    return BATTLE_CREATED.message(_created(battle), source=SOURCE, key=key, time=now)


def republish_request(job_id: str, part: int, now: datetime) -> Message:
    """Requests a part of a republishing job."""
    payload = RepublishRequested(job_id=job_id, part=part)
    return BATTLE_REPUBLISH_REQUESTED.message(payload, source=SOURCE, key=f"{job_id}:{part}", time=now)


def _deleted(battle: CurrentBattle, reason: str) -> BattleDeleted:
    return BattleDeleted(
        battle_id=battle.battle_id, revision=battle.revision, reason=_REASON[reason], merged_into=battle.merged_into
    )


def _created(battle: CurrentBattle) -> BattleCreated:
    return BattleCreated(
        battle_id=battle.battle_id,
        revision=battle.revision,
        system_id=battle.system_id,
        system_name=battle.system_name,
        region_id=battle.region_id,
        region_name=battle.region_name,
        security_type=SecurityType(battle.security_type),
        start_time=battle.start_time,
        end_time=battle.end_time,
        status=BattleStatus(battle.status),
        killmail_ids=tuple(battle.killmail_ids),
        sides=tuple(BattleSide.model_validate({**side, "role": side_role(side["role"])}) for side in battle.sides),
        zkill_related_url=battle.zkill_related_url,
        metadata=_METADATA,
        total_kills=battle.total_kills,
        total_isk_destroyed=battle.total_isk_destroyed,
        participant_count=battle.total_participants,
        computed_isk=ComputedIsk(
            high=battle.isk_computed_high,
            medium=battle.isk_computed_medium,
            low=battle.isk_computed_low,
            kills_without_value=battle.kills_without_value,
        ),
        isk_parts=IskParts.of_columns(
            battle.isk_fitted, battle.isk_dropped, battle.kills_without_parts, battle.kills_with_unpriced
        ),
        tier=battle.tier,
        name=battle.name,
        is_decisive=battle.is_decisive,
        winning_side=battle.winning_side,
        unassigned_pilots=battle.unassigned_pilots,
        spark=losses_over_time(
            (BucketLoss(**loss) for loss in battle.losses), int((battle.end_time - battle.start_time).total_seconds())
        ),
        edit_count=battle.edit_count,
    )
