"""The simulated feed: repeatable, complete, with the figures of real data and a correct ground truth."""

from collections import Counter
from datetime import UTC, datetime
from itertools import pairwise
from statistics import median
from typing import Any

import pytest

from battlescope_upstream.catalogue import CAPSULE
from battlescope_upstream.killmail import killmail_hash
from battlescope_upstream.simulation.feed import SimulatedFeed, simulate_feed
from battlescope_upstream.simulation.population import Pilot, party_of

Body = dict[str, Any]


@pytest.fixture(scope="module")
def bodies(simulated_feed: SimulatedFeed) -> list[Body]:
    return [killmail.body() for killmail in simulated_feed.killmails]


@pytest.fixture(scope="module")
def pvp(bodies: list[Body]) -> list[Body]:
    return [body for body in bodies if _players(body)]


def _players(body: Body) -> list[Body]:
    return [attacker for attacker in body["attackers"] if "character_id" in attacker]


def _party(row: Body) -> int:
    columns = ("character_id", "corporation_id", "alliance_id", "faction_id")
    return party_of(Pilot(*(row.get(column) for column in columns)))


def test_same_seed_gives_same_bytes() -> None:
    first, other, second = simulate_feed(3, 450), simulate_feed(4, 450), simulate_feed(3, 450)  # the other one between:
    # the people of the last seed are kept
    assert [killmail.esi for killmail in first.killmails] == [killmail.esi for killmail in second.killmails]
    assert first.truth == second.truth
    assert [killmail.esi for killmail in first.killmails] != [killmail.esi for killmail in other.killmails]


@pytest.mark.parametrize("count", [40, 450, 1500, 3200])
def test_exact_number_of_killmails_in_order_of_time_and_id(count: int) -> None:
    killmails = simulate_feed(5, count, datetime(2026, 10, 1, 18, tzinfo=UTC)).killmails
    assert len(killmails) == count
    order = [(killmail.killed_at, killmail.killmail_id) for killmail in killmails]
    assert order == sorted(order)
    assert len({killmail.killmail_id for killmail in killmails}) == count
    assert killmails[0].body()["killmail_time"] == "2026-10-01T18:00:00Z"


def test_damage_adds_up_and_one_attacker_has_the_final_blow(bodies: list[Body]) -> None:
    for body in bodies:
        assert sum(a["damage_done"] for a in body["attackers"]) == body["victim"]["damage_taken"]
        assert sum(a["final_blow"] for a in body["attackers"]) == 1
        pilots = [a["character_id"] for a in _players(body)]
        assert len(set(pilots)) == len(pilots)


def test_hash_matches_the_body(simulated_feed: SimulatedFeed) -> None:
    assert all(killmail.hash == killmail_hash(killmail.body()) for killmail in simulated_feed.killmails)


def test_all_esi_fields_occur_and_optional_ones_are_sometimes_absent(bodies: list[Body]) -> None:
    optional = {"war_id", "moon_id"}
    assert optional < {key for body in bodies for key in body}
    assert all(
        {"attackers", "killmail_id", "killmail_time", "solar_system_id", "victim"} <= body.keys() for body in bodies
    )
    rows = [a for body in bodies for a in body["attackers"]]
    for column in ("alliance_id", "character_id", "corporation_id", "faction_id", "ship_type_id", "weapon_type_id"):
        assert 0 < sum(column in row for row in rows) < len(rows), column
    items = [item for body in bodies for item in body["victim"]["items"]]
    assert any("items" in item for item in items)
    assert any("character_id" not in body["victim"] for body in bodies)
    assert {type(row["security_status"]) for row in rows} == {int, float}


def test_shares_match_real_data(bodies: list[Body], pvp: list[Body]) -> None:
    count = len(pvp)
    capsules = sum(body["victim"]["ship_type_id"] == CAPSULE for body in pvp)
    assert 1 - count / len(bodies) == pytest.approx(0.142, abs=0.02)
    assert capsules / count == pytest.approx(0.29, abs=0.05)
    assert sum("alliance_id" not in b["victim"] for b in pvp) / count == pytest.approx(0.33, abs=0.12)
    npc_corporation = sum(b["victim"]["corporation_id"] < 2_000_000 for b in pvp)
    assert npc_corporation / count == pytest.approx(0.14, abs=0.07)
    assert sum("faction_id" in b["victim"] for b in pvp) / count == pytest.approx(0.073, abs=0.06)
    assert sum(not b["victim"]["items"] for b in bodies) / len(bodies) == pytest.approx(0.27, abs=0.08)


