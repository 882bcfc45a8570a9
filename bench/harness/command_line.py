"""The command line of benchmarks: values are checked before anything starts, and nothing is left behind at the end."""

import argparse
import math
import signal
import sys
from collections.abc import Callable, Collection, Generator
from contextlib import contextmanager
from threading import Event
from typing import NoReturn, Protocol

INTERRUPTED = 130
TERMINATED = 143
SHORTEST = 0.1  # minutes


def run(main: Callable[[], None]) -> None:
    """Ctrl-C and SIGTERM end `main` through its context managers, which stop the system and remove its folder."""
    signal.signal(signal.SIGTERM, _terminate)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job ignores it otherwise
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


def _terminate(*_: object) -> NoReturn:
    sys.exit(TERMINATED)


class StoppableThread(Protocol):
    stop_requested: Event

    def start(self) -> None: ...
    def join(self) -> None: ...


@contextmanager
def running(*threads: StoppableThread) -> Generator[None]:
    """Run the threads until exit, so that none asks a system that is stopped."""
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        for thread in threads:
            thread.stop_requested.set()
        for thread in threads:
            thread.join()


def minutes(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not SHORTEST <= number < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is no duration: use minutes like 1.5, at least {SHORTEST}")
    return number


def setting(text: str) -> tuple[str, str]:
    name, separator, value = text.partition("=")
    if not name or not separator:
        raise argparse.ArgumentTypeError(f"{text!r} is no setting: use NAME=VALUE")
    return name, value


def one_of(names: Collection[str]) -> Callable[[str], str]:
    """A type for positional arguments of which there may be none, where argparse's choices refuse the default."""

    def check(text: str) -> str:
        if text not in names:
            raise argparse.ArgumentTypeError(f"{text!r} is none of {', '.join(names)}")
        return text

    return check
