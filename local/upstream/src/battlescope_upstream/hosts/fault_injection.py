"""Faults in place of a response, drawn by the settings: bans, rate limits, slowness, failures, an HTML page."""

import asyncio
from typing import Final

from aiohttp import web

from battlescope_upstream.hosts.state import UpstreamState

_HTML: Final = "<!DOCTYPE html><html><body>One moment, please.</body></html>"


async def inject_fault(state: UpstreamState, request: web.Request) -> web.Response | None:
    """A response in place of the real one, if the fault settings draw one; may also wait."""
    faults = state.faults
    if faults.blank_agent_forbidden and not request.headers.get("User-Agent", "").strip():
        return web.Response(status=403, text="A User-Agent is required.")
    if state.is_drawn(faults.slow):
        await asyncio.sleep(faults.slow_seconds)
    if state.is_drawn(faults.forbidden):
        return web.Response(status=403, text="Forbidden")
    if state.is_drawn(faults.throttled):
        headers = {"Retry-After": f"{faults.retry_after:g}"} if faults.retry_after else None
        return web.Response(status=429, text="Too Many Requests", headers=headers)
    if state.is_drawn(faults.failing):
        return web.Response(status=503, text="Service Unavailable")
    return html_page() if state.is_drawn(faults.html) else None


def html_page() -> web.Response:
    """What a proxy returns in place of a file."""
    return web.Response(text=_HTML, content_type="text/html")
