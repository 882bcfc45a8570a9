"""A cooldown in two places: durable in the own database, and shared with the functions of other contexts."""

import asyncio
from dataclasses import dataclass

from battlescope_events.upstream.cooldown import Cooldowns, CooldownState, later


@dataclass(frozen=True, slots=True)
class CombinedCooldowns:
    """`own` outlives restarts, `shared` holds for all contexts. The later cooldown of both counts."""

    own: Cooldowns
    shared: Cooldowns

    async def load(self, upstream: str) -> CooldownState:
        own, shared = await asyncio.gather(self.own.load(upstream), self.shared.load(upstream))
        state = later(own, shared)
        if state.quiet_until != own.quiet_until:  # recorded by another context; the own database remembers it from here
            await self.own.save(upstream, state, "Recorded by a function of another context.")
        return state

    async def save(self, upstream: str, state: CooldownState, reason: str) -> None:
        await asyncio.gather(self.shared.save(upstream, state, reason), self.own.save(upstream, state, reason))

    async def clear(self, upstream: str, ended: CooldownState) -> None:
        await asyncio.gather(self.shared.clear(upstream, ended), self.own.clear(upstream, ended))
