"""Many battle changes are published as one claim check; few are published one by one."""

from datetime import UTC, datetime

import pytest

from battle_cluster.messaging.batching_publisher import MIN_BATCH, BatchingPublisher
from battle_cluster.messaging.events import SOURCE, recluster_request
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


async def test_many_changes_are_one_claim_check_whose_object_has_them_all() -> None:
    storage, recorder, messages = Storage(), RecordingPublisher(), changes(MIN_BATCH)

    await BatchingPublisher(recorder, storage.put, lambda: NOW)(messages)

    (claim_check,) = recorder.messages
    ((key, body),) = storage.objects.items()
    assert claim_check.type == BATTLES_CHANGED.name
    assert BATTLES_CHANGED.data.validate_json(claim_check.body).model_dump() == {"chunkKey": key, "count": MIN_BATCH}
    events = decode_batch(body, {BATTLE_DELETED.name: BATTLE_DELETED})
    assert [event.id for event in events] == [message.id for message in messages]


async def test_repeated_batch_has_the_same_event_id_and_object() -> None:
    storage, recorder, messages = Storage(), RecordingPublisher(), changes(MIN_BATCH)
    publish = BatchingPublisher(recorder, storage.put, lambda: NOW)

    await publish(messages)
    await publish(messages)

    assert len(storage.objects) == 1
    assert len({message.id for message in recorder.messages}) == 1


async def test_few_changes_are_published_unchanged() -> None:
    storage, recorder, messages = Storage(), RecordingPublisher(), changes(MIN_BATCH - 1)

    await BatchingPublisher(recorder, storage.put, lambda: NOW)(messages)

    assert recorder.messages == messages
    assert storage.objects == {}


async def test_other_messages_are_published_after_the_claim_check() -> None:
    recorder, part = RecordingPublisher(), recluster_request("job", 2, NOW)

    await BatchingPublisher(recorder, Storage().put, lambda: NOW)([part, *changes(MIN_BATCH)])

    assert [message.type for message in recorder.messages] == [BATTLES_CHANGED.name, part.type]


async def test_nothing_is_published_when_the_object_cannot_be_stored() -> None:
    recorder = RecordingPublisher()

    async def fail(_key: str, _body: bytes) -> None:
        raise TransientError("The object storage does not answer.")

    with pytest.raises(TransientError):
        await BatchingPublisher(recorder, fail, lambda: NOW)(changes(MIN_BATCH))
    assert recorder.messages == []
