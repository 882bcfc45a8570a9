"""Tells that the process was asked to end. The server then waits for its open responses, which streams end at once."""

import signal
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from types import FrameType
from typing import Any


@contextmanager
def shutdown_signal() -> Generator[Callable[[], bool]]:
    """Whether SIGTERM or SIGINT was received during the `with` block; the handlers of the server still run."""
    received = threading.Event()
    if threading.current_thread() is not threading.main_thread():  # Python sets handlers in the main thread only
        yield received.is_set
        return
    previous: dict[int, Any] = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}

    def receive(number: int, frame: FrameType | None) -> None:
        received.set()
        handler = previous[number]
        if callable(handler):
            handler(number, frame)
        else:
            signal.signal(number, handler)
            signal.raise_signal(number)

    for number in previous:
        signal.signal(number, receive)
    try:
        yield received.is_set
    finally:
        for number, handler in previous.items():
            if signal.getsignal(number) is receive:
                signal.signal(number, handler)
