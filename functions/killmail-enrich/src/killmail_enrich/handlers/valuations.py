"""Values stored killmails: those that waited for the prices of their day, and all of some days again."""

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256
from typing import Final, NamedTuple

from battlescope_events.errors import PermanentError
from battlescope_events.messages import Event
from battlescope_events.postgres.outbox import Outbox
from battlescope_events.publisher import Publish
from battlescope_schemas.archive import BatchWriter
from battlescope_schemas.killmail import ArchivedKillmail, ZkbValues
from battlescope_schemas.prices import PricesDayLoaded
from battlescope_schemas.reference import KillmailChunk
from killmail_enrich.enrichment.enrichment import encode, zkb_values
from killmail_enrich.enrichment.locations import Location
from killmail_enrich.enrichment.stored_killmail import StoredKillmail, ValuedKillmail, with_value
from killmail_enrich.events import batch_enriched
from killmail_enrich.handlers.killmail import read_archived_killmail
from killmail_enrich.handlers.valuer import Valuer
from killmail_enrich.persistence.archive import Archive
from killmail_enrich.persistence.valuations import ValuationRepository, ValuationTransaction
from killmail_enrich.prices.price_vector import VALUATION_RULES
from killmail_enrich.static_data.repository import StaticData
from killmail_enrich.valuation.killmail_value import Valuation, Valuations

_log: Final = logging.getLogger(__name__)
PART_SIZE: Final = 500  # killmails: their bodies take some megabytes, and one transaction some tenths of a second
MAX_DAYS: Final = 400  # in one run of the timer
_RUN_SECONDS: Final = 20.0  # the run ends before the timer event times out; the next one continues


class PartOutcome(NamedTuple):
    """What became of some killmails of a day. last_id: the largest id among them; None where there were none."""

    last_id: int | None
    read: int = 0
    changed: int = 0
    without_prices: int = 0


RecordPart = Callable[[ValuationTransaction, PartOutcome], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class ValuationHandler:
    """Both ways store the values and enqueue the events about them in one transaction, up to `PART_SIZE` at a time."""

    archive: Archive
    static_data: StaticData
    repository: ValuationRepository
    valuer: Valuer
    outbox: Outbox
    publish: Publish
    now: Callable[[], datetime]

    async def handle(self, event: Event[PricesDayLoaded]) -> None:
        """Value the killmails of a day whose prices are loaded by now; the timer continues with a large one."""
        await self.value_day(event.data.date)
        await self.outbox.flush(self.publish)

    async def value_waiting(self) -> None:
        """Value the killmails whose days have prices by now, newest days first, for a limited time.

        The prices of the other days are requested, in case that a process ended before it did that.
        """
        started_at = self.now()
        without_prices: list[date] = []
        for day in await self.repository.days_without_values(MAX_DAYS):
            if not await self.valuer.has_prices(day):
                without_prices.append(day)
                continue
            await self.value_day(day)
            if (self.now() - started_at).total_seconds() > _RUN_SECONDS:
                break
        if without_prices:
            await self.valuer.want(without_prices)
        await self.outbox.flush(self.publish)

    async def ready(self) -> dict[str, int]:
        """What a readiness answer shows of values."""
        return {"killmailsWithoutPrices": await self.repository.count_without_values()}

    async def value_day(self, day: date) -> None:
        """Value the killmails of a day that wait, for a limited time; nothing happens while the day has no prices."""
        after, started_at = 0, self.now()
        while (self.now() - started_at).total_seconds() < _RUN_SECONDS:
            outcome = await self.value_part(day, after, only_missing=True)
            if outcome.last_id is None or outcome.without_prices:
                return
            after = outcome.last_id

    async def value_part(
        self, day: date, after: int, *, only_missing: bool, record: RecordPart | None = None
    ) -> PartOutcome:
        """Value up to `PART_SIZE` killmails of a day with larger ids than `after`.

        record: is called in the transaction that stores the values, unless there are no killmails.
        """
        stored = await self.repository.of_day(day, after, PART_SIZE, only_missing=only_missing)
        if not stored:
            return PartOutcome(None)
        bodies = await self._bodies(stored)
        valuations = await self.valuer.values(list(bodies.values()))
        locations, _ = await self.static_data.look_up({row.system_id for row in stored}, ())
        valued = [
            valued
            for row in stored
            if (valued := _valued(row, bodies.get(row.killmail_id), valuations, locations)) is not None
        ]
        async with self.repository.transaction() as transaction:
            changed = await self._save(transaction, valued, day) if valued else 0
            outcome = PartOutcome(stored[-1].killmail_id, len(stored), changed, len(stored) - len(valued))
            if record is not None:
                await record(transaction, outcome)
        return outcome

    async def _bodies(self, stored: Sequence[StoredKillmail]) -> dict[int, ArchivedKillmail]:
        """The archived killmails by id; one that cannot be read is logged and left out."""
        bodies: dict[int, ArchivedKillmail] = {}
        contents = await self.archive.killmails([row.archive_key for row in stored])
        for row, content in zip(stored, contents, strict=True):
            try:
                bodies[row.killmail_id] = read_archived_killmail(row.killmail_id, row.archive_key, content)
            except PermanentError as error:
                _log.warning("Killmail %d cannot be valued: %s", row.killmail_id, error)
        return bodies

    async def _save(self, transaction: ValuationTransaction, valued: Sequence[ValuedKillmail], day: date) -> int:
        """Store the values with an event about those that changed; returns their number."""
        changed_ids = await transaction.update(valued)
        writer = BatchWriter()
        writer.add([encode(entry.line) for entry in valued if entry.stored.killmail_id in changed_ids])
        if writer.count:
            content = writer.finish()
            key = f"chunks/enriched/valued/{day}/{sha256(content).hexdigest()[:32]}.jsonl.gz"
            await self.archive.put_once(key, content)
            claim_check = KillmailChunk(chunk_key=key, count=writer.count, date=day)
            await transaction.enqueue([batch_enriched(claim_check, key, self.now())])
        return len(changed_ids)


def _valued(
    row: StoredKillmail, body: ArchivedKillmail | None, valuations: Valuations, locations: Mapping[int, Location]
) -> ValuedKillmail | None:
    """None where the day has no prices. A killmail without a readable body keeps the total that its row has."""
    if body is None:
        zkb, valuation = ZkbValues(row.zkb_total_value), Valuation(None, VALUATION_RULES)
    else:
        zkb, valuation = zkb_values(body, row.zkb_total_value), valuations.get(row.killmail_id)
    if valuation is None:
        return None
    return with_value(row, zkb, valuation, locations.get(row.system_id))
