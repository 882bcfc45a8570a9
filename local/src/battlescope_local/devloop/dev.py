"""`battlescope dev`: a node on the simulated feed in the foreground, with replaced functions and one log view."""

import asyncio
import logging
from collections.abc import Coroutine, Generator
from contextlib import contextmanager
from logging.handlers import WatchedFileHandler
from pathlib import Path
from typing import Any, Final

from rich.console import Console

from battlescope_local.devloop.file_watcher import changes
from battlescope_local.devloop.log_entries import Threshold
from battlescope_local.devloop.log_follower import Follower
from battlescope_local.devloop.log_view import LogView
from battlescope_local.devloop.reloader import Reloader
from battlescope_local.devloop.simulated_feed import keep_feed_position
from battlescope_local.node.composition import Node, node
from battlescope_local.settings import ExternalServers, Settings, make_private
from battlescope_local.terminal import progress

LOOK: Final = 0.2  # seconds between looks at the logs
FORMAT: Final = "%(asctime)s %(levelname)s %(name)s: %(message)s"


async def dev(settings: Settings, given: ExternalServers, console: Console, threshold: Threshold) -> None:
    """Until Ctrl-C or `battlescope stop`; nothing of it runs any more afterwards."""
    log_to_file(settings.folder)
    follower = Follower(settings.folder)
    shown = progress(console)

    def report(phase: str, seconds: float) -> None:
        """The view begins with the functions: a Job or a store that fails ends the start with its own sentence."""
        shown(phase, seconds)
        if phase == "jobs":
            follower.skip()

    with _at_the_end(console, "BattleScope is down; nothing of it runs any more."):
        async with node(settings, given, report) as running:
            _introduce(running, settings, console)
            with _at_the_end(console, "Stopping ..."):
                await _work(running, settings, LogView(follower, console, threshold))


async def _work(running: Node, settings: Settings, view: LogView) -> None:
    project = Path(settings.project)
    reloader = Reloader(project, running.services)
    await _first_ended(
        running.stop.wait(), _show(view), _reload(reloader, project), keep_feed_position(settings.folder)
    )


@contextmanager
def _at_the_end(console: Console, sentence: str) -> Generator[None]:
    """Print it after work that ended or was cancelled, and not after work that failed."""
    try:
        yield
    except asyncio.CancelledError:
        console.print(sentence, highlight=False)
        raise
    console.print(sentence, highlight=False)


def log_to_file(folder: Path) -> None:
    """The node's own log, in the file in which a node in the background writes it too."""
    make_private(folder)
    handler = WatchedFileHandler(folder / "node.log")
    handler.setFormatter(logging.Formatter(FORMAT))
    logging.root.handlers[:] = [handler]
    logging.root.setLevel(logging.INFO)


def _introduce(running: Node, settings: Settings, console: Console) -> None:
    console.print(f"BattleScope is at [bold]{running.gateway}[/]; Ctrl-C ends it.", highlight=False)
    console.print("A function is replaced when its code changes.", highlight=False)
    console.print(f"[dim]Data: {settings.folder}[/]", highlight=False, soft_wrap=True)


async def _show(view: LogView) -> None:
    while True:
        view.print_fresh()
        await asyncio.sleep(LOOK)


async def _reload(reloader: Reloader, project: Path) -> None:
    async for changed in changes(project):
        reloader.apply(changed)


async def _first_ended(*work: Coroutine[Any, Any, object]) -> None:
    """Until one of them ends; raises what that one raised."""
    tasks = [asyncio.ensure_future(one) for one in work]
    try:
        ended, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in ended:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
