"""The simulated upstreams inside a test's own process, on a free port."""

import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any

from battlescope_upstream.hosts.composition import build_state
from battlescope_upstream.hosts.options import options_from
from battlescope_upstream.hosts.server import serving


@asynccontextmanager
async def running_upstream(*, clock: Callable[[], float] = time.time, **options: Any) -> AsyncGenerator[str]:
    """Serve with these options and fault settings: `running_upstream(evening=7, mails=60, speed="max")`.

    Yields:
        The base URL.
    """
    async with serving(build_state(options_from(options), clock), changeable=True) as port:
        yield f"http://127.0.0.1:{port}"
