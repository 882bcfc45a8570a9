"""`battlescope dev`: a node on the simulated feed in the foreground, with reloaded functions and one log view."""

import asyncio
import logging
from collections.abc import Coroutine, Generator
from contextlib import contextmanager
from logging.handlers import WatchedFileHandler
from pathlib import Path
from typing import Any, Final

from rich.console import Console

from battlescope_local.devloop.file_watcher import watch_changes
from battlescope_local.devloop.log_entries import LevelThreshold
from battlescope_local.devloop.log_follower import LogFollower
from battlescope_local.devloop.log_view import LogView
from battlescope_local.devloop.reloader import Reloader
from battlescope_local.devloop.simulated_feed import record_feed_position
from battlescope_local.manifests.labels import function_of
from battlescope_local.node.composition import Node, start_node
from battlescope_local.settings import ExternalServers, Settings, make_private
from battlescope_local.terminal import PhasePrinter

POLL_INTERVAL: Final = 0.2  # seconds between reads of the logs
LOG_FORMAT: Final = "%(asctime)s %(levelname)s %(name)s: %(message)s"


async def run_dev(settings: Settings, external: ExternalServers, console: Console, threshold: LevelThreshold) -> None:
    """Run until Ctrl-C or `battlescope stop`; afterwards no process of the system runs."""
    log_to_file(settings.folder)
    follower = LogFollower(settings.folder)
    print_phase = PhasePrinter(console)

    def report(phase: str, seconds: float) -> None:
        """The view starts after the Jobs: a failed Job or store ends the start with an error of its own."""
        print_phase(phase, seconds)
        if phase == "jobs":
            follower.skip_existing()

    with _print_at_end(console, "BattleScope has stopped."):
        async with start_node(settings, external, report) as node:
            _print_introduction(node, settings, console)
            with _print_at_end(console, "Stopping ..."):
                await _run_until_stopped(node, settings, LogView(follower, console, threshold))


async def _run_until_stopped(node: Node, settings: Settings, view: LogView) -> None:
    project = Path(settings.project)
    revisions = [(function_of(revision.service), revision) for revision in node.services.values()]
    functions = {name for name, _ in revisions}
    reloader = Reloader(project, {name: [found for owner, found in revisions if owner == name] for name in functions})
    await _wait_for_first(
        node.stop_requested.wait(), _show_logs(view), _reload(reloader, project), record_feed_position(settings.folder)
    )


@contextmanager
def _print_at_end(console: Console, message: str) -> Generator[None]:
    """Print `message` when the block ends or is cancelled, and not when it fails."""
    try:
        yield
    except asyncio.CancelledError:
        console.print(message, highlight=False)
        raise
    console.print(message, highlight=False)


def log_to_file(folder: Path) -> None:
    """Write the node's log to the file that a background node uses too."""
    make_private(folder)
    handler = WatchedFileHandler(folder / "node.log")
    handler.setFormatter(logging.Formatter(LOG_FORMAT))
    logging.root.handlers[:] = [handler]
    logging.root.setLevel(logging.INFO)


def _print_introduction(node: Node, settings: Settings, console: Console) -> None:
    console.print(f"BattleScope is at [bold]{node.gateway_url}[/]; Ctrl-C stops it.", highlight=False)
    console.print("BattleScope replaces a function when its code changes.", highlight=False)
    console.print(f"[dim]Data: {settings.folder}[/]", highlight=False, soft_wrap=True)


async def _show_logs(view: LogView) -> None:
    while True:
        view.print_new()
        await asyncio.sleep(POLL_INTERVAL)


async def _reload(reloader: Reloader, project: Path) -> None:
    async for changed in watch_changes(project):
        reloader.apply(changed)


async def _wait_for_first(*coroutines: Coroutine[Any, Any, object]) -> None:
    """Wait until one coroutine ends, then cancel the others; raises the error of the one that ended."""
    tasks = [asyncio.ensure_future(coroutine) for coroutine in coroutines]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
