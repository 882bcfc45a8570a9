"""Dead letters of a KafkaSink: what they are, and what becomes of them.

A letter is resolved by another record of the same topic, which names its position: it was replayed, or discarded with a
note. So the topic alone holds the whole state, and a second replay of a resolved letter does nothing.
"""

import asyncio
import json
import logging
import re
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final, Literal, cast
from uuid import uuid4

from battlescope_events.catalog import KILLMAIL_REFUSED, KILLMAIL_REREAD_REQUESTED
from battlescope_local.eventing.cloud_event import (
    OFFSET_EXTENSION,
    PARTITION_EXTENSION,
    CloudEvent,
    NotACloudEvent,
    from_http,
    from_record,
)
from battlescope_local.eventing.delivery import Delivered, Failed, evaluate
from battlescope_local.eventing.filters import passes
from battlescope_local.eventing.sender import EventSender
from battlescope_local.log.port import Log, StoredRecord
from battlescope_local.manifests.model import BrokerRef, KafkaSink, KafkaSinkRef, Manifests, Trigger
from battlescope_schemas.reference import KillmailRereadRequested

logger = logging.getLogger(__name__)

RESOLVED: Final = "com.battlescope.dead-letter.resolved.v1"
MAX_READ: Final = 20_000  # records of a topic, letters and resolutions
MAX_NOTE: Final = 500  # characters
# What the Broker added to the event when it gave up.
ADDED: Final = frozenset({
    *("knativeerrordest", "knativeerrorcode", "knativeerrordata", "reason"),
    *(PARTITION_EXTENSION, OFFSET_EXTENSION),
})  # fmt: skip
Start = Literal["function", "beginning"]
_VARIABLE: Final = re.compile(r"'[^']*'|\"[^\"]*\"|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{16,}|\d+")


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """An event that was not delivered.

    name: partition and offset of its record, which name it in commands. resolution: what became of it; None while it is
    open. code: status of the subscriber's response; None without a response, or when its body was not a CloudEvent.
    data: beginning of that response's body.
    record: partition and offset of the event in its Broker's topic, as `3/17`.

    An event that a Trigger sends directly to the sink has no response; its own payload holds the reason.
    """

    name: str
    time: datetime
    type: str
    source: str
    id: str
    subject: str
    destination: str
    code: int | None
    reason: str | None
    data: str
    record: str
    event: CloudEvent
    sink: str
    resolution: str | None = None

    @property
    def group(self) -> str:
        """The reason without numbers, ids and quoted texts: letters with one cause have the same."""
        return _VARIABLE.sub("…", self.reason or self.data or "no reason given")


class NotReplayed(Exception):
    """The letter stays open; the sentence says why."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a letter that was to be replayed or discarded; `text` is for operators."""

    name: str
    is_resolved: bool
    text: str


class DeadLetters:
    """The letters of all sinks; replays and discards them, one at a time."""

    def __init__(self, manifests: Manifests, log: Log, sender: EventSender) -> None:
        self._manifests, self._log, self._sender = manifests, log, sender
        self._lock = asyncio.Lock()

    async def read(self) -> dict[str, DeadLetter]:
        """The letters by name, in order of time; those of a second sink have its name before theirs."""
        letters: dict[str, DeadLetter] = {}
        for index, sink in enumerate(self._manifests.kafka_sinks):
            prefix = f"{sink.name}-" if index else ""
            letters |= {
                f"{prefix}{letter.name}": letter for letter in await read_dead_letters(self._log, sink, MAX_READ)
            }
        return letters

    async def replay(self, names: Collection[str], start: Start) -> list[Outcome]:
        """Send the events of open letters again: to the function that failed, or to all that consume them.

        A letter stays open where nobody consumes it or the function fails again; one that is resolved is not sent.
        """

        async def send(letter: DeadLetter) -> str:
            await self._send(letter, start)
            return f"replayed from the {start}"

        return await self._each(names, send)

    async def discard(self, names: Collection[str], note: str) -> list[Outcome]:
        """Close open letters without a replay; the record keeps the note."""

        async def close(_: DeadLetter) -> str:
            return f"discarded: {note[:MAX_NOTE]}"

        return await self._each(names, close)

    async def _each(self, names: Collection[str], resolve: Callable[[DeadLetter], Awaitable[str]]) -> list[Outcome]:
        outcomes: list[Outcome] = []
        async with self._lock:
            letters = await self.read()
            for name in dict.fromkeys(names):
                letter = letters.get(name)
                if letter is None:
                    outcomes.append(Outcome(name, is_resolved=False, text="There is no such dead letter."))
                elif letter.resolution is not None:
                    outcomes.append(Outcome(name, is_resolved=True, text=f"was {letter.resolution}"))
                else:
                    outcomes.append(await self._resolved(name, letter, resolve))
        return outcomes

    async def _resolved(
        self, name: str, letter: DeadLetter, resolve: Callable[[DeadLetter], Awaitable[str]]
    ) -> Outcome:
        try:
            resolution = await resolve(letter)
        except NotReplayed as error:
            return Outcome(name, is_resolved=False, text=str(error))
        await self._record(letter, resolution)
        return Outcome(name, is_resolved=True, text=resolution)

    async def _send(self, letter: DeadLetter, start: Start) -> None:
        event = _event_to_send(letter)
        trigger = self._trigger_of(letter, event)
        if start == "beginning":
            await self._sender.send_until_accepted(BrokerRef(trigger.broker), event)
            return
        headers = {"Prefer": "reply", "Kn-Namespace": trigger.namespace}
        match evaluate(await self._sender.send(trigger.subscriber, event, headers, trigger.delivery.timeout)):
            case Delivered(reply):
                if reply is not None:
                    await self._sender.send_until_accepted(BrokerRef(trigger.broker), reply)
            case Failed() as failed:
                reason = failed.extensions.get("reason", failed.reason)
                raise NotReplayed(f"The function fails again: {reason}")

    def _trigger_of(self, letter: DeadLetter, event: CloudEvent) -> Trigger:
        """The Trigger that gave up on the letter; that of the request to read it again, where its bytes were refused.

        Raises:
            NotReplayed: there is none.
        """
        for trigger in self._manifests.triggers:
            is_subscriber = not letter.destination or self._sender.address(trigger.subscriber) == letter.destination
            if is_subscriber and passes(trigger.filters, event.attributes):
                return trigger
        raise NotReplayed(f"No Trigger sends such events to {letter.destination or 'a function'} any more.")

    async def _record(self, letter: DeadLetter, resolution: str) -> None:
        attributes = {
            "specversion": "1.0", "id": str(uuid4()), "type": RESOLVED, "source": "battlescope",
            "subject": letter.name, "datacontenttype": "application/json",
        }  # fmt: skip
        record = CloudEvent(attributes, json.dumps({"resolution": resolution}).encode())
        await self._sender.send_until_accepted(KafkaSinkRef(letter.sink), record)


