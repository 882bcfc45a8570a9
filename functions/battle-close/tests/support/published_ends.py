"""The ends of battles in a published message, which has one of them or many."""

from collections.abc import Iterator
from typing import Any

from battlescope_events.catalog import BATTLE_ENDED, BATTLES_ENDED
from battlescope_events.event_batch import decode_batch
from battlescope_events.messages import Event, Message, read_parts

_SINGLE = {BATTLE_ENDED.name: BATTLE_ENDED}


def ends_of(message: Message) -> Iterator[Event[Any]]:
    if message.type == BATTLES_ENDED.name:
        batch = BATTLES_ENDED.data.validate_json(message.body)
        assert batch.content is not None
        ends = list(decode_batch(batch.content, _SINGLE))
        assert len(ends) == batch.count > 1
        yield from ends
    else:
        attributes = {name.removeprefix("ce-"): value for name, value in message.headers.items()}
        yield read_parts(attributes, message.body, _SINGLE)
