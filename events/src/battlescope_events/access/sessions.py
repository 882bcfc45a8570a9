"""Reads sessions and access tokens from Valkey, keeps them for a minute, and signals changes to running streams."""

import asyncio
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from pydantic import ValidationError

from battlescope_events.access.credentials import Credential
from battlescope_events.access.session_cache import CACHE_SECONDS, Identity, Known, SessionCache
from battlescope_events.errors import TransientError
from battlescope_events.valkey.connection import Valkey
from battlescope_schemas.accounts.session import ACCESS_TOKENS_LOADED_KEY, AccessToken, Session

if TYPE_CHECKING:
    from redis.asyncio import Redis

_TOUCH_AFTER: Final = timedelta(minutes=1)
# Replaces one field and keeps the others, which the owner of the key may change at the same moment, and the expiry.
_TOUCH: Final = """
local text = redis.call('GET', KEYS[1])
if text then
  local session = cjson.decode(text)
  session['lastAccessedAt'] = ARGV[1]
  redis.call('SET', KEYS[1], cjson.encode(session), 'KEEPTTL')
end"""


class SessionsUnavailableError(TransientError):
    """Valkey does not answer, so that nobody knows whose session it is."""


@dataclass(eq=False)  # each stream is its own
class Changes:
    """What a running stream waits for: `signal` is set at a change of its account, or when some may be missed."""

    signal: asyncio.Event = field(default_factory=asyncio.Event)
    is_account_changed: bool = False

    async def wait(self, seconds: float) -> None:
        """Return at the next change, at the latest after this time."""
        with suppress(TimeoutError):
            async with asyncio.timeout(max(0.0, seconds)):
                await self.signal.wait()


class Sessions:
    """Sessions by their key. It follows changes of accounts; without that subscription nothing new is kept."""

    def __init__(self, valkey: Valkey, now: Callable[[], datetime], monotonic: Callable[[], float]) -> None:
        self._valkey, self._now, self.monotonic = valkey, now, monotonic
        self._cache = SessionCache()
        self.is_subscribed = False
        self._changes = 0
        self._streams: dict[UUID, list[Changes]] = {}

    async def find(self, credential: Credential) -> Known | None:
        """The session or token that a request presents, if it exists and has not expired.

        Raises:
            SessionsUnavailableError: it is not kept here, and Valkey does not answer.
        """
        known = self._cache.get(credential.key, self.monotonic()) or await self._load(credential)
        return known if known is not None and self._now() < known.identity.expires_at else None

    @contextmanager
    def changes_of(self, account_id: UUID) -> Generator[Changes]:
        """The changes of an account during the `with` block."""
        changes = Changes()
        streams = self._streams.setdefault(account_id, [])
        streams.append(changes)
        try:
            yield changes
        finally:
            streams.remove(changes)
            if not streams:
                del self._streams[account_id]

    @property
    def watched_accounts(self) -> frozenset[UUID]:
        """The accounts that have running streams here."""
        return frozenset(self._streams)

    def subscription_began(self) -> None:
        self._cache.clear()
        self.is_subscribed = True
        self._notify_all()

    def subscription_ended(self) -> None:
        self.is_subscribed = False
        self._notify_all()

    def account_changed(self, account_id: UUID) -> None:
        self._changes += 1
        self._cache.drop_account(account_id)
        for changes in self._streams.get(account_id, ()):
            changes.is_account_changed = True
            changes.signal.set()

    def _notify_all(self) -> None:
        self._changes += 1
        for streams in self._streams.values():
            for changes in streams:
                changes.signal.set()

    async def _load(self, credential: Credential) -> Known | None:
        changes_before = self._changes
        identity = _parsed(credential, await self._read(credential))
        if identity is None:
            return None
        known = Known(identity, self.monotonic() + CACHE_SECONDS)
        # A change that arrived meanwhile may be newer than what was read.
        if self.is_subscribed and changes_before == self._changes:
            self._cache.put(credential.key, known)
            if isinstance(identity, Session):
                await self._touch(credential.key, identity)
        return known

    async def _read(self, credential: Credential) -> str | None:
        keys = [credential.key, *([ACCESS_TOKENS_LOADED_KEY] if credential.is_access_token else [])]

        async def read(redis: "Redis") -> list[str | None]:
            values: Any = redis.mget(keys)
            return await values

        await self._valkey.connect()
        values = await self._valkey.run(read, None)
        if values is None:
            raise SessionsUnavailableError("Valkey does not answer.")
        if values[0] is None and credential.is_access_token and values[1] is None:
            raise SessionsUnavailableError("Valkey has not got the access tokens back yet.")
        return values[0]

    async def _touch(self, key: str, session: Session) -> None:
        now = self._now()
        if now - session.last_accessed_at < _TOUCH_AFTER:
            return

        async def touch(redis: "Redis") -> None:
            script: Any = redis.register_script(_TOUCH)
            await script([key], [now.isoformat()])

        await self._valkey.run(touch, None)


def _parsed(credential: Credential, text: str | None) -> Identity | None:
    """The stored value; what cannot be read is nobody's session."""
    if text is None:
        return None
    try:
        return (AccessToken if credential.is_access_token else Session).model_validate_json(text)
    except ValidationError:
        return None