def _event_to_send(letter: DeadLetter) -> CloudEvent:
    """The event without what the Broker added to it; for refused bytes the request to read them again.

    Raises:
        NotReplayed: the letter does not name the archived bytes.
    """
    attributes = {name: value for name, value in letter.event.attributes.items() if name not in ADDED}
    if letter.destination:
        return CloudEvent(attributes, letter.event.data, letter.event.traceparent)
    payload = _json_object(letter.event.data)
    key, sequence = payload.get("archiveKey"), payload.get("sequenceId")
    if letter.type != KILLMAIL_REFUSED.name or not isinstance(key, str) or not isinstance(sequence, int):
        raise NotReplayed("The archive does not have its bytes, so nothing can read it again; it can be discarded.")
    request = KillmailRereadRequested(sequence_id=sequence, archive_key=key)
    message = KILLMAIL_REREAD_REQUESTED.message(
        request, source="battlescope", key=letter.event.attributes["id"], time=letter.time
    )
    return from_http(message.headers, message.body)


async def read_dead_letters(log: Log, sink: KafkaSink, limit: int) -> tuple[DeadLetter, ...]:
    """The letters among the newest `limit` records in order of time; what is no CloudEvent is logged and skipped."""
    letters: dict[str, DeadLetter] = {}
    for stored in await log.tail(sink.topic, limit):
        event = _event(stored)
        if event is None:
            continue
        if event.attributes["type"] != RESOLVED:
            letter = _decode(stored, event, sink.name)
            letters[letter.name] = letter
        elif (resolved := letters.get(event.attributes.get("subject", ""))) and resolved.resolution is None:
            letters[resolved.name] = replace(resolved, resolution=str(_json_object(event.data).get("resolution", "")))
    return tuple(letters.values())


def _event(stored: StoredRecord) -> CloudEvent | None:
    try:
        return from_record(stored.record)
    except NotACloudEvent as error:
        logger.warning("Dead letter %d/%d is not a CloudEvent: %s", stored.partition, stored.offset, error)
        return None


def _decode(stored: StoredRecord, event: CloudEvent, sink: str) -> DeadLetter:
    attributes = event.attributes
    code = attributes.get("knativeerrorcode", "")
    payload: Mapping[str, Any] = {} if "knativeerrordest" in attributes else _json_object(event.data)
    return DeadLetter(
        name=f"{stored.partition}-{stored.offset}",
        time=datetime.fromtimestamp(stored.timestamp / 1000, UTC),
        type=attributes["type"],
        source=attributes["source"],
        id=attributes["id"],
        subject=attributes.get("subject", ""),
        destination=attributes.get("knativeerrordest", ""),
        code=int(code) if code.isdecimal() else None,
        reason=attributes.get("reason") or payload.get("reason"),
        data=_decode_base64(attributes.get("knativeerrordata", "")) or str(payload.get("excerpt", "")),
        record="/".join(attributes.get(name, "unknown") for name in (PARTITION_EXTENSION, OFFSET_EXTENSION)),
        event=event,
        sink=sink,
    )


def _json_object(data: bytes) -> Mapping[str, Any]:
    try:
        value: Any = json.loads(data)
    except ValueError:
        return {}
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def _decode_base64(encoded: str) -> str:
    try:
        return b64decode(encoded, validate=True).decode(errors="replace")
    except Base64Error:
        return encoded
