"""Advisory locks of the transaction, by lock key; `lock_keys.py` says which keys a piece of work needs."""

from collections.abc import Collection
from typing import Any, Final, LiteralString

from psycopg import AsyncConnection

from battle_cluster.domain.lock_keys import shared_lock_keys
from battle_cluster.persistence.parameters import int_array

LOCK: Final[LiteralString] = """
SELECT CASE WHEN lock_key = ANY(%(shared)s::bigint[]) THEN pg_advisory_xact_lock_shared(lock_key)
    ELSE pg_advisory_xact_lock(lock_key) END
FROM unnest(%(lock_keys)s::bigint[]) AS lock_key
"""


async def acquire(connection: AsyncConnection[Any], lock_keys: Collection[int]) -> None:
    """Lock every key. The order is fixed, so that transactions do not deadlock."""
    shared = int_array(shared_lock_keys(lock_keys))
    await connection.execute(LOCK, {"lock_keys": int_array(sorted(lock_keys)), "shared": shared})
