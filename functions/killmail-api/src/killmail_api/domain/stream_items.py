"""What a stream sends: each item once rendered for all clients, and the text of its events."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from battlescope_schemas.live.log import LiveBattle, LiveBattles
from killmail_api.domain.stream_position import StreamPosition
from killmail_api.schemas.killmails import Summary

MAX_FRAME_ITEMS: Final = 200
_SEPARATOR: Final = "\n\n"


class Missed(StrEnum):
    """Changes of battles may be missing before this item, which nobody can tell any more."""

    BATTLES = "battles"


Subject = Summary | LiveBattle | LiveBattles | Missed


@dataclass(frozen=True, slots=True)
class StreamItem:
    """subject: what filters look at. name, data: of the event."""

    position: StreamPosition
    subject: Subject
    name: str
    data: str

    @property
    def event(self) -> str:
        return event(self.name, self.data, self.position)


def item(position: StreamPosition, subject: Subject, data: str) -> StreamItem:
    """The item of a subject, whose JSON is `data`."""
    match subject:
        case Summary():
            name = "killmail"
        case LiveBattle():
            name = "battle"
        case LiveBattles():
            name = "battles"
        case Missed():
            name = "missed"
    return StreamItem(position, subject, name, data)


def missed_battles(position: StreamPosition) -> StreamItem:
    """Tells clients to read the battles again that they show."""
    return item(position, Missed.BATTLES, json.dumps({"topics": [Missed.BATTLES]}))


def event(name: str, data: str, position: StreamPosition) -> str:
    """One event. JSON contains no line break, so that one `data` line is enough."""
    return f"event: {name}\nid: {position}\ndata: {data}{_SEPARATOR}"


def render(items: Sequence[StreamItem]) -> list[bytes]:
    """The items as frames, each with some of them."""
    parts = (items[start : start + MAX_FRAME_ITEMS] for start in range(0, len(items), MAX_FRAME_ITEMS))
    return ["".join(item.event for item in part).encode() for part in parts]


def heartbeat(time: datetime, position: StreamPosition, *, is_degraded: bool) -> str:
    """Tells that the stream is alive, and the position, which also moves by items that a filter leaves out."""
    data = {"timestamp": time.isoformat().replace("+00:00", "Z"), "status": "degraded" if is_degraded else "healthy"}
    return event("heartbeat", json.dumps(data), position)


def retry(milliseconds: int) -> str:
    """How long a client waits before it connects again."""
    return f"retry: {milliseconds}{_SEPARATOR}"
