"""The streams: `/api/stream` with topics, and `/api/killmails/stream` with killmails alone."""

from typing import Annotated, Any, Final

from fastapi import Header, Query

from battlescope_events.access.streams import EventStream
from battlescope_events.http_api.description import EVENT_STREAM, headers
from battlescope_events.http_api.guard import Right, Role, requires
from battlescope_events.http_api.routing import ApiRouter
from killmail_api.dependencies import Deps
from killmail_api.domain.stream_filter import StreamFilter, Topics
from killmail_api.domain.stream_position import read_position
from killmail_api.schemas.security_filter import selected_security_types
from killmail_api.schemas.stream import KillmailStreamQuery, StreamQuery, TopicQuery
from killmail_api.services.streams import StreamRequest

_NAMES: Final = ("snapshot", "killmail", "battle", "battles", "missed", "heartbeat", "access-ended")
_EVENT: Final = {
    "type": "object",
    "properties": {
        "event": {"type": "string", "enum": _NAMES},
        "id": {"type": "string"},
        "data": {"type": "string", "contentMediaType": "application/json"},
    },
}
_EVENTS: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "Server-sent events; the schema is that of one event.",
        "content": {EVENT_STREAM: {"schema": _EVENT}},
        "headers": headers(X_Accel_Buffering="`no`: proxies pass each event on at once."),
    }
}
_LAST_EVENT_ID: Final = "The id of the last event that the client received; what came since is sent."
LastEventId = Annotated[str | None, Header(alias="Last-Event-ID", max_length=50, description=_LAST_EVENT_ID)]
router = ApiRouter(prefix="/api", tags=["streams"], dependencies=[requires(Right("battle-reports", Role.USER))])


@router.get("/stream", response_class=EventStream, responses=_EVENTS)
async def stream(deps: Deps, query: Annotated[TopicQuery, Query()], last_event_id: LastEventId = None) -> EventStream:
    """What happens, by topic.

    Each event has an id; a client that sends the last one misses nothing, but may receive a killmail or a revision
    again. A frame holds several events; there are at most ten frames a second.

    | Event | Data |
    |---|---|
    | `snapshot` | first, unless the stream is resumed: recent killmails, revisions of the battles of `battle:{id}` |
    | `killmail` | a killmail as `GET /api/killmails/recent` has it, new or with another value |
    | `battle` | a change of a battle: `battleId`, `revision`, `change`, `reason`, `mergedInto`, `battle` |
    | `battles` | `battleIds` of many battles that changed at once |
    | `missed` | changes of battles may be missing: read again what is shown |
    | `heartbeat` | every 30 seconds: `timestamp`, and `status` healthy or degraded |
    | `access-ended` | last, when the session ends or loses its role: `reason` |
    """
    names = query.topics.split(",")
    battle_ids = frozenset(name.removeprefix("battle:") for name in names if name.startswith("battle:"))
    topics = Topics("killmails" in names, "battles" in names, battle_ids)
    return EventStream(deps.streams.events(_request(query, topics, last_event_id)))


@router.get("/killmails/stream", response_class=EventStream, responses=_EVENTS)
async def killmail_stream(
    deps: Deps, query: Annotated[KillmailStreamQuery, Query()], last_event_id: LastEventId = None
) -> EventStream:
    """New killmails, as `GET /api/stream` sends them. The snapshot is an array of killmails, the newest one first."""
    request = _request(query, Topics(killmails=True), last_event_id, is_list=True)
    return EventStream(deps.streams.events(request))


def _request(query: StreamQuery, topics: Topics, last_event_id: str | None, *, is_list: bool = False) -> StreamRequest:
    wanted = StreamFilter(
        topics,
        frozenset(selected_security_types(query.security_type, query.space_type)),
        frozenset(query.system_id),
        frozenset(query.region_id),
        frozenset(query.alliance_id),
        frozenset(query.corp_id),
        frozenset(query.character_id),
        frozenset(query.hull_class),
        query.min_value,
    )
    since = read_position(last_event_id or query.last_event_id)
    return StreamRequest(wanted, query.limit, since, is_list=is_list, once=query.once)
