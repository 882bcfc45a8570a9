"""Sessions and access tokens of the last minute, in this process. Time is an argument."""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from battlescope_schemas.accounts.session import AccessToken, Session

CACHE_SECONDS: Final = 60.0
MAX_ENTRIES: Final = 10_000  # about 10 MB

Identity = Session | AccessToken


@dataclass(frozen=True, slots=True)
class Known:
    """A session or token, and until when (in seconds of the clock) it may be used without reading it again."""

    identity: Identity
    fresh_until: float


class SessionCache:
    """Keeps what was read while changes are received, and drops what changes."""

    def __init__(self) -> None:
        self._entries: OrderedDict[str, Known] = OrderedDict()
        self._keys: dict[UUID, set[str]] = {}

    def get(self, key: str, now: float) -> Known | None:
        """The value of a key, unless it is older than a minute."""
        entry = self._entries.get(key)
        if entry is None or now < entry.fresh_until:
            return entry
        self._remove(key)
        return None

    def put(self, key: str, known: Known) -> None:
        """Keep a value; the oldest ones leave when there are too many."""
        if key in self._entries:
            self._remove(key)
        self._entries[key] = known
        self._keys.setdefault(known.identity.account_id, set()).add(key)
        while len(self._entries) > MAX_ENTRIES:
            self._remove(next(iter(self._entries)))

    def drop_account(self, account_id: UUID) -> None:
        """Drop all sessions and tokens of an account."""
        for key in self._keys.pop(account_id, ()):
            self._entries.pop(key, None)

    def clear(self) -> None:
        """Drop everything."""
        self._entries.clear()
        self._keys.clear()

    def __len__(self) -> int:
        return len(self._entries)

    def _remove(self, key: str) -> None:
        account_id = self._entries.pop(key).identity.account_id
        keys = self._keys[account_id]
        keys.discard(key)
        if not keys:
            del self._keys[account_id]
