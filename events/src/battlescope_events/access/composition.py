"""Opens the guard of an HTTP function as its settings say."""

import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Final
from uuid import uuid4

from battlescope_events.access.account_changes import subscription
from battlescope_events.access.denials import DenialRecorder
from battlescope_events.access.owner_guard import OwnerGuard
from battlescope_events.access.rate_limits import RateLimiter
from battlescope_events.access.session_guard import SessionGuard
from battlescope_events.access.sessions import Sessions
from battlescope_events.access.settings import AccessSettings
from battlescope_events.access.stream_slots import StreamSlots
from battlescope_events.edge.modes import AccessMode
from battlescope_events.edge.origins import origin_policy
from battlescope_events.http_api.guard import Guard
from battlescope_events.publisher import Publish
from battlescope_events.valkey.connection import open_valkey

TIMEOUT_SECONDS: Final = 1.0  # nobody can do anything without sessions, so that a slow answer is better than none


@asynccontextmanager
async def open_guard(
    settings: AccessSettings, now: Callable[[], datetime], publish: Publish, source: str
) -> AsyncGenerator[Guard]:
    """The guard of the access mode, until the end of the `async with` block.

    `publish` takes the records of denials; `source` is the function that publishes them.
    """
    origins = origin_policy(settings.public_origins.split(), settings.cors_origins.split())
    if settings.access_mode is AccessMode.OFF:
        yield OwnerGuard(settings.owner_token, origins)
        return
    async with open_valkey(
        settings.redis_url, time.monotonic, retry_seconds=0.0, timeout_seconds=TIMEOUT_SECONDS
    ) as valkey:
        sessions = Sessions(valkey, now, time.monotonic)
        limits, streams = RateLimiter(valkey, time.monotonic), StreamSlots(valkey, uuid4)
        recorder = DenialRecorder(publish, source, now=now, monotonic=time.monotonic, new_id=uuid4)
        async with subscription(settings.redis_url.get_secret_value(), sessions), recorder.running() as denials:
            yield SessionGuard(sessions, limits, streams, origins, denials, now=now, trusted_hops=settings.trusted_hops)
