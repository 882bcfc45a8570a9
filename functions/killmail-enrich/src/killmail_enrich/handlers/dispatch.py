"""Passes each event to the handler of its type."""

from collections.abc import Awaitable, Callable
from typing import Any, Final

from battlescope_events.catalog import (
    BATTLE_CREATED,
    BATTLE_DELETED,
    BATTLE_UPDATED,
    BATTLES_CHANGED,
    KILLMAIL_INGESTED,
    PRICES_DAY_LOADED,
    PRICES_REQUESTED,
    RETENTION_DUE,
    REVALUATION_REQUESTED,
    TIMER,
)
from battlescope_events.messages import Event
from killmail_enrich.handlers.battle_membership import MembershipHandler
from killmail_enrich.handlers.killmail import KillmailHandler
from killmail_enrich.handlers.prices import PriceHandler
from killmail_enrich.handlers.retention import RetentionHandler
from killmail_enrich.handlers.revaluations import RevaluationHandler
from killmail_enrich.handlers.timers import TimerHandler
from killmail_enrich.handlers.valuations import ValuationHandler
from killmail_enrich.messaging.live_entries import battle_entries, many_battles_entries
from killmail_enrich.messaging.live_publisher import LivePublisher

_BATTLE_TYPES: Final = (BATTLE_CREATED, BATTLE_UPDATED, BATTLE_DELETED, BATTLES_CHANGED)
ACCEPTED_TYPES: Final = (
    KILLMAIL_INGESTED,
    *_BATTLE_TYPES,
    RETENTION_DUE,
    PRICES_REQUESTED,
    PRICES_DAY_LOADED,
    REVALUATION_REQUESTED,
    TIMER,
)


def dispatcher(
    killmails: KillmailHandler,
    memberships: MembershipHandler,
    timers: TimerHandler,
    retention: RetentionHandler,
    *,
    prices: PriceHandler,
    valuations: ValuationHandler,
    live: LivePublisher,
) -> Callable[[Event[Any]], Awaitable[None]]:
    """Handles events of `ACCEPTED_TYPES`; changes of battles are also appended to the live log."""

    async def handle_battles(event: Event[Any]) -> None:
        changes = await memberships.handle(event)
        await live.publish([*battle_entries(changes.payloads), *many_battles_entries(changes.battle_ids)])

    handlers: dict[str, Callable[[Event[Any]], Awaitable[None]]] = {
        KILLMAIL_INGESTED.name: killmails.handle,
        **{battle_type.name: handle_battles for battle_type in _BATTLE_TYPES},
        RETENTION_DUE.name: retention.handle,
        PRICES_REQUESTED.name: prices.handle,
        PRICES_DAY_LOADED.name: valuations.handle,
        REVALUATION_REQUESTED.name: RevaluationHandler(valuations).handle,
        TIMER.name: timers.handle,
    }

    async def dispatch(event: Event[Any]) -> None:
        await handlers[event.type.name](event)

    return dispatch
