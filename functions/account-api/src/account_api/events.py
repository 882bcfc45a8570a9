"""Builds the events that account-api publishes: the state of an account, and records of actions."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from account_api.domain.accounts import AccountState
from battlescope_events.catalog import ACCOUNT_CHANGED, AUDIT_RECORDED
from battlescope_events.messages import Message
from battlescope_schemas.accounts.account import AccountChanged, AuditAction, AuditRecord, AuditTarget, Organisation

SOURCE: Final = "account-api"


@dataclass(frozen=True, slots=True)
class Origin:
    """Who asks: the account, None while it is not known, and the address and program of the client."""

    actor: UUID | None
    ip: str | None
    user_agent: str | None


SYSTEM: Final = Origin(None, None, None)


def account_changed(state: AccountState, now: datetime) -> Message:
    """One event for each version of an account."""
    account, primary = state.account, state.primary
    is_deleted = account.deleted_at is not None
    organisation = (
        Organisation(corporation_id=primary.corporation_id, alliance_id=primary.alliance_id) if primary else None
    )
    payload = AccountChanged(
        account_id=account.id,
        version=account.version,
        changed_at=now,
        roles={} if is_deleted or account.denied_rule is not None else dict(state.roles),
        is_super_admin=account.is_super_admin and not is_deleted,
        blocked=account.is_blocked,
        deleted=is_deleted,
        primary_character_id=primary.eve_character_id if primary and not is_deleted else None,
        organisation=None if is_deleted else organisation,
    )
    return ACCOUNT_CHANGED.message(payload, source=SOURCE, key=f"{account.id}:{account.version}", time=now)


def audit_recorded(  # noqa: PLR0917  # the fields of a record, in its order
    record_id: UUID,
    action: AuditAction,
    origin: Origin,
    target: tuple[str, object] | None,
    metadata: Mapping[str, Any],
    now: datetime,
) -> Message:
    """One event for each record; its id is that of the record."""
    payload = AuditRecord(
        id=record_id,
        action=action,
        occurred_at=now,
        actor=origin.actor,
        target=AuditTarget(type=target[0], id=str(target[1])) if target else None,
        metadata=dict(metadata),
        ip=origin.ip,
        user_agent=origin.user_agent,
    )
    return AUDIT_RECORDED.message(payload, source=SOURCE, key=str(record_id), time=now)
