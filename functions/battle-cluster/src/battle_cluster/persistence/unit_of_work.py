"""The battle context's database as battle-cluster uses it: mails in, battles and what is to be said out."""

import asyncio
from collections.abc import AsyncGenerator, Collection, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

from psycopg import AsyncConnection, OperationalError
from psycopg.rows import class_row
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from battle_cluster.detection.neighbourhood import PilotInterval
from battle_cluster.detection.neighbourhood_loader import NeighbourhoodQuery
from battle_cluster.detection.split_suggestions import Suggestion
from battle_cluster.domain.battle import ClusteringConfig, Location, StoredBattle, StoredKillmail
from battle_cluster.domain.killmail import Killmail
from battle_cluster.edits.active_edits import ActiveEdits
from battle_cluster.messaging.enriched_killmail import IncomingKillmail, Name, decode
from battle_cluster.persistence import battles, suggestions
from battle_cluster.persistence import edits as edit_store
from battle_cluster.persistence import statements as sql
from battle_cluster.persistence.battles import SavedMessages
from battle_cluster.persistence.parameters import ids, mail_lines, mail_row, pilot_lines
from battle_cluster.persistence.process_cache import ProcessCache
from battle_cluster.persistence.recluster_jobs import Jobs
from battle_cluster.persistence.retention import Retention
from battle_cluster.persistence.rows import Rows
from battlescope_events.consumer import DeliveryAttempt
from battlescope_events.errors import TransientError
from battlescope_events.messages import Message
from battlescope_events.publisher import Publish

NO_TRAIL: Final = PilotInterval(frozenset(), 0, 0)
CHUNKS: Final = 2
"""At once: while one is written, another is read. More would only fill memory, 30 MB each."""
StoredSideTotals = tuple[tuple[int, int, int, str], ...]
"""Number, pilots, losses and ISK destroyed of each side, as text in the database's form."""
Connection = AsyncConnection[tuple[Any, ...]]


class Database:
    """The database, and a bounded memory of mails read from it: mails never change, so remembering them is safe."""

    def __init__(self, pool: AsyncConnectionPool[Connection], memory: ProcessCache) -> None:
        self._pool = pool
        self.memory = memory
        self.batch_semaphore = asyncio.Semaphore(CHUNKS)
        self._published_outbox_ids: list[int] = []
        self._outbox_may_have_rows = True  # who ran before may have died with something unsaid

    @asynccontextmanager
    async def _connection(self) -> AsyncGenerator[Connection]:
        """The one place where faults of the database become ours; deadlocks and lost races are operational too."""
        try:
            async with self._pool.connection() as connection:
                yield connection
        except (OperationalError, PoolTimeout) as error:
            raise TransientError(f"The battle database does not answer: {type(error).__name__}.") from error

    @asynccontextmanager
    async def transaction(self) -> AsyncGenerator["UnitOfWork"]:
        async with self._connection() as connection, connection.transaction():
            yield UnitOfWork(connection, self.memory)

    async def ready(self) -> None:
        async with self._connection() as connection:
            await connection.execute("SELECT 1")

    async def rename(self, name: Name) -> None:
        async with self._connection() as connection:
            await connection.execute(sql.RENAME, name._asdict())

    async def publish_saved(self, said: SavedMessages, publish: Publish) -> None:
        """Say what was just saved without reading it again; its rows go with the event's `handled`."""
        if self._outbox_may_have_rows:
            await self.flush_outbox(publish)
            return
        done = False
        try:
            await publish(said.messages)
            done = True
        finally:
            self._outbox_may_have_rows = self._outbox_may_have_rows or not done
        self._published_outbox_ids += said.rows

    async def flush_outbox(self, publish: Publish) -> None:
        """Say what waits in the outbox; rows go only when the Broker has their events."""
        self._outbox_may_have_rows = True
        while await self._deliver_some(publish):
            pass
        self._outbox_may_have_rows = False

    async def _deliver_some(self, publish: Publish) -> bool:
        async with self._connection() as connection, connection.transaction():
            async with connection.pipeline():
                await connection.execute(sql.ASYNC_COMMIT)
                cursor = await connection.execute(sql.DEQUEUE_OUTBOX)
            rows = sorted(await cursor.fetchall())
            await publish([Message(headers, bytes(body)) for _, headers, body in rows])
            return len(rows) == sql.SAID_AT_ONCE

    async def forget_attempts(self) -> None:
        async with self._connection() as connection:
            await connection.execute(sql.FORGET_ATTEMPTS)

    async def attempt(self, source: str, event_id: str) -> DeliveryAttempt:
        async with self._connection() as connection:
            cursor = connection.cursor(row_factory=class_row(DeliveryAttempt))
            await cursor.execute(sql.ATTEMPT, {"source": source, "id": event_id})
            attempt = await cursor.fetchone()
        assert attempt is not None  # noqa: S101  # an upsert that returns always returns
        return attempt

    async def mark_processed(self, source: str, event_id: str) -> None:
        async with self._connection() as connection:
            told, self._published_outbox_ids = self._published_outbox_ids, []
            if not told:
                await connection.execute(sql.HANDLED, {"source": source, "id": event_id})
                return
            async with connection.pipeline(), connection.transaction():
                await connection.execute(sql.ASYNC_COMMIT)
                await connection.execute(sql.DELETE_PUBLISHED, {"told": told})
                await connection.execute(sql.HANDLED, {"source": source, "id": event_id})


