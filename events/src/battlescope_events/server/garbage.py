"""When the garbage collector runs in a function."""

import gc
from typing import Final

BATCH_THRESHOLDS: Final = (100_000, 20, 50)
"""Of the three generations. A batch of killmails is some 100,000 live objects without cycles, and Python's default of
700 looks through them again and again: a sixth of the CPU of search-index."""


def collect_seldom() -> None:
    """Collect as it suits a function that processes batches; a function that suits other thresholds sets its own."""
    gc.set_threshold(*BATCH_THRESHOLDS)


def begin_collecting() -> None:
    """Collect from now on, without what is there by now.

    A function that `python -m battlescope_events.server` started collects nothing until it is ready.
    """
    if not gc.isenabled():
        gc.freeze()
        gc.enable()
