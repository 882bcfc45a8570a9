"""Asks ESI for tickers, one after the other, and publishes each in `entity.updated`."""

from asyncio import Task
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from battlescope_events.background import end_tasks, start_in_background
from battlescope_events.messages import Message
from battlescope_events.postgres.outbox import Outbox
from battlescope_events.publisher import Publish
from battlescope_schemas.entity import EntityUpdated
from killmail_enrich.events import ticker_updated
from killmail_enrich.names.ticker_client import TickerClient
from killmail_enrich.names.ticker_repository import TickerRepository
from killmail_enrich.names.tickers import Organisation, TickerAnswer

_RUN_SECONDS: Final = 40.0  # the last batch still ends before the timer event times out; the next run continues
_DUE: Final = 100  # more than a run asks for: whom to ask is computed from the newest 1,000 killmails, once a run
_BATCH: Final = 10  # what is stored and published together


@dataclass(slots=True)
class TickerService:
    client: TickerClient
    repository: TickerRepository
    outbox: Outbox
    publish: Publish
    now: Callable[[], float]
    _run: Task[None] | None = field(default=None, init=False)

    def begin(self) -> None:
        """Ask for what is due beside the events, unless this process does so already."""
        if self._run is None or self._run.done():
            self._run = start_in_background(self.fetch_due(), "tickers")

    async def fetch_due(self) -> None:
        """Ask for tickers until none is due, ESI does not answer or the time is up. Only one process does so."""
        async with self.repository.single_flight() as is_only_run:
            ends_at = self.now() + _RUN_SECONDS
            while is_only_run and await self._fetch_most_active(ends_at):
                pass

    async def _fetch_most_active(self, ends_at: float) -> bool:
        """Whether more may be asked for at once."""
        due = await self.repository.due(self.now(), _DUE)
        for start in range(0, len(due), _BATCH):
            batch = due[start : start + _BATCH]
            if self.now() >= ends_at or not await self._fetch_batch(batch):
                return False
        return len(due) > 0

    async def _fetch_batch(self, organisations: Sequence[Organisation]) -> bool:
        """Whether ESI answered for all of them."""
        answers = await self._ask(organisations)
        if answers:
            await self.repository.save(answers, list(_updates(answers)))
            await self.outbox.flush(self.publish)
        return len(answers) == len(organisations)

    async def _ask(self, organisations: Sequence[Organisation]) -> list[TickerAnswer]:
        """The answers up to the first organisation for which ESI could not be asked."""
        answers: list[TickerAnswer] = []
        for organisation in organisations:
            answer = await self.client.fetch(organisation)
            if answer is None:
                break
            answers.append(answer)
        return answers

    async def ready(self) -> dict[str, int]:
        """What a readiness answer shows of tickers."""
        return {"pendingTickers": await self.repository.pending_count()}

    async def close(self) -> None:
        """End the run of this process; what it has stored is published by the next timer event."""
        if self._run is not None:
            await end_tasks(self._run)


def _updates(answers: Iterable[TickerAnswer]) -> Iterator[Message]:
    """An event for each ticker, also for one that is unchanged: a consumer that was empty has it a week later."""
    for answer in answers:
        if answer.ticker is not None:
            yield ticker_updated(
                EntityUpdated(
                    entity_type=answer.organisation.entity_type,
                    entity_id=answer.organisation.entity_id,
                    entity_name=answer.organisation.entity_name,
                    ticker=answer.ticker,
                    updated_at=datetime.fromtimestamp(answer.fetched_at, UTC),
                )
            )
