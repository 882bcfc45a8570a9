"""When the garbage collector runs in a function."""

import gc


def begin_collecting() -> None:
    """Collect from now on, without what is there by now.

    A function that `python -m battlescope_events.server` started collects nothing until it is ready.
    """
    if not gc.isenabled():
        gc.freeze()
        gc.enable()
