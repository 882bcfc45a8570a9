"""What stands in the way of an answer when the dials draw it: bans, limits, slowness, failures, a page of HTML."""

import asyncio
from typing import Final

from aiohttp import web

from battlescope_upstream.hosts.state import SimulatedWorld

_HTML: Final = "<!DOCTYPE html><html><body>One moment, please.</body></html>"


async def fault(world: SimulatedWorld, request: web.Request) -> web.Response | None:
    """An answer in place of the real one, if the dials draw one."""
    dials = world.dials
    if dials.blank_agent_forbidden and not request.headers.get("User-Agent", "").strip():
        return web.Response(status=403, text="A User-Agent is required.")
    if world.drawn(dials.slow):
        await asyncio.sleep(dials.slow_seconds)
    if world.drawn(dials.forbidden):
        return web.Response(status=403, text="Forbidden")
    if world.drawn(dials.throttled):
        after = {"Retry-After": f"{dials.retry_after:g}"} if dials.retry_after else None
        return web.Response(status=429, text="Too Many Requests", headers=after)
    if world.drawn(dials.failing):
        return web.Response(status=503, text="Service Unavailable")
    return web.Response(text=_HTML, content_type="text/html") if world.drawn(dials.html) else None
