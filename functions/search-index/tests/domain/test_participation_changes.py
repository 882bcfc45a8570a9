"""Counts that are kept by differences are those that counting all battles again gives."""

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from battlescope_local.testing.examples import examples
from search_index.domain.entity_key import EntityKey
from search_index.domain.participation import Participation
from search_index.domain.participation_changes import Increment, changes

START = datetime(2026, 3, 1, tzinfo=UTC)
KEYS = st.sampled_from([("alliance", 1), ("alliance", 2), ("system", 3), ("ship_type", 4), ("character", 5)])
PARTICIPATIONS = st.builds(
    Participation,
    st.integers(0, 3),
    st.integers(0, 3),
    st.integers(0, 3).map(lambda n: START + timedelta(minutes=n)),
    st.sampled_from([None, 98_000_001, 98_000_002]),
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
            counts[key] = summed(counts.get(key), added) or counted(stored, key)
    assert counts == {key: counted(stored, key) for key in counts}
    assert {key for rows in stored.values() for key in rows} <= set(counts)


def counted(stored: Rows, key: EntityKey) -> Increment:
    """As all battles have it: the affiliation of the last one, of several the one with the smallest id."""
    rows = [rows[key] for _, rows in sorted(stored.items()) if key in rows]
    kills, losses = sum(row.kills for row in rows), sum(row.losses for row in rows)
    if not rows:
        return Increment(0, 0, 0, None)
    last = max(rows, key=lambda row: row.last_seen_at)
    return Increment(len(rows), kills, losses, last.last_seen_at, last.affiliation)


def summed(before: Increment | None, added: Increment) -> Increment | None:
    """What `RECOUNT` makes of an increment; None where it reads the battles."""
    if before is None or (added.last_seen_at == before.last_seen_at and added.affiliation != before.affiliation):
        return None
    battles, kills, losses = (one + other for one, other in zip(before[:3], added[:3], strict=True))
    later = max((row for row in (before, added) if row.last_seen_at is not None), key=lambda row: row[3], default=added)
    return Increment(battles, kills, losses, later.last_seen_at, later.affiliation)


def test_only_what_changed_is_counted() -> None:
    before = {"a": {("alliance", 1): Participation(1, 0, START), ("system", 3): Participation(0, 1, START)}}
    later = START + timedelta(minutes=1)
    now = {"a": {("alliance", 1): Participation(2, 0, later), ("system", 3): Participation(0, 1, START)}}
    found = changes(before, now)
    assert (found.recounted, found.increments) == (frozenset(), {("alliance", 1): Increment(0, 1, 0, later)})
    assert changes(now, now).increments == {}


def test_an_affiliation_that_changes_without_a_later_killmail_is_counted_again() -> None:
    before = {"a": {("character", 5): Participation(1, 0, START, 98_000_001)}}
    now = {"a": {("character", 5): Participation(1, 0, START, 98_000_002)}}
    assert changes(before, now).recounted == {("character", 5)}
    together = {"a": now["a"], "b": {("character", 5): Participation(1, 0, START, 98_000_003)}}
    assert changes({}, together).recounted == {("character", 5)}


def test_what_is_in_a_battle_no_more_is_counted_again() -> None:
    before = {"a": {("alliance", 1): Participation(1, 0, START)}, "b": {("system", 3): Participation(0, 1, START)}}
    earlier = {"b": {("system", 3): Participation(0, 1, START - timedelta(minutes=1))}}
    found = changes(before, {"a": {}, **earlier})
    assert found.recounted == {("alliance", 1), ("system", 3)}
    assert found.increments == {}
