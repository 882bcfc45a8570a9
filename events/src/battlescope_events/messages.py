"""A CloudEvent of ours, typed, and its binary form on HTTP."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Generic, TypeVar
from uuid import UUID, uuid5

from cloudevents.http import CloudEvent
from pydantic import TypeAdapter, ValidationError

from battlescope_events.errors import PermanentError
from battlescope_events.trace import current

T = TypeVar("T")
NAMESPACE: Final = UUID("6b1ff1c2-54b5-5d0a-9d36-0c6f2f0f7a11")  # ours alone; ids derived in it never collide
SCHEMA_URI: Final = "urn:battlescope:schema:{noun}"


@dataclass(frozen=True, slots=True)
class Message:
    """An event in binary mode, ready to be posted or kept in an outbox: `ce-` headers and the data as JSON."""

    headers: Mapping[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["ce-id"]

    @property
    def type(self) -> str:
        return self.headers["ce-type"]


@dataclass(frozen=True, slots=True)
class EventType(Generic[T]):
    """One kind of sentence: its CloudEvents type, what its data is, and what it is about."""

    name: str
    data: TypeAdapter[T]
    schema: str
    subject: Callable[[T], str]
    partitionkey: Callable[[T], str]

    def message(self, data: T, *, source: str, key: str, time: datetime) -> Message:
        """Say it. The id is derived from type and `key`, so a retry says the same event again."""
        trace = current()
        headers = {
            "content-type": "application/json",
            "ce-specversion": "1.0",
            "ce-id": str(uuid5(NAMESPACE, f"{self.name}|{key}")),
            "ce-type": self.name,
            "ce-source": source,
            "ce-subject": self.subject(data),
            "ce-time": time.isoformat(),
            "ce-dataschema": SCHEMA_URI.format(noun=self.schema),
            "ce-partitionkey": self.partitionkey(data),
            "ce-correlationid": trace.correlation_id or trace.trace_id,
            "ce-traceparent": trace.traceparent,
            "traceparent": trace.traceparent,
        }
        if trace.event_id:
            headers["ce-causationid"] = trace.event_id
        return Message(headers, self.data.dump_json(data, by_alias=True, exclude_none=True))


@dataclass(frozen=True, slots=True)
class Event(Generic[T]):
    """An event heard, its data checked against its type."""

    type: EventType[T]
    id: str
    source: str
    data: T
    extensions: Mapping[str, str]


def read(heard: CloudEvent, accepts: Mapping[str, EventType[Any]]) -> Event[Any]:
    """Check a CloudEvent against the types a function accepts.

    Raises:
        PermanentError: the type is not accepted, or the data does not fit it.
    """
    attributes: Mapping[str, Any] = heard.get_attributes()
    kind = accepts.get(attributes["type"])
    if kind is None:
        raise PermanentError(f"This function does not accept events of type {attributes['type']}.")
    data: Any = heard.get_data()
    try:
        known = kind.data.validate_json(data) if isinstance(data, bytes | str) else kind.data.validate_python(data)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"])) or "data"
        raise PermanentError(f"The data does not fit {kind.name}: {place}: {first['msg']}.") from error
    extensions = {name: str(value) for name, value in attributes.items()}
    return Event(kind, str(attributes["id"]), str(attributes["source"]), known, extensions)
