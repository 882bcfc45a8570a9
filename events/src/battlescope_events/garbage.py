"""When the garbage collector runs in a function."""

import gc


def begin_collecting() -> None:
    """Collect from now on, without what is there by now; after a start by `serve`, which collects nothing meanwhile."""
    if not gc.isenabled():
        gc.freeze()
        gc.enable()
