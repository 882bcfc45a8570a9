"""Indexing four real days for search: CPU a killmail singly and in batches, bytes, seconds until searchable.

A real PostgreSQL. battle-cluster's own code makes the battles; search-index's own code consumes both kinds of events,
in this process, with claim checks in memory. CPU is that of this process and of PostgreSQL together, for search alone.
"""

import argparse
import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

import psutil
import psycopg
from flow import cpu_seconds
from harness.report import quantile, report
from inserts import database, pool, postgres
from pydantic import SecretStr
from real_battles import DAYS, enriched_lines
from rich.console import Console

from battle_cluster.handlers.killmails import process
from battle_cluster.messaging.enriched_killmail import read_lines
from battle_cluster.persistence.process_cache import ProcessCache
from battle_cluster.persistence.unit_of_work import Database as BattleDatabase
from battlescope_events.catalog import (
    BATTLE_CREATED,
    BATTLE_DELETED,
    BATTLE_UPDATED,
    BATTLES_CHANGED,
    KILLMAIL_ENRICHED,
)
from battlescope_events.event_batch import encode_batch
from battlescope_events.messages import Event, Message
from battlescope_events.postgres.database import Database, open_pool
from battlescope_events.postgres.outbox import Outbox
from battlescope_events.publisher import RecordingPublisher
from battlescope_schemas.archive import compress_batch
from battlescope_schemas.battle import BattleChunk
from battlescope_schemas.reference import KillmailChunk
from search_index.handlers.dispatch import Handlers
from search_index.main import SERVER_OPTIONS, compose
from search_index.messaging.claim_checks import ClaimChecks
from search_index.services.engine import PostgresEngine
from search_index.services.grouped_saves import GROUPING_SECONDS
from search_index.services.indexing_loop import DELAY_SECONDS

CHUNK: Final = 3000  # killmails of a batch, as backfill has them
BATTLES_OF_A_CHUNK: Final = 500
LIVE: Final = 1000  # killmails that come singly, in each of two ways, the last ones
OF_A_SECOND: Final = 20  # killmails that are indexed together where 20 come in a second
RATE: Final = 5  # killmails a second while the time until searchable is measured
_TYPES: Final = {kind.name: kind for kind in (BATTLE_CREATED, BATTLE_UPDATED, BATTLE_DELETED)}
console: Final = Console(highlight=False)


@dataclass
class Objects:
    """Claim checks in memory."""

    bodies: dict[str, bytes] = field(default_factory=dict[str, bytes])

    async def get(self, key: str, *, max_bytes: int) -> bytes:
        assert len(self.bodies[key]) <= max_bytes  # noqa: S101  # as object storage checks it
        return self.bodies[key]


@asynccontextmanager
async def search(
    url: str, objects: Objects, delay_seconds: float, grouping_seconds: float = 0
) -> AsyncGenerator[Handlers]:
    """The handlers of search-index over a database."""
    async with open_pool(SecretStr(url), "bench", max_size=4, options=SERVER_OPTIONS) as connections:
        store = Database(connections, "search")
        claim_checks: Any = ClaimChecks(objects)  # pyright: ignore[reportArgumentType]  # what of ObjectStorage is used
        outbox, broker = Outbox(store, "battles"), RecordingPublisher()
        handlers = compose(
            store,
            PostgresEngine(),
            outbox,
            broker,
            claim_checks,
            delay_seconds=delay_seconds,
            grouping_seconds=grouping_seconds,
        )
        yield handlers
        await handlers.loop.close()


async def index_real_days(search_url: str, battles_url: str, lines: Sequence[bytes]) -> int:
    """Index enriched killmails in batches, with the battles that battle-cluster makes of them; returns the battles."""
    objects = Objects()
    messages = await cluster(battles_url, lines)
    async with search(search_url, objects, 3600) as handlers:
        for event in killmail_batches(lines, objects):
            await handlers.dispatch(event)
        for event in battle_batches(messages, objects):
            await handlers.dispatch(event)
        await handlers.maintenance.index_and_copy()
    return len(messages)


async def cluster(battles_url: str, lines: Sequence[bytes]) -> list[Message]:
    """The events of all battles, after each batch those that it changes."""
    recorder = RecordingPublisher()
    async with pool(battles_url) as connections:
        battles = BattleDatabase(connections, ProcessCache())
        for start in range(0, len(lines), CHUNK):
            await process(list(read_lines(b"\n".join(lines[start : start + CHUNK]))), battles, datetime.now(UTC))
            await battles.outbox.flush(recorder)
    return recorder.messages


