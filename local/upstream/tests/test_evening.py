"""The invented evening: repeatable, whole, true to the figures of real data, and honest about its truth."""

from collections import Counter
from datetime import UTC, datetime
from statistics import median
from typing import Any

import pytest

from battlescope_upstream.catalogue import CAPSULE
from battlescope_upstream.killmail import killmail_hash
from battlescope_upstream.simulation.feed import SimulatedFeed, simulate_feed
from battlescope_upstream.simulation.population import Pilot, party_of

Body = dict[str, Any]


@pytest.fixture(scope="module")
def bodies(evening: SimulatedFeed) -> list[Body]:
    return [mail.body() for mail in evening.killmails]


@pytest.fixture(scope="module")
def pvp(bodies: list[Body]) -> list[Body]:
    return [body for body in bodies if _players(body)]


def _players(body: Body) -> list[Body]:
    return [attacker for attacker in body["attackers"] if "character_id" in attacker]


def _party(row: Body) -> int:
    columns = ("character_id", "corporation_id", "alliance_id", "faction_id")
    return party_of(Pilot(*(row.get(column) for column in columns)))


def test_same_seed_same_bytes() -> None:
    first, second, other = simulate_feed(3, 450), simulate_feed(3, 450), simulate_feed(4, 450)
    assert [mail.esi for mail in first.killmails] == [mail.esi for mail in second.killmails]
    assert first.truth == second.truth
    assert [mail.esi for mail in first.killmails] != [mail.esi for mail in other.killmails]


@pytest.mark.parametrize("mails", [40, 450, 1500, 3200])
def test_as_many_mails_as_asked_in_order_of_time_and_id(mails: int) -> None:
    evening = simulate_feed(5, mails, datetime(2026, 10, 1, 18, tzinfo=UTC))
    assert len(evening.killmails) == mails
    order = [(mail.killed_at, mail.killmail_id) for mail in evening.killmails]
    assert order == sorted(order)
    assert len({mail.killmail_id for mail in evening.killmails}) == mails
    assert evening.killmails[0].body()["killmail_time"] == "2026-10-01T18:00:00Z"


def test_damage_adds_up_and_one_attacker_has_the_final_blow(bodies: list[Body]) -> None:
    for body in bodies:
        assert sum(a["damage_done"] for a in body["attackers"]) == body["victim"]["damage_taken"]
        assert sum(a["final_blow"] for a in body["attackers"]) == 1
        pilots = [a["character_id"] for a in _players(body)]
        assert len(set(pilots)) == len(pilots)


def test_hashes_belong_to_their_bodies(evening: SimulatedFeed) -> None:
    assert all(mail.hash == killmail_hash(mail.body()) for mail in evening.killmails)


def test_every_field_of_esi_occurs_and_the_optional_ones_are_missing_at_times(bodies: list[Body]) -> None:
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


def test_shares_of_real_data(bodies: list[Body], pvp: list[Body]) -> None:
    count = len(pvp)
    capsules = sum(body["victim"]["ship_type_id"] == CAPSULE for body in pvp)
    assert 1 - count / len(bodies) == pytest.approx(0.142, abs=0.02)
    assert capsules / count == pytest.approx(0.29, abs=0.05)
    assert sum("alliance_id" not in b["victim"] for b in pvp) / count == pytest.approx(0.33, abs=0.12)
    npc_corporation = sum(b["victim"]["corporation_id"] < 2_000_000 for b in pvp)
    assert npc_corporation / count == pytest.approx(0.14, abs=0.07)
    assert sum("faction_id" in b["victim"] for b in pvp) / count == pytest.approx(0.073, abs=0.06)
    assert sum(not b["victim"]["items"] for b in bodies) / len(bodies) == pytest.approx(0.27, abs=0.08)


