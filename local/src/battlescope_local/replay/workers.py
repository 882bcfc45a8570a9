"""Worker processes, forked so that each shares rules and static data without a copy."""

import gc
import multiprocessing
import os
import signal
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, TypeVar

from battle_cluster.detection.rules import DetectionRules
from battlescope_local.errors import UserError
from battlescope_local.replay.esi_killmail import StaticData, ValueOf, no_prices
from battlescope_local.replay.group_batch import BatchResult, group_batch
from battlescope_local.replay.killmail_files import FileContents, read_file

T = TypeVar("T")
MIN_BYTES_FOR_PROCESSES: Final = 4 << 20  # bytes of files; fewer are processed before a process has started
FORK_CONTEXT: Final = multiprocessing.get_context("fork")


class InProcessExecutor(Executor):
    """Runs tasks in this process."""

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        done: Future[T] = Future()
        done.set_result(fn(*args, **kwargs))
        return done


class FileReader:
    """Reads files in workers, and counts the bytes that they have read."""

    def __init__(self, value_of: ValueOf = no_prices) -> None:
        self._value_of = value_of
        self._bytes_read = FORK_CONTEXT.Value("q", 0)

    @property
    def bytes_read(self) -> int:
        return self._bytes_read.value

    def __call__(self, path: Path) -> FileContents:
        return read_file(path, self._add_bytes, self._value_of)

    def _add_bytes(self, count: int) -> None:
        with self._bytes_read.get_lock():
            self._bytes_read.value += count


class BatchGrouper:
    """Clusters batches in workers."""

    def __init__(self, rules: DetectionRules, static_data: StaticData) -> None:
        self._rules, self._static_data = rules, static_data

    def __call__(self, packed: bytes) -> BatchResult:
        return group_batch(packed, self._rules, self._static_data)


class WorkerPool:
    """Runs one task with many arguments, in `size` processes or in this one."""

    def __init__(self, executor: Executor, size: int, task: Callable[[Any], Any]) -> None:
        self.size = size
        self._executor = executor
        self._task = task if isinstance(executor, InProcessExecutor) else _run_task

    def submit(self, argument: Any) -> Future[Any]:
        return self._executor.submit(self._task, argument)


def processes_for(size: int) -> int:
    """Number of processes for files of `size` bytes in total."""
    return len(os.sched_getaffinity(0)) if size >= MIN_BYTES_FOR_PROCESSES else 1


@contextmanager
def worker_pool(size: int, task: Callable[[Any], Any]) -> Generator[WorkerPool]:
    """Start workers for `task`; an error drops tasks that have not started, so that Ctrl-C waits for one at most."""
    executor = ProcessPoolExecutor(size, FORK_CONTEXT, _initialise_worker, (task,)) if size > 1 else InProcessExecutor()
    try:
        yield WorkerPool(executor, size, task)
    except BrokenProcessPool as error:
        raise UserError("Another process killed a worker; the machine may be out of memory.") from error
    finally:
        executor.shutdown(cancel_futures=True)


_task: Callable[[Any], Any] | None = None


def _initialise_worker(task: Callable[[Any], Any]) -> None:
    """Prepare a worker; it ignores Ctrl-C, because the command receives it and stops its workers."""
    global _task  # noqa: PLW0603  # a forked process inherits only globals
    _task = task
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _run_task(argument: Any) -> Any:
    assert _task is not None  # noqa: S101  # _initialise_worker has set it
    return _task(argument)


def completed_results(pending: set[Future[T]], max_pending: int, seconds: float | None = None) -> Iterator[T]:
    """Yield results and remove them from `pending`, until at most `max_pending` are left.

    With `seconds`, stop earlier if none completes in this time.
    """
    while len(pending) > max_pending:
        done, _ = wait(pending, seconds, FIRST_COMPLETED)
        pending -= done
        yield from (future.result() for future in done)
        if seconds is not None and not done:
            return


@contextmanager
def garbage_collection_paused() -> Generator[None]:
    """Killmails contain no reference cycles, so that the collector would scan millions of objects for nothing."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