def killmail_batches(lines: Sequence[bytes], objects: Objects) -> list[Event[Any]]:
    events: list[Event[Any]] = []
    for start in range(0, len(lines), CHUNK):
        part = lines[start : start + CHUNK]
        key = f"chunks/killmails-{start}"
        objects.bodies[key] = compress_batch(b"".join(line + b"\n" for line in part))
        payload = KillmailChunk(chunk_key=key, count=len(part), date=datetime.now(UTC).date())
        events.append(Event(KILLMAIL_ENRICHED, key, "bench", payload, {}))
    return events


def battle_batches(messages: Sequence[Message], objects: Objects) -> list[Event[Any]]:
    events: list[Event[Any]] = []
    for start in range(0, len(messages), BATTLES_OF_A_CHUNK):
        part = messages[start : start + BATTLES_OF_A_CHUNK]
        key = f"chunks/battles-{start}"
        _, objects.bodies[key] = encode_batch(part)
        events.append(Event(BATTLES_CHANGED, key, "bench", BattleChunk(chunk_key=key, count=len(part)), {}))
    return events


def single_events(line: bytes, messages: Sequence[Message]) -> list[Event[Any]]:
    """The events of one killmail and of the battles that it changes, parsed as the consumer parses them."""
    killmail = Event(KILLMAIL_ENRICHED, "1", "bench", KILLMAIL_ENRICHED.data.validate_json(line), {})
    return [killmail, *(_event(message) for message in messages)]


def _event(message: Message) -> Event[Any]:
    kind = _TYPES[message.type]
    return Event(kind, message.id, "bench", kind.data.validate_json(message.body), {})


class Cpu:
    """CPU seconds of this process and of PostgreSQL."""

    def __init__(self, url: str) -> None:
        with psycopg.connect(url) as connection:
            row = connection.execute("SELECT pg_backend_pid()").fetchone()
            self._server = psutil.Process(psutil.Process(row[0] if row else 0).ppid())
        self.own = self.postgres = 0.0

    async def of(self, work: Callable[[], Awaitable[Any]]) -> None:
        """Add the CPU that `work` takes."""
        server = self._postgres()  # which takes CPU itself
        own = time.process_time()
        await work()
        self.own += time.process_time() - own
        self.postgres += self._postgres() - server

    def per_killmail(self, count: int) -> dict[str, float]:
        """Milliseconds."""
        parts = {"function": self.own, "postgres": self.postgres, "all": self.own + self.postgres}
        return {name: round(seconds / count * 1000, 4) for name, seconds in parts.items()}

    def _postgres(self) -> float:
        return cpu_seconds(self._server, with_children=True)


async def batches(search_url: str, battles_url: str, lines: Sequence[bytes]) -> dict[str, Any]:
    objects, cpu = Objects(), Cpu(search_url)
    begun = time.perf_counter()
    messages = await cluster(battles_url, lines)
    console.print(f"battle-cluster: {len(messages):,} events in {time.perf_counter() - begun:.0f} s")
    events = [*killmail_batches(lines, objects), *battle_batches(messages, objects)]
    async with search(search_url, objects, 3600) as handlers:
        begun = time.perf_counter()
        for event in events:
            await cpu.of(lambda event=event: handlers.dispatch(event))
        await cpu.of(handlers.maintenance.index_and_copy)
    return {
        "killmails": len(lines),
        "battle_events": len(messages),
        "seconds": round(time.perf_counter() - begun, 1),
        "cpu_ms": cpu.per_killmail(len(lines)),
    }


async def singly(search_url: str, battles_url: str, lines: Sequence[bytes], together: int) -> dict[str, Any]:
    """Killmails that come singly, `together` of which are indexed at once.

    With 1 each event waits for the one before. With more, those of `GROUPING_SECONDS` are in flight together.
    """
    cpu, events = Cpu(search_url), await live_events(battles_url, lines)
    async with search(search_url, Objects(), 3600) as handlers:
        await cpu.of(lambda: _consume(handlers, events, together))
    return {"killmails": len(lines), "events": sum(map(len, events)), "cpu_ms": cpu.per_killmail(len(lines))}


async def _consume(handlers: Handlers, events: Sequence[Sequence[Event[Any]]], together: int) -> None:
    in_flight = max(1, int(together * GROUPING_SECONDS))
    for start in range(0, len(events), in_flight):
        group = [event for batch in events[start : start + in_flight] for event in batch]
        if in_flight > 1:
            await asyncio.gather(*map(handlers.dispatch, group))
        else:
            for event in group:
                await handlers.dispatch(event)
        if (start + in_flight) % together == 0:
            await handlers.maintenance.index_and_copy()
    await handlers.maintenance.index_and_copy()


