"""Limit of open files of this process and of those that it starts."""

import resource
from typing import Final

# More than the connections and files of a node; some programs reserve memory for every possible descriptor.
WANTED_FILES: Final = 16_384


def raise_file_limit() -> int:
    """Raise the soft limit towards the hard one, and return it: shells set 1,024, which 1,000 connections use up."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = WANTED_FILES if hard == resource.RLIM_INFINITY else min(WANTED_FILES, hard)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return soft
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return wanted


def connection_cap(wanted: int) -> int:
    """How many connections one of two listeners may hold: `wanted`, or fewer where this process may open few files.

    Each connection may need a second one to an instance, so an eighth for each listener leaves half to everything else.
    """
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return wanted if soft == resource.RLIM_INFINITY else min(wanted, soft // 8)
