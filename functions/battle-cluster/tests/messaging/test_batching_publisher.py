"""Many battle changes are published as one claim check; few are published one by one."""

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from battle_cluster.messaging.batching_publisher import MIN_BATCH, BatchingPublisher
from battle_cluster.messaging.events import SOURCE, recluster_request
from battlescope_events.catalog import BATTLE_DELETED, BATTLES_CHANGED
from battlescope_events.errors import TransientError
from battlescope_events.event_batch import decode_batch
from battlescope_events.messages import Message
from battlescope_events.publisher import MessageRefused, RecordingPublisher
from battlescope_schemas.base import MAX_CARRIED_BYTES
from battlescope_schemas.battle import BattleChunk, BattleDeleted, DeletionReason

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
    payload = BATTLES_CHANGED.data.validate_json(claim_check.body)
    assert (payload.chunk_key, payload.count, payload.content) == (key, MIN_BATCH, body)
    events = decode_batch(body, {BATTLE_DELETED.name: BATTLE_DELETED})
    assert [event.id for event in events] == [message.id for message in messages]


async def test_large_batch_is_only_in_its_object() -> None:
    storage, recorder, messages = Storage(), RecordingPublisher(), changes(3000)

    await BatchingPublisher(recorder, storage.put, lambda: NOW)(messages)

    ((key, body),) = storage.objects.items()
    assert len(body) > MAX_CARRIED_BYTES
    assert BATTLES_CHANGED.data.validate_json(recorder.messages[0].body) == BattleChunk(chunk_key=key, count=3000)


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


async def test_messages_of_a_refused_batch_are_the_refused_ones() -> None:
    part, messages, accepted = recluster_request("job", 2, NOW), changes(MIN_BATCH), list[str]()

    async def refuse_claim_check(published: Sequence[Message]) -> None:
        accepted.extend(message.id for message in published if message.type != BATTLES_CHANGED.name)
        raise MessageRefused({message.id: "413" for message in published if message.type == BATTLES_CHANGED.name})

    with pytest.raises(MessageRefused) as refused:
        await BatchingPublisher(refuse_claim_check, Storage().put, lambda: NOW)([part, *messages])
    assert refused.value.reasons == dict.fromkeys([message.id for message in messages], "413")
    assert accepted == [part.id]


async def test_another_message_that_is_refused_leaves_the_batch_published() -> None:
    part = recluster_request("job", 2, NOW)

    async def refuse_part(_: Sequence[Message]) -> None:
        raise MessageRefused({part.id: "400"})

    with pytest.raises(MessageRefused) as refused:
        await BatchingPublisher(refuse_part, Storage().put, lambda: NOW)([part, *changes(MIN_BATCH)])
    assert refused.value.reasons == {part.id: "400"}


async def test_nothing_is_published_when_the_object_cannot_be_stored() -> None:
    recorder = RecordingPublisher()

    async def fail(_key: str, _body: bytes) -> None:
        raise TransientError("The object storage does not answer.")

    with pytest.raises(TransientError):
        await BatchingPublisher(recorder, fail, lambda: NOW)(changes(MIN_BATCH))
    assert recorder.messages == []
