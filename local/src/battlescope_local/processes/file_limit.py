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
