"""What the timers wake this function for."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from battlescope_events.errors import PermanentError
from battlescope_events.messages import Event
from killmail_enrich.handlers.killmail import translate_errors


@dataclass(frozen=True, slots=True)
class TimerHandler:
    """`refresh` blocks, so it runs beside the event loop."""

    resolve_wanted: Callable[[], Awaitable[None]]
    forget_old_events: Callable[[], Awaitable[None]]
    refresh: Callable[[], object]

    async def hear(self, event: Event[Any]) -> None:
        async with translate_errors():
            match event.extensions.get("task"):
                case "names":
                    await self.resolve_wanted()
                case "static-data":
                    await self.forget_old_events()
                    await asyncio.to_thread(self.refresh)
                case task:
                    raise PermanentError(f"This function has no timer task named {task}.")
