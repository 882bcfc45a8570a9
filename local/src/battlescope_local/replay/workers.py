"""Processes that share the work: forked, so that each has rules and static data without copying them."""

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
from battlescope_local.replay.esi_killmail import StaticData
from battlescope_local.replay.group_batch import BatchResult, worked
from battlescope_local.replay.killmail_files import FileContents, read_file

T = TypeVar("T")
WORTH_A_PROCESS: Final = 4 << 20  # bytes of files: less is done before a process has started
FORK: Final = multiprocessing.get_context("fork")


class InProcessExecutor(Executor):
    """Does the work where it is asked for."""

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        done: Future[T] = Future()
        done.set_result(fn(*args, **kwargs))
        return done


class Reader:
    """Reads files in workers, and knows how many bytes they have read."""

    def __init__(self) -> None:
        self._bytes = FORK.Value("q", 0)

    @property
    def bytes(self) -> int:
        return self._bytes.value

    def __call__(self, path: Path) -> FileContents:
        return read_file(path, self._heard)

    def _heard(self, count: int) -> None:
        with self._bytes.get_lock():
            self._bytes.value += count


class Grouper:
    """Groups batches in workers."""

    def __init__(self, rules: DetectionRules, static_data: StaticData) -> None:
        self._rules, self._static_data = rules, static_data

    def __call__(self, packed: bytes) -> BatchResult:
        return worked(packed, self._rules, self._static_data)


class WorkerPool:
    """Does one kind of work with many arguments, in `size` processes or here."""

    def __init__(self, executor: Executor, size: int, work: Callable[[Any], Any]) -> None:
        self.size = size
        self._executor = executor
        self._work = work if isinstance(executor, InProcessExecutor) else _inherited_work

    def submit(self, argument: Any) -> Future[Any]:
        return self._executor.submit(self._work, argument)


def processes_for(size: int) -> int:
    """For files of so many bytes."""
    return len(os.sched_getaffinity(0)) if size >= WORTH_A_PROCESS else 1


@contextmanager
def crew(size: int, work: Callable[[Any], Any]) -> Generator[WorkerPool]:
    """On any error what was not begun is dropped, so that Ctrl-C takes no longer than one piece of work."""
    executor = ProcessPoolExecutor(size, FORK, _inherit, (work,)) if size > 1 else InProcessExecutor()
    try:
        yield WorkerPool(executor, size, work)
    except BrokenProcessPool as error:
        raise UserError("A worker process was ended from outside; perhaps memory ran short.") from error
    finally:
        executor.shutdown(cancel_futures=True)


_work: Callable[[Any], Any] | None = None


def _inherit(work: Callable[[Any], Any]) -> None:
    """In the new process; the terminal's Ctrl-C is for the command, which ends its workers."""
    global _work  # noqa: PLW0603  # what a forked process inherits has no other place
    _work = work
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _inherited_work(argument: Any) -> Any:
    assert _work is not None  # noqa: S101  # set before any work is taken
    return _work(argument)


def finished(pending: set[Future[T]], most: int, seconds: float | None = None) -> Iterator[T]:
    """Results that are there, and as many more as leave no more than `most` pending; those are taken out."""
    while len(pending) > most:
        done, _ = wait(pending, seconds, FIRST_COMPLETED)
        pending -= done
        yield from (one.result() for one in done)
        if seconds is not None and not done:
            return


@contextmanager
def without_collector() -> Generator[None]:
    """Mails refer to no mail that refers back: the collector of cycles only looks at millions of objects in vain."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
