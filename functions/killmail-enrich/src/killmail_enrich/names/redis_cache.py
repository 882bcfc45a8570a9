"""Names in Valkey, which all processes share. Optional: while Valkey does not answer, the cache is empty."""

from collections.abc import Collection
from typing import TYPE_CHECKING, Any, Final

import orjson

from battlescope_events.valkey.connection import Valkey
from battlescope_schemas.entity import EntityType
from killmail_enrich.names.model import USABLE_SECONDS, Name

if TYPE_CHECKING:
    from redis.asyncio import Redis

MAX_ASKED: Final = 100  # names at once; the driver takes longer for more of them than a statement of the database
_NAME_KEY: Final = "esi:names:{}"
# One command: the driver takes 28 ms for a thousand single commands and blocks the event loop meanwhile.
_SET_ALL: Final = "for i, key in ipairs(KEYS) do redis.call('SET', key, ARGV[i + 1], 'EX', ARGV[1]) end"


class NameCache:
    def __init__(self, valkey: Valkey) -> None:
        self._valkey = valkey

    async def find(self, entity_ids: Collection[int]) -> dict[int, Name]:
        """The cached names by id; none where many are asked for: then the database answers sooner."""
        if len(entity_ids) > MAX_ASKED:
            return {}
        ids = list(entity_ids)
        keys = [_NAME_KEY.format(entity_id) for entity_id in ids]
        values: list[Any] = await self._valkey.run(lambda redis: redis.mget(keys), [])
        return {entity_id: _name(entity_id, value) for entity_id, value in zip(ids, values, strict=False) if value}

    async def put(self, names: Collection[Name]) -> None:
        values = [orjson.dumps([name.entity_type, name.name, name.fetched_at, name.attempts]) for name in names]
        keys = [_NAME_KEY.format(name.entity_id) for name in names]

        async def write(redis: "Redis") -> None:
            set_all: Any = redis.register_script(_SET_ALL)
            await set_all(keys, [int(USABLE_SECONDS), *values])

        if names:
            await self._valkey.run(write, None)


def _name(entity_id: int, value: str) -> Name:
    entity_type, name, fetched_at, *attempts = orjson.loads(value)  # processes of an older version write no attempts
    return Name(entity_id, entity_type and EntityType(entity_type), name, fetched_at, *attempts)
