"""Who took part in a battle is a function of the set of its killmails."""

from datetime import UTC, datetime, timedelta
from itertools import combinations

from hypothesis import given, settings
from hypothesis import strategies as st

from battlescope_local.testing.examples import examples
from search_index.domain.killmail import Killmail, Pilot, pilot
from search_index.domain.participation import Participation, participations, with_more

START = datetime(2026, 3, 1, tzinfo=UTC)
IDS = st.integers(1, 4)
PILOTS = st.builds(
    Pilot,
    st.none() | IDS.map(lambda n: 90_000_000 + n),
    st.none() | IDS.map(lambda n: 98_000_000 + n),
    st.none() | IDS.map(lambda n: 99_000_000 + n),
    st.none() | IDS.map(lambda n: 580 + n),
)
KILLMAILS = st.lists(
    st.builds(
        Killmail,
        killmail_id=st.integers(1, 50),
        killmail_time=st.integers(0, 5).map(lambda n: START + timedelta(minutes=n)),
        system_id=st.integers(30_000_001, 30_000_003),
        victim=PILOTS,
        attackers=st.lists(PILOTS, max_size=4).map(tuple),
        attacker_count=st.just(4),
        value=st.none(),
        is_npc=st.booleans(),
        is_solo=st.booleans(),
        value_revision=st.just(0),
        valuation_revision=st.just(0),
    ),
    unique_by=lambda killmail: killmail.killmail_id,
    max_size=6,
)


@settings(max_examples=examples(200))
@given(killmails=KILLMAILS, data=st.data())
def test_order_does_not_matter(killmails: list[Killmail], data: st.DataObject) -> None:
    shuffled = data.draw(st.permutations(killmails))
    turned = [k._replace(attackers=tuple(data.draw(st.permutations(k.attackers)))) for k in shuffled]
    assert participations(turned) == participations(killmails)


@settings(max_examples=examples(200))
@given(killmails=KILLMAILS)
def test_kills_and_losses_are_killmails(killmails: list[Killmail]) -> None:
    for (entity_type, entity_id), found in participations(killmails).items():
        index = {"character": 0, "corporation": 1, "alliance": 2, "ship_type": 3}.get(entity_type)
        if index is None:
            assert (found.kills, found.losses) == (0, sum(k.system_id == entity_id for k in killmails))
            continue
        assert found.losses == sum(k.victim[index] == entity_id for k in killmails)
        assert found.kills == sum(any(a[index] == entity_id for a in k.attackers) for k in killmails)
        seen = [k.killmail_time for k in killmails if entity_id in {p[index] for p in (k.victim, *k.attackers)}]
        assert found.last_seen_at == max(seen)


@settings(max_examples=examples(300))
@given(killmails=KILLMAILS, data=st.data())
def test_new_killmails_are_added_to_the_rows_of_the_others(killmails: list[Killmail], data: st.DataObject) -> None:
    count = data.draw(st.integers(0, len(killmails)))
    rows = participations(killmails[:count])
    together = with_more(rows, participations(killmails[count:]))
    if together is None:
        assert len({killmail.killmail_time for killmail in killmails}) < len(killmails)
    else:
        assert together == participations(killmails)


def test_two_killmails_of_one_time_do_not_tell_which_is_the_last() -> None:
    before = {("character", 1): Participation(1, 0, START, 98_000_001, 99_000_001)}
    same_place = {("character", 1): Participation(0, 1, START, 98_000_001, 99_000_001)}
    elsewhere = {("character", 1): Participation(0, 1, START, 98_000_002, None)}
    assert with_more(before, same_place) == {("character", 1): Participation(1, 1, START, 98_000_001, 99_000_001)}
    assert with_more(before, elsewhere) is None


@settings(max_examples=examples(100))
@given(killmails=KILLMAILS)
def test_more_killmails_take_nothing_away(killmails: list[Killmail]) -> None:
    everything = participations(killmails)
    for part in combinations(killmails, max(0, len(killmails) - 1)):
        for key, found in participations(part).items():
            assert found.kills <= everything[key].kills
            assert found.losses <= everything[key].losses
            assert found.last_seen_at <= everything[key].last_seen_at


def test_npcs_take_no_part() -> None:
    assert pilot(None, 1_000_125, None, 21_000) is None
    assert pilot(3_000_001, 98_000_001, None, None) is None


def test_a_player_in_an_npc_corporation_has_none() -> None:
    assert pilot(90_000_001, 1_000_169, None, 587) == Pilot(90_000_001, None, None, 587)


def test_a_structure_is_its_owner() -> None:
    assert pilot(None, 98_000_001, 99_000_001, 35_832) == Pilot(None, 98_000_001, 99_000_001, 35_832)
