"""Counts that are kept by differences are those that counting all battles again gives."""

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from battlescope_local.testing.examples import examples
from search_index.domain.participation import EntityKey, Participation
from search_index.domain.participation_changes import Increment, changes

START = datetime(2026, 3, 1, tzinfo=UTC)
KEYS = st.sampled_from([("alliance", 1), ("alliance", 2), ("system", 3), ("ship_type", 4), ("character", 5)])
PARTICIPATIONS = st.builds(
    Participation, st.integers(0, 3), st.integers(0, 3), st.integers(0, 3).map(lambda n: START + timedelta(minutes=n))
)
BATTLES = st.dictionaries(KEYS, PARTICIPATIONS, max_size=4)
STEPS = st.lists(st.dictionaries(st.sampled_from(["a", "b", "c"]), BATTLES, min_size=1), min_size=1, max_size=6)
Rows = dict[str, dict[EntityKey, Participation]]


@settings(max_examples=examples(200))
@given(steps=STEPS)
def test_differences_add_up_to_the_counts_of_all_battles(steps: list[Rows]) -> None:
    stored: Rows = {}
    counts: dict[EntityKey, Increment] = {}
    for computed in steps:
        found = changes(stored, {battle_id: computed.get(battle_id, {}) for battle_id in computed})
        for battle_id, rows in computed.items():
            stored[battle_id] = dict(rows)
        for key in found.recounted:
            counts[key] = counted(stored, key)
        for key, added in found.increments.items():
            counts[key] = summed(counts.get(key), added)
    assert counts == {key: counted(stored, key) for key in counts}
    assert {key for rows in stored.values() for key in rows} <= set(counts)


def counted(stored: Rows, key: EntityKey) -> Increment:
    rows = [rows[key] for rows in stored.values() if key in rows]
    seen = max((row.last_seen_at for row in rows), default=None)
    return Increment(len(rows), sum(row.kills for row in rows), sum(row.losses for row in rows), seen)


def summed(before: Increment | None, added: Increment) -> Increment:
    if before is None:
        return added
    seen: Any = max(time for time in (before.last_seen_at, added.last_seen_at) if time is not None)
    totals = (one + other for one, other in zip(before[:3], added[:3], strict=True))
    return Increment(*totals, seen)


def test_only_what_changed_is_counted() -> None:
    before = {"a": {("alliance", 1): Participation(1, 0, START), ("system", 3): Participation(0, 1, START)}}
    later = START + timedelta(minutes=1)
    now = {"a": {("alliance", 1): Participation(2, 0, later), ("system", 3): Participation(0, 1, START)}}
    found = changes(before, now)
    assert (found.recounted, found.increments) == (frozenset(), {("alliance", 1): Increment(0, 1, 0, later)})
    assert changes(now, now).increments == {}


def test_what_is_in_a_battle_no_more_is_counted_again() -> None:
    before = {"a": {("alliance", 1): Participation(1, 0, START)}, "b": {("system", 3): Participation(0, 1, START)}}
    earlier = {"b": {("system", 3): Participation(0, 1, START - timedelta(minutes=1))}}
    found = changes(before, {"a": {}, **earlier})
    assert found.recounted == {("alliance", 1), ("system", 3)}
    assert found.increments == {}
