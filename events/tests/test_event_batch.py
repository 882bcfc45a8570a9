"""A batch of events as one object: decoding returns the events that were encoded."""

import gzip
import zlib
from datetime import UTC, datetime

import pytest
from cloudevents.http import from_json
from hypothesis import given
from hypothesis import strategies as st

from battlescope_events import event_batch
from battlescope_events.catalog import BATTLE_DELETED, BATTLE_ENDED
from battlescope_events.errors import PermanentError
from battlescope_events.event_batch import decode_batch, encode_batch
from battlescope_events.messages import Message
from battlescope_schemas.battle import BattleDeleted, DeletionReason

ACCEPTS = {BATTLE_DELETED.name: BATTLE_DELETED}
TIME = datetime(2026, 1, 7, 20, tzinfo=UTC)


def _deleted(battle_id: str, revision: int = 3) -> Message:
    gone = BattleDeleted(battle_id=battle_id, revision=revision, reason=DeletionReason.RECLUSTER)
    return BATTLE_DELETED.message(gone, source="battle-cluster", key=f"{battle_id}:{revision}", time=TIME)


@given(st.lists(st.tuples(st.text(), st.integers(0, 2**31)), max_size=5))
def test_decoded_events_have_their_ids_and_data_in_order(entries: list[tuple[str, int]]) -> None:
    messages = [_deleted(*entry) for entry in entries]

    events = list(decode_batch(encode_batch(messages)[1], ACCEPTS))

    assert [event.id for event in events] == [message.id for message in messages]
    assert [(event.data.battle_id, event.data.revision) for event in events] == entries
    assert all(event.source == "battle-cluster" and event.extensions["time"] for event in events)


def test_each_line_is_a_structured_cloudevent() -> None:
    message = _deleted("a")

    event = from_json(gzip.decompress(encode_batch([message])[1]).splitlines()[0])

    assert event["type"] == BATTLE_DELETED.name
    assert event["partitionkey"] == message.headers["ce-partitionkey"]
    assert event.data["battleId"] == "a"


def test_same_events_give_same_hash_and_bytes() -> None:
    messages = [_deleted("a"), _deleted("b")]

    assert encode_batch(messages) == encode_batch(list(messages))
    assert encode_batch(messages)[0] != encode_batch(messages[::-1])[0]


@pytest.mark.parametrize(
    "body",
    [b"", b"no gzip", gzip.compress(b"no json\n"), gzip.compress(b"{}\n"), encode_batch([_deleted("a")])[1][:-9]],
    ids=["nothing", "no gzip", "no json", "no event", "cut off"],
)
def test_invalid_batch_is_rejected_for_good(body: bytes) -> None:
    with pytest.raises(PermanentError):
        list(decode_batch(body, ACCEPTS))


def test_batch_with_an_event_type_that_is_not_accepted_is_rejected_for_good() -> None:
    with pytest.raises(PermanentError, match="does not accept"):
        list(decode_batch(encode_batch([_deleted("a")])[1], {BATTLE_ENDED.name: BATTLE_ENDED}))


def test_decompression_stops_at_the_size_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_batch, "MAX_SIZE", 1024)

    with pytest.raises(PermanentError, match="1024"):
        list(decode_batch(zlib.compress(bytes(4096), wbits=31), ACCEPTS))
