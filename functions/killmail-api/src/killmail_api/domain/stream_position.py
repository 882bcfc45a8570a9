"""Where a client is in the stream: the id of each event, which the client sends back as `Last-Event-ID`."""

import re
from typing import Final, NamedTuple

_FORM: Final = re.compile(r"([0-9]{1,15})-([0-9]{1,10})(?:\.([0-9]{1,9}))?")
_END_OF_TIME: Final = 253_402_300_800_000  # milliseconds until the year 10,000, which no time of Python can state


class StreamPosition(NamedTuple):
    """milliseconds, number: the id of the last entry of the live log. offset: events after it that the log lacks."""

    milliseconds: int
    number: int
    offset: int = 0

    def __str__(self) -> str:
        entry = f"{self.milliseconds}-{self.number}"
        return f"{entry}.{self.offset}" if self.offset else entry


def read_position(text: str | None) -> StreamPosition | None:
    """The position that a client sent; None for anything else, with which the stream starts with a snapshot."""
    match = _FORM.fullmatch(text or "")
    if match is None or int(match[1]) >= _END_OF_TIME:
        return None
    return StreamPosition(int(match[1]), int(match[2]), int(match[3] or 0))
