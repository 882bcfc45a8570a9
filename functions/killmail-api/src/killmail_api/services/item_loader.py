"""Loads the items of streams: entries of the live log with the killmails that they name, or from the database alone."""

import logging
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from pydantic import ValidationError

from battlescope_events.http_api.responses import json_content
from battlescope_events.postgres.database import Database
from battlescope_events.valkey.live_log import LogEntry
from battlescope_schemas.live.log import LiveBattle, LiveBattles, LiveKillmail, LiveKind
from killmail_api.domain.stream_items import StreamItem, item
from killmail_api.domain.stream_position import StreamPosition
from killmail_api.presenters import summary
from killmail_api.repositories.killmails import KillmailRepository

OVERLAP: Final = timedelta(minutes=1)
"""A killmail is committed some time after the time that it carries, which is the clock of another process."""
MAX_KILLMAILS: Final = 2_000
_MODELS: Final[dict[str, Callable[[str], Any]]] = {
    LiveKind.KILLMAIL: LiveKillmail.model_validate_json,
    LiveKind.BATTLE: LiveBattle.model_validate_json,
    LiveKind.BATTLES: LiveBattles.model_validate_json,
}
_log = logging.getLogger(__name__)


class ItemLoader:
    """Each method raises `TransientError` while the database does not answer."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of_entries(self, entries: Iterable[LogEntry]) -> list[StreamItem]:
        """The items of entries. Killmails that are gone are left out, and kinds that a newer release publishes."""
        known = [(entry, payload) for entry in entries if (payload := _payload(entry)) is not None]
        killmail_ids = {payload.killmail_id for _, payload in known if isinstance(payload, LiveKillmail)}
        rows = await self._rows(sorted(killmail_ids))
        items: list[StreamItem] = []
        for entry, payload in known:
            position = StreamPosition(*entry.position)
            if not isinstance(payload, LiveKillmail):
                items.append(item(position, payload, entry.body))
            elif payload.killmail_id in rows:
                items.append(_killmail_item(position, rows[payload.killmail_id]))
        return items

    async def ids_enriched_since(self, since: datetime) -> list[int]:
        """The ids of live killmails that were enriched since this time."""
        async with self._database.connection() as connection:
            return await KillmailRepository(connection).ids_enriched_since(since - OVERLAP, MAX_KILLMAILS)

    async def enriched_since(self, since: datetime, known: frozenset[int]) -> list[dict[str, Any]]:
        """Rows of live killmails that were enriched since this time, without the known ones: the oldest first."""
        async with self._database.connection() as connection:
            repository = KillmailRepository(connection)
            found = await repository.ids_enriched_since(since - OVERLAP, MAX_KILLMAILS)
            missing = [killmail_id for killmail_id in found if killmail_id not in known]
            rows = await repository.find_all(missing) if missing else {}
        return [rows[killmail_id] for killmail_id in missing if killmail_id in rows]

    async def _rows(self, killmail_ids: Sequence[int]) -> dict[int, dict[str, Any]]:
        if not killmail_ids:
            return {}
        async with self._database.connection() as connection:
            return await KillmailRepository(connection).find_all(killmail_ids)


def items_after(position: StreamPosition, rows: Iterable[dict[str, Any]]) -> list[StreamItem]:
    """Items of killmails that the log lacks, with positions between this one and the next entry of the log."""
    return [_killmail_item(position._replace(offset=position.offset + count), row) for count, row in enumerate(rows, 1)]


def time_of(position: StreamPosition) -> datetime:
    """When the entry at this position was appended."""
    return datetime.fromtimestamp(position.milliseconds / 1000, UTC)


def _killmail_item(position: StreamPosition, row: dict[str, Any]) -> StreamItem:
    killmail = summary(row)
    return item(position, killmail, json_content(killmail).decode())


def _payload(entry: LogEntry) -> LiveKillmail | LiveBattle | LiveBattles | None:
    model = _MODELS.get(entry.kind)
    if model is None:
        return None
    try:
        return model(entry.body)
    except ValidationError as error:
        _log.error("The live log contains an entry that is no %s: %s", entry.kind, error)
        return None
