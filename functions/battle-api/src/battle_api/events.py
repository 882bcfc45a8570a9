"""Builds the events that battle-api publishes. Event ids are deterministic, so a repeated event has the same id."""

from datetime import datetime
from hashlib import sha256
from typing import Final
from uuid import UUID, uuid5

from battle_api.domain.shares import Share
from battlescope_events.catalog import (
    AUDIT_RECORDED,
    BATTLE_EDIT_REQUESTED,
    BATTLE_RECLUSTER_REQUESTED,
    BATTLE_REPUBLISH_REQUESTED,
    BATTLE_SHARE_CHANGED,
)
from battlescope_events.messages import Message
from battlescope_schemas.accounts.account import AuditAction, AuditRecord, AuditTarget
from battlescope_schemas.battle import BattleEditRequested, BattleShareChanged, ReclusterRequested, RepublishRequested

SOURCE: Final = "battle-api"


def edit_requested(edit_id: UUID, battle_id: UUID, version: int, now: datetime) -> Message:
    payload = BattleEditRequested(edit_id=str(edit_id), battle_id=str(battle_id), version=version)
    return BATTLE_EDIT_REQUESTED.message(payload, source=SOURCE, key=f"{edit_id}:{version}", time=now)


def recluster_requested(job_id: UUID, now: datetime) -> Message:
    """Requests part 0 of the job; battle-cluster requests each following part."""
    payload = ReclusterRequested(job_id=str(job_id), part=0)
    return BATTLE_RECLUSTER_REQUESTED.message(payload, source=SOURCE, key=f"{job_id}:0", time=now)


def republish_requested(job_id: UUID, now: datetime) -> Message:
    """Requests part 0 of the job; battle-cluster requests each following part."""
    payload = RepublishRequested(job_id=str(job_id), part=0)
    return BATTLE_REPUBLISH_REQUESTED.message(payload, source=SOURCE, key=f"{job_id}:0", time=now)


def share_changed(share: Share, now: datetime, *, is_revoked: bool = False) -> Message:
    """What others need to follow the link. It has a digest of the token: who reads the event cannot open the link."""
    payload = BattleShareChanged(
        battle_id=str(share.battle_id),
        share_id=str(share.id),
        token_digest=sha256(share.token.encode()).hexdigest(),
        expires_at=share.expires_at,
        is_revoked=is_revoked,
    )
    return BATTLE_SHARE_CHANGED.message(payload, source=SOURCE, key=f"{share.id}:{is_revoked}", time=now)


def share_audited(action: AuditAction, share: Share, account_id: UUID | None, now: datetime) -> Message:
    """What is done once to a share. It has no token: who reads the audit sees what was shared, not how to open it."""
    record_id = uuid5(share.id, action)
    payload = AuditRecord(
        id=record_id,
        action=action,
        occurred_at=now,
        actor=account_id,
        target=AuditTarget(type="battle", id=str(share.battle_id)),
        metadata={
            "service": SOURCE,
            "share": str(share.id),
            "expiresAt": share.expires_at.isoformat() if share.expires_at else None,
        },
    )
    return AUDIT_RECORDED.message(payload, source=SOURCE, key=str(record_id), time=now)
