"""For tests of others: the outside world in this process, on a free port."""

import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any

from battlescope_upstream.hosts.composition import make_world
from battlescope_upstream.hosts.options import options_from
from battlescope_upstream.hosts.server import serving


@asynccontextmanager
async def running_upstream(*, clock: Callable[[], float] = time.time, **options: Any) -> AsyncGenerator[str]:
    """Base URL of a world with these options and dials: `running_upstream(evening=7, mails=60, speed="max")`."""
    async with serving(make_world(options_from(options), clock)) as port:
        yield f"http://127.0.0.1:{port}"
