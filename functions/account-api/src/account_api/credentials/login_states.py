"""Logins that have begun: their state is valid once, for ten minutes, in the browser that began them."""

from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from pydantic import ValidationError

from account_api.credentials.valkey_store import require
from battlescope_events.valkey.connection import Valkey
from battlescope_schemas.accounts.session import token_digest
from battlescope_schemas.base import Schema

if TYPE_CHECKING:
    from redis.asyncio import Redis

LIFETIME_SECONDS: Final = 600


class LoginMode(StrEnum):
    LOGIN = "login"
    LINK = "link"
    REFRESH = "refresh"


class LoginState(Schema):
    """What the callback needs.

    browser_digest: of the cookie that the browser got when it began the login.
    account_id: with the modes link and refresh, the account that began it.
    character_id: with the mode refresh, the EVE id of the character whose token is renewed.
    """

    mode: LoginMode
    target: str
    verifier: str
    browser_digest: str
    account_id: UUID | None = None
    character_id: int | None = None


class LoginStates:
    """Valkey holds a state under its digest, so that a dump of Valkey completes no login."""

    def __init__(self, valkey: Valkey) -> None:
        self._valkey = valkey

    async def save(self, state: str, login: LoginState) -> None:
        """Raises `TransientError` while Valkey does not answer."""
        await require(self._valkey, partial(_save, key=_key(state), value=login.model_dump_json()))

    async def take(self, state: str) -> LoginState | None:
        """The login with this state, which nobody can take again; None without one. Raises `TransientError`."""
        value = await require(self._valkey, partial(_take, key=_key(state)))
        try:
            return LoginState.model_validate_json(value) if value else None
        except ValidationError:
            return None  # of another release


async def _save(redis: "Redis", key: str, value: str) -> bool:
    return bool(await redis.set(key, value, ex=LIFETIME_SECONDS))


async def _take(redis: "Redis", key: str) -> str | None:
    value: Any = await redis.getdel(key)
    return value


def _key(state: str) -> str:
    return f"login-state:{token_digest(state)}"
