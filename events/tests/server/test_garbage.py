"""A running event function collects garbage seldom, or as it says itself."""

import subprocess
import sys

from battlescope_events.server.garbage import BATCH_THRESHOLDS

CODE = """
import asyncio, gc
from contextlib import asynccontextmanager
from battlescope_events.consumer import Function, event_app

@asynccontextmanager
async def build():
    {own}
    yield Function(lambda event: None)

async def run():
    app = event_app(build, accepts=[])
    async with app.router.lifespan_context(app):
        print(gc.isenabled(), *gc.get_threshold())

gc.disable()  # as the server does before it imports the function
asyncio.run(run())
"""


def running_thresholds(own: str = "") -> str:
    command = [sys.executable, "-c", CODE.format(own=own)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()[-1]


def test_event_function_collects_as_batches_need_it() -> None:
    assert running_thresholds() == " ".join(["True", *map(str, BATCH_THRESHOLDS)])


def test_function_that_sets_its_own_thresholds_keeps_them() -> None:
    assert running_thresholds("gc.set_threshold(4_000, 5, 6)") == "True 4000 5 6"
