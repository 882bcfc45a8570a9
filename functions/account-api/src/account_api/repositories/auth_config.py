"""Who may log in: one row, until an administrator changes it the installation's default."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, LiteralString

from account_api.domain.gating import GatingRules
from battlescope_events.postgres.database import Connection

CONFIG: Final[LiteralString] = """
SELECT require_membership, allowed_corporation_ids, allowed_alliance_ids, denied_corporation_ids, denied_alliance_ids,
    version, updated_at
FROM auth_config
"""
LOCK_CONFIG: Final[LiteralString] = "SELECT pg_advisory_xact_lock(0, hashtext('auth-config'))"
KEEP_CONFIG: Final[LiteralString] = "SELECT pg_advisory_xact_lock_shared(0, hashtext('auth-config'))"
SAVE_CONFIG: Final[LiteralString] = """
INSERT INTO auth_config AS existing (require_membership, allowed_corporation_ids, allowed_alliance_ids,
    denied_corporation_ids, denied_alliance_ids, version, updated_at)
VALUES (%(require_membership)s::boolean, %(allowed_corporation_ids)s::bigint[], %(allowed_alliance_ids)s::bigint[],
    %(denied_corporation_ids)s::bigint[], %(denied_alliance_ids)s::bigint[], 1, %(now)s::timestamptz)
ON CONFLICT (id) DO UPDATE SET require_membership = excluded.require_membership,
    allowed_corporation_ids = excluded.allowed_corporation_ids, allowed_alliance_ids = excluded.allowed_alliance_ids,
    denied_corporation_ids = excluded.denied_corporation_ids, denied_alliance_ids = excluded.denied_alliance_ids,
    version = existing.version + 1, updated_at = excluded.updated_at
"""


@dataclass(frozen=True, slots=True)
class AuthConfig:
    """Ids by list; `version` counts the changes, and is 0 before the first."""

    require_membership: bool
    allowed_corporation_ids: Sequence[int] = ()
    allowed_alliance_ids: Sequence[int] = ()
    denied_corporation_ids: Sequence[int] = ()
    denied_alliance_ids: Sequence[int] = ()
    version: int = 0
    updated_at: datetime | None = None

    @property
    def rules(self) -> GatingRules:
        return GatingRules(
            self.require_membership,
            frozenset(self.allowed_corporation_ids),
            frozenset(self.allowed_alliance_ids),
            frozenset(self.denied_corporation_ids),
            frozenset(self.denied_alliance_ids),
        )


class AuthConfigRepository:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def load(self, *, require_membership: bool) -> AuthConfig:
        """The configuration; `require_membership` holds until the first change."""
        return await self._connection.row(AuthConfig, CONFIG) or AuthConfig(require_membership)

    async def lock(self) -> None:
        """Let nobody else read it with `keep`, or change it, until the transaction ends."""
        await self._connection.execute(LOCK_CONFIG)

    async def keep(self) -> None:
        """Let nobody change the configuration until the transaction ends."""
        await self._connection.execute(KEEP_CONFIG)

    async def save(self, config: AuthConfig, now: datetime) -> None:
        params = {
            "require_membership": config.require_membership,
            "allowed_corporation_ids": list(config.allowed_corporation_ids),
            "allowed_alliance_ids": list(config.allowed_alliance_ids),
            "denied_corporation_ids": list(config.denied_corporation_ids),
            "denied_alliance_ids": list(config.denied_alliance_ids),
            "now": now,
        }
        await self._connection.execute(SAVE_CONFIG, params)