def test_attackers_match_real_data(pvp: list[Body]) -> None:
    counts = sorted(len(_players(body)) for body in pvp)
    assert median(counts) == 2
    assert 8 <= counts[len(counts) * 9 // 10] <= 15
    assert counts.count(1) / len(counts) == pytest.approx(0.44, abs=0.09)
    with_npcs = sum(len(_players(b)) < len(b["attackers"]) for b in pvp)
    assert with_npcs / len(pvp) == pytest.approx(0.14, abs=0.05)
    rows = [a for body in pvp for a in body["attackers"]]
    assert sum(a["damage_done"] == 0 for a in rows) / len(rows) == pytest.approx(0.24, abs=0.06)
    assert sum("ship_type_id" not in a for a in rows) / len(rows) == pytest.approx(0.012, abs=0.008)
    assert sum("weapon_type_id" not in a for a in rows) / len(rows) == pytest.approx(0.024, abs=0.01)


def test_sizes_of_ordinary_fights_match_real_data() -> None:
    sizes: list[int] = []
    for seed in range(4):
        truth = simulate_feed(seed).truth
        killmail_counts = Counter(fight for fight in truth.fight_of.values() if fight)
        sizes += [killmail_counts[n] for n, fight in truth.fights.items() if fight.kind in {"solo", "brawl"}]
    assert sizes.count(1) / len(sizes) == pytest.approx(0.458, abs=0.06)
    assert sizes.count(2) / len(sizes) == pytest.approx(0.337, abs=0.06)
    assert sum(size >= 10 for size in sizes) / len(sizes) == pytest.approx(141 / 4121, abs=0.03)


def test_losses_spread_over_many_hulls(simulated_feed: SimulatedFeed) -> None:
    hulls = {killmail.body()["victim"]["ship_type_id"] for killmail in simulated_feed.killmails}
    assert len(hulls) > 80
    assert CAPSULE in hulls


def test_every_kind_of_special_scene_occurs(simulated_feed: SimulatedFeed) -> None:
    kinds = Counter(simulated_feed.truth.kind_of.values())
    assert kinds.keys() == {
        "opening", "solo", "brawl", "fleet", "third-party", "running", "reship", "militia", "camp", "siege", "gank",
        "concord", "awox", "ejection", "deployable", "noise",
    }  # fmt: skip
    assert 150 <= kinds["fleet"] <= 250


def test_opening_fight_is_among_the_first_forty_killmails(simulated_feed: SimulatedFeed) -> None:
    first_kinds = [simulated_feed.truth.kind_of[killmail.killmail_id] for killmail in simulated_feed.killmails[:40]]
    assert first_kinds.count("opening") >= 15
    assert simulated_feed.killmails[39].killed_at - simulated_feed.killmails[0].killed_at < 30 * 60


def test_truth_contains_the_side_of_every_party_in_a_fight(simulated_feed: SimulatedFeed) -> None:
    for killmail in simulated_feed.killmails:
        fight = simulated_feed.truth.fight_of[killmail.killmail_id]
        if fight is None:
            continue
        body, sides = killmail.body(), simulated_feed.truth.fights[fight].sides
        attacker_sides = {sides[_party(attacker)] for attacker in _players(body)}
        is_awox = simulated_feed.truth.fights[fight].kind == "awox"
        assert (sides[_party(body["victim"])] in attacker_sides) == is_awox


def test_killmails_outside_fights_have_no_fight_in_the_truth(simulated_feed: SimulatedFeed) -> None:
    truth = simulated_feed.truth
    kinds = {truth.kind_of[killmail_id] for killmail_id, fight in truth.fight_of.items() if fight is None}
    assert kinds == {"noise", "concord", "ejection", "deployable"}


def test_special_fights_have_three_sides_three_systems_and_a_gap(simulated_feed: SimulatedFeed) -> None:
    truth = simulated_feed.truth
    by_kind = {fight.kind: fight for fight in truth.fights.values()}
    assert set(by_kind["third-party"].sides.values()) == {0, 1, 2}
    running, reship = (
        [k for k in simulated_feed.killmails if truth.kind_of[k.killmail_id] == kind] for kind in ("running", "reship")
    )
    assert len({killmail.body()["solar_system_id"] for killmail in running}) == 3
    gaps = [later.killed_at - earlier.killed_at for earlier, later in pairwise(reship)]
    assert 15 * 60 < max(gaps) < 30 * 60


def test_no_pilot_is_in_two_fights_at_once(simulated_feed: SimulatedFeed) -> None:
    last_fights: dict[int, tuple[int, int]] = {}
    for killmail in simulated_feed.killmails:
        fight = simulated_feed.truth.fight_of[killmail.killmail_id]
        if fight is None:
            continue
        for pilot in (row["character_id"] for row in _players(killmail.body())):
            timestamp, last_fight = last_fights.get(pilot, (0, fight))
            assert last_fight == fight or killmail.killed_at - timestamp > 30 * 60
            last_fights[pilot] = killmail.killed_at, fight
