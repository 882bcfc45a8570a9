"""For tests of others: the outside world in this process, on a free port."""

import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any

from battlescope_upstream.fault_settings import DIALS, FaultSettings
from battlescope_upstream.hosts.server import Options, make_world, serving


def options_from(values: dict[str, Any]) -> Options:
    """Options and dials from one flat set of names, as the command line has them."""
    dials = FaultSettings().turned({name: value for name, value in values.items() if name in DIALS})
    return Options(**{name: value for name, value in values.items() if name not in DIALS}, dials=dials)


@asynccontextmanager
async def running_upstream(*, clock: Callable[[], float] = time.time, **options: Any) -> AsyncGenerator[str]:
    """Base URL of a world with these options and dials: `running_upstream(evening=7, mails=60, speed="max")`."""
    async with serving(make_world(options_from(options), clock)) as port:
        yield f"http://127.0.0.1:{port}"
