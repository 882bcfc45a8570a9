"""Runs the tasks of the timer events (PingSources); the extension `task` of an event names its task."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from battlescope_events.errors import PermanentError
from battlescope_events.messages import Event


@dataclass(frozen=True, slots=True)
class TimerHandler:
    resolve_pending_names: Callable[[], Awaitable[None]]
    delete_old_attempts: Callable[[], Awaitable[None]]
    refresh_static_data: Callable[[], Awaitable[object]]
    complete_waiting_killmails: Callable[[], Awaitable[None]]
    value_waiting_killmails: Callable[[], Awaitable[None]]
    request_due_prices: Callable[[], Awaitable[None]]
    append_kept_live_entries: Callable[[], Awaitable[None]]
    fetch_due_tickers: Callable[[], Awaitable[None]]

    async def handle(self, event: Event[Any]) -> None:
        match event.extensions.get("task"):
            case "names":
                await self.complete_waiting_killmails()  # also after an import by the Job
                await self.value_waiting_killmails()
                await self.resolve_pending_names()
                await self.append_kept_live_entries()
            case "static-data":
                await self.delete_old_attempts()
                await self.refresh_static_data()
                await self.complete_waiting_killmails()
            case "prices":
                await self.request_due_prices()
            case "tickers":
                await self.fetch_due_tickers()
            case task:
                raise PermanentError(f"This function has no timer task named {task}.")
