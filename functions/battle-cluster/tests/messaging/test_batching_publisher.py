"""Changes of many battles go out as one event; what a live mail changes never does."""

from datetime import UTC, datetime

import pytest

from battle_cluster.messaging.batching_publisher import MANY, BatchingPublisher
from battle_cluster.messaging.events import SOURCE, next_part
from battlescope_events.catalog import BATTLE_DELETED, BATTLES_CHANGED
from battlescope_events.errors import TransientError
from battlescope_events.event_batch import decode_batch
from battlescope_events.messages import Message
from battlescope_events.publisher import RecordingPublisher
from battlescope_schemas.battle import BattleDeleted, DeletionReason

NOW = datetime(2026, 3, 2, tzinfo=UTC)


def changes(count: int) -> list[Message]:
    return [
        BATTLE_DELETED.message(
            BattleDeleted(battle_id=str(number), revision=2, reason=DeletionReason.RECLUSTER),
            source=SOURCE,
            key=f"{number}:2",
            time=NOW,
        )
        for number in range(count)
    ]


class Storage:
    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}

    async def put(self, key: str, body: bytes) -> None:
        self.objects[key] = body


async def test_many_are_one_event_whose_object_holds_them_all() -> None:
    storage, recorder, said = Storage(), RecordingPublisher(), changes(MANY)

    await BatchingPublisher(recorder, storage.put, lambda: NOW)(said)

    (told,) = recorder.messages
    ((key, body),) = storage.objects.items()
    assert told.type == BATTLES_CHANGED.name
    assert BATTLES_CHANGED.data.validate_json(told.body).model_dump() == {"chunkKey": key, "count": MANY}
    heard = decode_batch(body, {BATTLE_DELETED.name: BATTLE_DELETED})
    assert [event.id for event in heard] == [message.id for message in said]


async def test_said_again_it_is_the_same_event_about_the_same_object() -> None:
    storage, recorder, said = Storage(), RecordingPublisher(), changes(MANY)
    say = BatchingPublisher(recorder, storage.put, lambda: NOW)

    await say(said)
    await say(said)

    assert len(storage.objects) == 1
    assert len({message.id for message in recorder.messages}) == 1


async def test_fewer_are_told_one_by_one_as_they_are() -> None:
    storage, recorder, said = Storage(), RecordingPublisher(), changes(MANY - 1)

    await BatchingPublisher(recorder, storage.put, lambda: NOW)(said)

    assert recorder.messages == said
    assert storage.objects == {}


async def test_what_is_no_change_of_a_battle_is_told_beside_the_chunk() -> None:
    recorder, part = RecordingPublisher(), next_part("job", 2, NOW)

    await BatchingPublisher(recorder, Storage().put, lambda: NOW)([part, *changes(MANY)])

    assert [message.type for message in recorder.messages] == [BATTLES_CHANGED.name, part.type]


async def test_nothing_is_told_of_an_object_that_could_not_be_stored() -> None:
    recorder = RecordingPublisher()

    async def away(_key: str, _body: bytes) -> None:
        raise TransientError("The object storage does not answer.")

    with pytest.raises(TransientError):
        await BatchingPublisher(recorder, away, lambda: NOW)(changes(MANY))
    assert recorder.messages == []
