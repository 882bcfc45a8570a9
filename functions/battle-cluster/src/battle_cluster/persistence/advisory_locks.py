"""Advisory locks of the transaction, by lock key; `lock_keys.py` says which keys a piece of work needs."""

from collections.abc import Collection
from typing import Any, Final, LiteralString

from psycopg import AsyncConnection

from battle_cluster.persistence.copy_format import int_array

LOCK: Final[LiteralString] = """
SELECT CASE WHEN lock_key = ANY(%(shared)s::bigint[]) THEN pg_advisory_xact_lock_shared(lock_key)
    ELSE pg_advisory_xact_lock(lock_key) END
FROM unnest(%(lock_keys)s::bigint[]) AS lock_key
"""


async def acquire(connection: AsyncConnection[Any], lock_keys: Collection[int], shared: Collection[int]) -> None:
    """Lock every key, those of `shared` in shared mode. The order is fixed, so that transactions do not deadlock."""
    await connection.execute(LOCK, {"lock_keys": int_array(sorted(lock_keys)), "shared": int_array(shared)})