def test_attackers_as_in_real_data(pvp: list[Body]) -> None:
    counts = sorted(len(_players(body)) for body in pvp)
    assert median(counts) == 2
    assert 8 <= counts[len(counts) * 9 // 10] <= 15
    assert counts.count(1) / len(counts) == pytest.approx(0.44, abs=0.09)
    company = sum(len(_players(b)) < len(b["attackers"]) for b in pvp)
    assert company / len(pvp) == pytest.approx(0.14, abs=0.05)
    rows = [a for body in pvp for a in body["attackers"]]
    assert sum(a["damage_done"] == 0 for a in rows) / len(rows) == pytest.approx(0.24, abs=0.06)
    assert sum("ship_type_id" not in a for a in rows) / len(rows) == pytest.approx(0.012, abs=0.008)
    assert sum("weapon_type_id" not in a for a in rows) / len(rows) == pytest.approx(0.024, abs=0.01)


def test_sizes_of_ordinary_fights_as_in_real_data() -> None:
    sizes: list[int] = []
    for seed in range(4):
        truth = simulate_feed(seed).truth
        mails = Counter(fight for fight in truth.fight_of.values() if fight)
        sizes += [mails[n] for n, fight in truth.fights.items() if fight.kind in {"solo", "brawl"}]
    assert sizes.count(1) / len(sizes) == pytest.approx(0.458, abs=0.06)
    assert sizes.count(2) / len(sizes) == pytest.approx(0.337, abs=0.06)
    assert sum(size >= 10 for size in sizes) / len(sizes) == pytest.approx(141 / 4121, abs=0.03)


def test_losses_spread_over_many_hulls(evening: SimulatedFeed) -> None:
    hulls = {mail.body()["victim"]["ship_type_id"] for mail in evening.killmails}
    assert len(hulls) > 80
    assert CAPSULE in hulls


def test_every_kind_of_trap_is_there(evening: SimulatedFeed) -> None:
    kinds = Counter(evening.truth.kind_of.values())
    assert kinds.keys() == {
        "opening", "solo", "brawl", "fleet", "third-party", "running", "reship", "militia", "camp", "siege", "gank",
        "concord", "awox", "ejection", "deployable", "noise",
    }  # fmt: skip
    assert 150 <= kinds["fleet"] <= 250


def test_the_opening_fight_is_among_the_first_forty_mails(evening: SimulatedFeed) -> None:
    first = [evening.truth.kind_of[mail.killmail_id] for mail in evening.killmails[:40]]
    assert first.count("opening") >= 15
    assert evening.killmails[39].killed_at - evening.killmails[0].killed_at < 30 * 60


def test_truth_knows_the_side_of_everybody_in_a_fight(evening: SimulatedFeed) -> None:
    for mail in evening.killmails:
        fight = evening.truth.fight_of[mail.killmail_id]
        if fight is None:
            continue
        body, sides = mail.body(), evening.truth.fights[fight].sides
        shooters = {sides[_party(attacker)] for attacker in _players(body)}
        own_fire = evening.truth.fights[fight].kind == "awox"
        assert (sides[_party(body["victim"])] in shooters) == own_fire


def test_what_is_no_fight_has_no_truth(evening: SimulatedFeed) -> None:
    without = {evening.truth.kind_of[key] for key, fight in evening.truth.fight_of.items() if fight is None}
    assert without == {"noise", "concord", "ejection", "deployable"}


def test_three_sides_three_systems_and_a_lull(evening: SimulatedFeed) -> None:
    truth = evening.truth
    by_kind = {fight.kind: fight for fight in truth.fights.values()}
    assert set(by_kind["third-party"].sides.values()) == {0, 1, 2}
    of = {
        kind: [m for m in evening.killmails if truth.kind_of[m.killmail_id] == kind] for kind in ("running", "reship")
    }
    assert len({mail.body()["solar_system_id"] for mail in of["running"]}) == 3
    gaps = [later.killed_at - earlier.killed_at for earlier, later in zip(of["reship"], of["reship"][1:], strict=False)]
    assert 15 * 60 < max(gaps) < 30 * 60


def test_nobody_fights_in_two_fights_at_once(evening: SimulatedFeed) -> None:
    seen: dict[int, tuple[int, int]] = {}
    for mail in evening.killmails:
        fight = evening.truth.fight_of[mail.killmail_id]
        if fight is None:
            continue
        for pilot in (row["character_id"] for row in _players(mail.body())):
            at, last = seen.get(pilot, (0, fight))
            assert last == fight or mail.killed_at - at > 30 * 60
            seen[pilot] = mail.killed_at, fight
