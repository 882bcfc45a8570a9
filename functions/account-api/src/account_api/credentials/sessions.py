"""Writes the sessions and personal access tokens that guards read from Valkey (`battlescope_schemas.accounts.session`).

The caller holds the lock of the account's row, so that the writes of one account have an order.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

from pydantic import ValidationError

from account_api.credentials.valkey_store import require
from account_api.domain.accounts import AccountState, Character
from battlescope_events.valkey.connection import Valkey
from battlescope_schemas.accounts.session import (
    ACCESS_TOKENS_LOADED_KEY,
    ACCOUNT_CHANGES_CHANNEL,
    AccessToken,
    AccountChange,
    Session,
    access_token_key,
    account_session_key,
    session_key,
)

if TYPE_CHECKING:
    from redis.asyncio import Redis
    from redis.asyncio.client import Pipeline


class StoredToken(NamedTuple):
    """A personal access token as the database has it."""

    id: UUID
    account_id: UUID
    digest: str
    can_write: bool
    expires_at: datetime


class Rights(NamedTuple):
    """What a session or token may do; `roles` are ranks by feature."""

    roles: Mapping[str, int]
    is_super_admin: bool


class SessionStore:
    def __init__(self, valkey: Valkey) -> None:
        self._valkey = valkey

    async def start(self, digest: str, session: Session) -> None:
        """Start the one session of its account; it ends the one before. Raises `TransientError`, as all methods do."""
        await require(self._valkey, partial(_start, digest=digest, session=session))

    async def end(self, account_id: UUID, only: str | None = None) -> bool:
        """End the session of the account, with `only` if it has this digest; whether there was one."""
        return await require(self._valkey, partial(_end, account_id=account_id, only=only))

    async def expires_at(self, account_id: UUID) -> datetime | None:
        """When the session of the account ends; None without one."""
        session = await require(self._valkey, partial(_session, account_id=account_id))
        return session[1].expires_at if session else None

    async def apply(
        self,
        state: AccountState,
        rights: Rights,
        tokens: Sequence[StoredToken],
        ended: Collection[str] = (),
    ) -> None:
        """Give the session and the tokens of an account these rights, or end them if it may have none.

        `ended` are the digests of tokens that are no more.
        """
        await require(self._valkey, partial(_apply, state=state, rights=rights, tokens=tokens, ended=ended))

    async def are_tokens_loaded(self) -> bool:
        """Whether Valkey has every personal access token; a Valkey that lost its data has not."""
        return bool(await require(self._valkey, lambda redis: redis.exists(ACCESS_TOKENS_LOADED_KEY)))

    async def mark_tokens_loaded(self) -> None:
        """Let guards refuse tokens that they do not find."""
        await require(self._valkey, lambda redis: redis.set(ACCESS_TOKENS_LOADED_KEY, "1"))


async def _start(redis: "Redis", digest: str, session: Session) -> bool:
    owner_key = account_session_key(session.account_id)
    previous = await _text(redis, owner_key)
    expires = int(session.expires_at.timestamp())
    async with redis.pipeline(transaction=True) as pipeline:
        if previous:
            pipeline.delete(session_key(previous))
        pipeline.set(session_key(digest), session.model_dump_json(), exat=expires)
        pipeline.set(owner_key, digest, exat=expires)
        _publish(pipeline, session.account_id)
        await pipeline.execute()
    return True


async def _end(redis: "Redis", account_id: UUID, only: str | None) -> bool:
    owner_key = account_session_key(account_id)
    digest = await _text(redis, owner_key)
    if only is not None and digest != only:
        return False
    async with redis.pipeline(transaction=True) as pipeline:
        if digest:
            pipeline.delete(session_key(digest))
        pipeline.delete(owner_key)
        _publish(pipeline, account_id)
        await pipeline.execute()
    return digest is not None


async def _session(redis: "Redis", account_id: UUID) -> tuple[str, Session] | None:
    digest = await _text(redis, account_session_key(account_id))
    value = await _text(redis, session_key(digest)) if digest else None
    try:
        return (digest, Session.model_validate_json(value)) if digest and value else None
    except ValidationError:
        return None


async def _apply(
    redis: "Redis", state: AccountState, rights: Rights, tokens: Sequence[StoredToken], ended: Collection[str]
) -> bool:
    account_id = state.account.id
    if not state.is_active:
        await _end(redis, account_id, None)
    current = await _session(redis, account_id) if state.is_active else None
    async with redis.pipeline(transaction=True) as pipeline:
        if current and state.primary:
            digest, session = current
            updated = session.model_copy(update=_changes(state, state.primary, rights))
            pipeline.set(session_key(digest), updated.model_dump_json(), xx=True, keepttl=True)
        for digest in ended:
            pipeline.delete(access_token_key(digest))
        for token in tokens:
            _write_token(pipeline, state, rights, token)
        _publish(pipeline, account_id)
        await pipeline.execute()
    return True


def _write_token(pipeline: "Pipeline", state: AccountState, rights: Rights, token: StoredToken) -> None:
    key = access_token_key(token.digest)
    if not state.is_active or state.primary is None:
        pipeline.delete(key)
        return
    value = AccessToken(
        account_id=state.account.id,
        token_id=token.id,
        can_write=token.can_write,
        expires_at=token.expires_at,
        **_changes(state, state.primary, rights),
    )
    pipeline.set(key, value.model_dump_json(), exat=int(token.expires_at.timestamp()))


def _changes(state: AccountState, primary: Character, rights: Rights) -> dict[str, Any]:
    """The fields of a session or token that change with its account."""
    return {
        "primary_character_id": primary.eve_character_id,
        "primary_character_name": primary.name,
        "is_super_admin": rights.is_super_admin,
        "roles": dict(rights.roles),
        "account_version": state.account.version,
    }


async def _text(redis: "Redis", key: str) -> str | None:
    value: Any = await redis.get(key)
    return value


def _publish(pipeline: "Pipeline", account_id: UUID) -> None:
    commands: Any = pipeline
    commands.publish(ACCOUNT_CHANGES_CHANNEL, AccountChange(account_id=account_id).model_dump_json())