async def live_events(battles_url: str, lines: Sequence[bytes]) -> list[list[Event[Any]]]:
    """The events that each killmail causes when it comes singly."""
    events: list[list[Event[Any]]] = []
    recorder = RecordingPublisher()
    async with pool(battles_url) as connections:
        battles = BattleDatabase(connections, ProcessCache())
        for line in lines:
            await process(list(read_lines(line)), battles, datetime.now(UTC))
            await battles.outbox.flush(recorder)
            events.append(single_events(line, recorder.messages))
            recorder.messages.clear()
    return events


async def visible(search_url: str, battles_url: str, lines: Sequence[bytes]) -> dict[str, float]:
    """Seconds from the event of a battle until its document has that revision, with the delay of production."""
    waiting: dict[str, tuple[int, float]] = {}
    seconds: list[float] = []
    events = await live_events(battles_url, lines)
    async with (
        search(search_url, Objects(), DELAY_SECONDS, GROUPING_SECONDS) as handlers,
        asyncio.TaskGroup() as requests,
    ):
        watcher = asyncio.create_task(_watch(search_url, waiting, seconds))
        for batch in events:
            for event in batch:
                if event.type is not KILLMAIL_ENRICHED and hasattr(event.data, "killmail_ids"):
                    waiting.setdefault(event.data.battle_id, (event.data.revision, time.monotonic()))
                requests.create_task(handlers.dispatch(event))
            await asyncio.sleep(1 / RATE)
        await asyncio.sleep(3)
        watcher.cancel()
    return {"events": len(seconds), **{f"p{int(q * 100)}": round(quantile(seconds, q), 3) for q in (0.5, 0.95, 0.99)}}


async def _watch(url: str, waiting: dict[str, tuple[int, float]], seconds: list[float]) -> None:
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        while True:
            statement = "SELECT battle_id::text, revision FROM battle_documents WHERE battle_id = ANY(%s::uuid[])"
            for battle_id, revision in await (await connection.execute(statement, [list(waiting)])).fetchall():
                if battle_id in waiting and revision >= waiting[battle_id][0]:
                    seconds.append(time.monotonic() - waiting.pop(battle_id)[1])
            await asyncio.sleep(0.02)


def sizes(url: str) -> dict[str, Any]:
    """Bytes of tables with their indexes, and of documents."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")
        tables = connection.execute(
            "SELECT relname, pg_total_relation_size(oid), pg_indexes_size(oid) FROM pg_class"
            " WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY 2 DESC LIMIT 8"
        ).fetchall()
        total = connection.execute(
            "SELECT pg_database_size(current_database()), (SELECT count(*) FROM battle_documents),"
            " (SELECT count(*) FROM entities WHERE is_searchable)"
        ).fetchone()
    assert total is not None  # noqa: S101  # a statement of counts has a row
    database_bytes, battles, entities = total
    return {
        "database_bytes": database_bytes,
        "battles": battles,
        "searchable_entities": entities,
        "tables": {name: {"bytes": size, "indexes": indexes} for name, size, indexes in tables},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--killmails", type=int, help="only so many killmails of the days")
    parser.add_argument("--live", type=int, default=LIVE, help="killmails of each of the two that come singly")
    parser.add_argument(
        "--visible", type=int, default=300, help="killmails while the time until searchable is measured"
    )
    arguments = parser.parse_args()
    lines = [line for day in DAYS for line in enriched_lines(day)][: arguments.killmails]
    first = len(lines) - 2 * arguments.live - arguments.visible
    second, third = first + arguments.live, first + 2 * arguments.live
    with postgres() as address:
        search_url = database(address, "search", "search-index")
        battles_url = database(address, "battles")
        figures: dict[str, Any] = {"batches": asyncio.run(batches(search_url, battles_url, lines[:first]))}
        console.print(figures)
        figures["sizes"] = sizes(search_url)
        figures["singly"] = asyncio.run(singly(search_url, battles_url, lines[first:second], 1))
        figures["at_20_a_second"] = asyncio.run(singly(search_url, battles_url, lines[second:third], OF_A_SECOND))
        figures["seconds_until_searchable"] = asyncio.run(visible(search_url, battles_url, lines[third:]))
        console.print(figures)
    report("search", figures)


if __name__ == "__main__":
    main()
