"""How a busy processor is shared: a request of CPU as the weight that the kernel gives a process.

A container runtime writes the request into the weight of a control group, which a normal user cannot make. A nice level
is a weight too: each is four fifths of the one before it.
"""

import asyncio
import contextlib
import math
import os
from pathlib import Path
from typing import Final

FULL_REQUEST: Final = 250  # thousandths of a core: that of ingest-poll; stores and node have the same weight
WEIGHT_STEP: Final = 1.25  # between two nice levels (kernel/sched/core.c, sched_prio_to_weight)
MAX_NICE: Final = 19
# The kernel takes one change of a group in a tenth of a second from normal users, of all of them together.
ATTEMPTS: Final = 20
PAUSE: Final = 0.1


def nice_level(cpu_request: int) -> int:
    """The level whose weight is to that of level 0 as the request, in thousandths of a core, is to `FULL_REQUEST`."""
    level = round(math.log(FULL_REQUEST / cpu_request, WEIGHT_STEP))
    return min(max(level, 0), MAX_NICE)


async def stand_back(session: int, nice: int) -> None:
    """Set the nice level of a session's processes, counted from that of this process, where it is not 0.

    Where the kernel shares the processor between sessions first, as most desktops do, the session has a level of its
    own, and those of its processes count only among themselves.
    """
    if nice == 0:
        return
    with contextlib.suppress(ProcessLookupError):  # it has ended
        os.setpriority(os.PRIO_PGRP, session, min(os.getpriority(os.PRIO_PROCESS, 0) + nice, MAX_NICE))
    for _ in range(ATTEMPTS):
        if _set_group_level(session, nice):
            return
        await asyncio.sleep(PAUSE)


def _set_group_level(session: int, nice: int) -> bool:
    """Whether nothing is left to do: also where the process has ended, or the kernel has no such groups."""
    try:
        Path(f"/proc/{session}/autogroup").write_text(str(nice))
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True