class UnitOfWork:
    """One event's work; the caller's `async with` commits it."""

    def __init__(self, connection: Connection, memory: ProcessCache) -> None:
        self._connection = connection
        self.memory = memory
        self.jobs = Jobs(connection)
        self.retention = Retention(connection)

    async def insert_killmail(
        self, heard: IncomingKillmail, places: Collection[int], looked_at: Collection[int]
    ) -> ClusteringConfig | None:
        """Lock the places, keep the mail and tell the terms of grouping; none when the mail was already here.

        Those of `looked_at` are locked against those who change them, not against others who only look.
        """
        given = {**mail_row(heard), "pilots": ids(sorted(heard.mail.pilot_ids))}
        async with self._connection.pipeline():
            await self._connection.execute(sql.LOCK, _locks(places, looked_at))
            cursor = await self._connection.execute(sql.INSERT_KILLMAIL, given)
        found = await cursor.fetchone()
        assert found is not None  # noqa: S101  # the migration made the one row of terms
        *clustering_config, is_new = found
        return ClusteringConfig(*clustering_config) if is_new else None

    async def new_of(self, mails: Iterable[IncomingKillmail]) -> list[IncomingKillmail]:
        """Those that are not stored yet, each once."""
        every = {one.mail.killmail_id: one for one in mails}
        known = await self.stored_components(every)
        return [one for killmail_id, one in every.items() if killmail_id not in known]

    async def store(self, mails: Sequence[IncomingKillmail], components: Mapping[int, str | None]) -> None:
        """Keep new mails with the component of each: written once, where `arrive` and `save` would write them twice."""
        if not mails:
            return
        await battles.copy(self._connection, sql.COPY_MAILS, mail_lines(mails, components))
        await battles.copy(self._connection, sql.COPY_PILOTS, pilot_lines(mails))

    async def places_between(self, start: int, end: int) -> list[tuple[int, int]]:
        """Systems and days, counted from 1970, in which something is stored."""
        return await (await self._connection.execute(sql.PLACES_BETWEEN, {"start": start, "end": end})).fetchall()

    async def lock(self, places: Collection[int], looked_at: Collection[int]) -> ClusteringConfig:
        """Lock the places and tell the terms of grouping."""
        await self._connection.execute(sql.LOCK, _locks(places, looked_at))
        return await self.clustering_config()

    async def clustering_config(self) -> ClusteringConfig:
        cursor = self._connection.cursor(row_factory=class_row(ClusteringConfig))
        await cursor.execute(sql.CONFIGURATION)
        found = await cursor.fetchone()
        assert found is not None  # noqa: S101  # the migration made the one row
        return found

    async def edits(self, version: int) -> ActiveEdits:
        """The edits in force, read again only where they are others than this process knows."""
        if self.memory.book.version != version:
            self.memory.book = await edit_store.book(self._connection, version)
        return self.memory.book

    async def edit(self, edit_id: str) -> edit_store.KnownEdit | None:
        return await edit_store.edit(self._connection, edit_id)

    async def edit_applied(self, edit_id: str, version: int) -> None:
        await edit_store.applied(self._connection, edit_id, version)

    async def stored_components(self, killmail_ids: Iterable[int]) -> dict[int, str | None]:
        """The component that each mail is stored in."""
        cursor = await self._connection.execute(sql.SELECT_COMPONENTS, {"killmail_ids": ids(killmail_ids)})
        return {row[0]: row[1] for row in await cursor.fetchall()}

    async def ended(self, limit: int) -> list[suggestions.Ended]:
        """Battles that have ended and want suggestions."""
        return await suggestions.ended(self._connection, limit)

    async def suggest(self, battle: suggestions.Ended, found: Sequence[Suggestion]) -> None:
        await suggestions.suggest(self._connection, battle, found)

    async def shown_sides(self, battle_ids: Collection[str]) -> dict[str, StoredSideTotals]:
        """Per battle what its sides stand at: number, pilots, losses, ISK destroyed."""
        cursor = await self._connection.execute(sql.SELECT_SIDE_TOTALS, {"battle_ids": list(battle_ids)})
        found: dict[str, list[tuple[int, int, int, str]]] = {}
        for battle_id, *side in await cursor.fetchall():
            found.setdefault(battle_id, []).append((side[0], side[1], side[2], str(side[3])))
        return {battle_id: tuple(sides) for battle_id, sides in found.items()}

    async def find_neighbourhood(self, question: NeighbourhoodQuery) -> dict[int, str | None]:
        """The ids that the question names, each with the component the mail is stored in."""
        first, *others = question.trails or (NO_TRAIL,)
        single = {"single": ids(question.killmail_ids | await self._find_by_pilots(others))}
        given = _asked(question) | single | _trail(first) | {"known": ids(question.known)}
        return dict(await (await self._connection.execute(sql.AROUND, given)).fetchall())

    async def _find_by_pilots(self, trails: Sequence[PilotInterval]) -> frozenset[int]:
        """The mails of many trails in one question."""
        if not trails:
            return frozenset()
        each = [(pilot, trail.start, trail.end) for trail in trails for pilot in trail.pilots]
        pilots, starts, ends = map(ids, zip(*each, strict=True))
        given = {"pilots": pilots, "starts": starts, "ends": ends}
        return frozenset(
            row[0] for row in await (await self._connection.execute(sql.SELECT_BY_PILOTS, given)).fetchall()
        )

    async def mails(self, killmail_ids: Collection[int]) -> dict[int, StoredKillmail]:
        """Only what this process has not seen yet is read."""
        found = self.memory.mails.known(killmail_ids)
        missing = [one for one in killmail_ids if one not in found]
        if missing:
            cursor = await self._connection.execute(sql.BODIES, {"killmail_ids": ids(missing)})
            read = {
                row[0]: StoredKillmail(decode(*row[:5]), Location(row[2], *row[5:])) for row in await cursor.fetchall()
            }
            self.memory.mails.update(read)
            found |= read
        return found

    async def ids_in_use(self, battle_ids: Collection[str], ours: Sequence[str]) -> frozenset[str]:
        """Those of the ids that others have or had; what was merged into one of ours may come back."""
        if not battle_ids:
            return frozenset()
        cursor = await self._connection.execute(sql.TAKEN, {"ids": list(battle_ids), "ours": list(ours)})
        return frozenset(row[0] for row in await cursor.fetchall())

    async def place_names(self, places: Collection[Location], heard: Iterable[Name]) -> dict[tuple[str, int], str]:
        """Names of the systems and regions; those that the mail itself brings are not looked up."""
        known = {(name.entity_type, name.id): name.name for name in heard}
        if all(("system", place.system_id) in known for place in places):
            return known
        given = {"systems": [p.system_id for p in places], "regions": [p.region_id for p in places]}
        cursor = await self._connection.execute(sql.PLACE_NAMES, given)
        return {(kind, place_id): name for kind, place_id, name in await cursor.fetchall()} | known

    async def stored(self, battle_ids: Collection[str]) -> dict[str, StoredBattle]:
        cursor = self._connection.cursor(row_factory=class_row(StoredBattle))
        await cursor.execute(sql.STORED, {"battle_ids": list(battle_ids)})
        return {stored.id: stored for stored in await cursor.fetchall()}

    async def save(
        self, rows: Rows, mails: Mapping[int, Killmail], names: Iterable[Name], messages: Sequence[Message]
    ) -> SavedMessages:
        """Write everything in one go; what has not changed is not in `rows`, and names written before are left out."""
        return await battles.save(self._connection, rows, mails, self.memory.unsaved_names(names), messages)

    async def enqueue(self, messages: Sequence[Message]) -> None:
        await battles.say(self._connection, messages)


def _locks(places: Collection[int], looked_at: Collection[int]) -> dict[str, str]:
    return {"places": ids(sorted(places)), "only_looked_at": ids(looked_at)}


def _trail(trail: PilotInterval) -> dict[str, Any]:
    return {"pilots": ids(trail.pilots), "start": trail.start, "end": trail.end}


def _asked(question: NeighbourhoodQuery) -> dict[str, Any]:
    return {
        "systems": [span.system_id for span in question.spans],
        "starts": [span.start for span in question.spans],
        "ends": [span.end for span in question.spans],
        "components": sorted(question.components),
        "window_start": question.window and question.window[0],
        "window_end": question.window and question.window[1],
    }
