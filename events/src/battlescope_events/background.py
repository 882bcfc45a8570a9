"""Tasks beside the requests of a process. Nobody awaits their result, so their errors are logged when they end."""

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

_log = logging.getLogger(__name__)


def start_in_background(coroutine: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
    """Run a coroutine as a task whose error is logged under `name`. The caller keeps the task, or it may vanish."""
    task = asyncio.create_task(coroutine, name=name)
    task.add_done_callback(log_failure)
    return task


def log_failure(task: asyncio.Task[Any]) -> None:
    """A callback for the end of a task: logs the error that ended it, with its stack."""
    if not task.cancelled() and (error := task.exception()) is not None:
        _log.error("Background task %s failed: %r", task.get_name(), error, exc_info=error)
