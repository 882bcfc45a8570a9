"""How many events the ends of battles are."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from random import Random
from uuid import UUID

import pytest
from published_ends import ends_of

from battle_close.events import end_events
from battle_close.store import CLOSE_BATCH, ClosedBattle
from battlescope_events.catalog import BATTLE_ENDED, BATTLES_ENDED
from battlescope_schemas import base
from battlescope_schemas.battle import BattleChunk

TIME = datetime(2026, 3, 1, 20, tzinfo=UTC)
BATTLE = ClosedBattle(
    id=str(UUID(int=1)),
    revision=4,
    end_time=TIME,
    total_kills=5,
    total_isk_destroyed=Decimal("1234567.50"),
    total_participants=7,
    closed_at=TIME,
    isk_computed_high=Decimal("1000000.50"),
    isk_computed_medium=Decimal(0),
    isk_computed_low=Decimal(0),
    kills_without_value=2,
    isk_fitted=Decimal("900000.25"),
    isk_dropped=Decimal(50000),
    kills_without_parts=1,
    kills_with_unpriced=3,
)


def battles(count: int) -> list[ClosedBattle]:
    """With ids and amounts that hardly compress."""
    random = Random(7)
    return [
        replace(
            BATTLE,
            id=str(UUID(int=random.getrandbits(128))),
            total_isk_destroyed=Decimal(random.getrandbits(50)),
            isk_computed_high=Decimal(random.getrandbits(50)),
            isk_fitted=Decimal(random.getrandbits(50)),
            isk_dropped=Decimal(random.getrandbits(50)),
        )
        for _ in range(count)
    ]


def test_one_end_is_an_event_of_its_own() -> None:
    (message,) = end_events([BATTLE])
    assert (message.type, message.headers["ce-subject"]) == (BATTLE_ENDED.name, BATTLE.id)
    assert end_events([]) == []


def test_all_battles_of_a_transaction_end_with_at_most_two_events() -> None:
    closed = battles(CLOSE_BATCH)
    messages = end_events(closed)
    assert {message.type for message in messages} == {BATTLES_ENDED.name}
    assert len(messages) <= 2
    assert [end.data.battle_id for message in messages for end in ends_of(message)] == [battle.id for battle in closed]


def test_end_among_many_is_the_same_event_as_a_single_one() -> None:
    closed = battles(3)
    (batch,) = end_events(closed)
    singles = [end for battle in closed for end in ends_of(end_events([battle])[0])]
    assert [(end.id, end.data) for end in ends_of(batch)] == [(end.id, end.data) for end in singles]


def test_ends_too_large_for_one_event_are_spread_over_several(monkeypatch: pytest.MonkeyPatch) -> None:
    closed = battles(50)
    monkeypatch.setattr(base, "MAX_CARRIED_BYTES", 1500)
    messages = end_events(closed)
    assert len(messages) > 2
    assert all(len(BattleChunk.model_validate_json(message.body).content or b"") <= 1500 for message in messages)
    assert [end.data.battle_id for message in messages for end in ends_of(message)] == [battle.id for battle in closed]


def test_other_ends_are_another_event() -> None:
    closed = battles(4)
    (first,), (second,) = end_events(closed[:2]), end_events(closed[2:])
    assert first.id != second.id
