"""Writes sessions, access tokens and their changes to Valkey as account-api does, for tests of those who read them."""

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid4

import redis

from battlescope_schemas.accounts.session import (
    ACCESS_TOKEN_PREFIX,
    ACCESS_TOKENS_LOADED_KEY,
    ACCOUNT_CHANGES_CHANNEL,
    SESSION_COOKIE,
    AccessToken,
    AccountChange,
    Session,
    access_token_key,
    session_key,
    token_digest,
)

FEATURE: Final = "battle-reports"
VALID_FOR: Final = timedelta(hours=8)
RANKS: Final = {"user": 10, "fc": 20, "director": 30, "admin": 40}


@dataclass(frozen=True)
class Login:
    """What a client has after a login: a session's cookie, or an access token."""

    account_id: UUID
    key: str
    headers: dict[str, str]


class AccountWriter:
    """The side of account-api: each change and its message are one transaction."""

    def __init__(self, url: str) -> None:
        """Take the address of Valkey."""
        self._redis: Any = redis.Redis.from_url(url)  # pyright: ignore[reportUnknownMemberType]  # its methods have two return types
        self._redis.set(ACCESS_TOKENS_LOADED_KEY, "1")

    def log_in(self, **values: Any) -> Login:
        """A session with the role of `rank` in a feature; `values` replace its fields."""
        token, now = secrets.token_hex(32), datetime.now(UTC)
        fields: dict[str, Any] = {
            "roles": {FEATURE: RANKS["user"]},
            "account_version": 1,
            "created_at": now,
            "last_accessed_at": now,
            "expires_at": now + VALID_FOR,
            "ip": "192.0.2.1",
            "user_agent": "test",
        }
        session = Session(account_id=uuid4(), primary_character_id=90000001, **{**fields, **values})
        login = Login(session.account_id, session_key(token_digest(token)), {"cookie": f"{SESSION_COOKIE}={token}"})
        self._redis.set(login.key, session.model_dump_json())
        return login

    def create_access_token(self, **values: Any) -> Login:
        """A personal access token; `values` replace its fields."""
        token, now = ACCESS_TOKEN_PREFIX + secrets.token_hex(32), datetime.now(UTC)
        fields: dict[str, Any] = {
            "roles": {FEATURE: RANKS["user"]},
            "account_version": 1,
            "expires_at": now + VALID_FOR,
        }
        stored = AccessToken(
            account_id=uuid4(), token_id=uuid4(), primary_character_id=90000001, **{**fields, **values}
        )
        login = Login(stored.account_id, access_token_key(token_digest(token)), {"authorization": f"Bearer {token}"})
        self._redis.set(login.key, stored.model_dump_json())
        return login

    def subscriptions(self) -> int:
        """How many guards are subscribed to changes; a guard keeps no session before."""
        ((_, count),) = self._redis.pubsub_numsub(ACCOUNT_CHANGES_CHANNEL)
        return count

    def change(self, login: Login, **values: Any) -> None:
        """Replace fields of a session or token, such as its roles, and publish the change."""
        kind = AccessToken if "authorization" in login.headers else Session
        stored = kind.model_validate_json(self._redis.get(login.key))
        changed = stored.model_copy(update=values)
        self._publish(login, changed.model_dump_json())

    def end(self, login: Login) -> None:
        """Log out, or revoke the token."""
        self._publish(login, None)

    def lose(self, login: Login) -> None:
        """Lose the key without a message, as a store that forgets does."""
        self._redis.delete(login.key)

    def close(self) -> None:
        self._redis.close()

    def _publish(self, login: Login, text: str | None) -> None:
        with self._redis.pipeline(transaction=True) as transaction:
            if text is None:
                transaction.delete(login.key)
            else:
                transaction.set(login.key, text)
            message = AccountChange(account_id=login.account_id).model_dump_json()
            transaction.publish(ACCOUNT_CHANGES_CHANNEL, message)
            transaction.execute()
