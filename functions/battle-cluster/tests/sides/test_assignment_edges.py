"""Sides exactly on their edges: evidence written down by hand, and what just tips it."""

from dataclasses import replace

from builders import attacker, kill, party, pilot
from edges import A, B, C, D, evidence, graph, merged, role

from battle_cluster.domain.killmail import Killmail, Party, PartyKind
from battle_cluster.sides.assignment import Role, Sides, _roles, assign, calibrated_confidence, confidence_margins
from battle_cluster.sides.correlation_clustering import _agglomerated, correlation_clusters, edge_weights
from battle_cluster.sides.defectors import awoxers, find_defectors
from battle_cluster.sides.priors import Prior, militias, prior_weights
from battle_cluster.sides.rules import DEFAULT_SIDE_RULES as RULES
from battle_cluster.sides.structural_balance import Bloc, blocs, enemy_profile_similarity, merge_by_common_enemy


def test_the_best_pair_is_joined_first_and_sums_decide_over_the_rest() -> None:
    assert _agglomerated(graph(3, {(0, 1): 3.0, (1, 2): 2.5, (0, 2): -10.0})) == [0, 0, 2]
    assert _agglomerated(graph(3, {(0, 1): 3.0, (1, 2): 2.0, (0, 2): 2.0})) == [0, 0, 0]
    assert _agglomerated(graph(4, {(0, 1): 3.0, (2, 3): 2.0, (0, 2): -1.0, (1, 3): 0.5})) == [0, 0, 2, 2]
    assert _agglomerated(graph(3, {(1, 2): 1.0, (0, 1): -1.0})) == [0, 1, 1]


def test_parties_without_evidence_for_each_other_stay_apart() -> None:
    assert correlation_clusters(graph(3, {(0, 1): 1e-12})) == [[0], [1], [2]]
    assert _agglomerated(graph(3, {(0, 1): 5.0, (0, 2): -1.0, (1, 2): 1.0})) == [0, 0, 2]


def test_a_party_moves_to_where_it_fits_better_than_where_the_best_pair_put_it() -> None:
    pulled = graph(5, {(0, 1): 3.0, (1, 2): 2.9, (1, 3): 2.9, (0, 2): -9.0, (0, 3): -9.0, (2, 3): 1.0})
    assert correlation_clusters(pulled) == [[0], [1, 2, 3], [4]]


def test_a_party_leaves_when_it_fits_nowhere() -> None:
    unloved = graph(4, {(0, 1): 3.0, (1, 2): 2.0, (0, 3): 6.0, (2, 3): -4.0, (0, 2): -1.0})
    assert correlation_clusters(unloved) == [[0, 1, 3], [2]]


def test_who_is_pinned_beside_an_enemy_s_ally_drives_nobody_away() -> None:
    held = evidence(3, {(0, 1): 5.0, (0, 2): 5.0}, {(1, 2): 1.0})
    pinned = edge_weights(held, RULES, {A: 1, B: 1})
    assert pinned[0][1] > 0
    assert 2 not in pinned[0]
    assert pinned[1][2] == pinned[2][1] == 1.0


def test_two_pins_of_different_numbers_are_kept_apart_whatever_they_did_together() -> None:
    held = evidence(3, {(0, 2): 5.0, (1, 2): 5.0}, {(0, 1): 9.0})
    assert edge_weights(held, RULES, {A: 1, B: 2})[0][1] < 0


def test_a_prior_adds_to_what_is_known_in_both_directions() -> None:
    held = evidence(2, {(0, 1): 1.0})
    with_prior = edge_weights(held, RULES, {}, [{1: 0.1}, {0: 0.1}])
    assert with_prior[0][1] == with_prior[1][0] == -5.9


def test_peace_ends_where_more_was_shot_at_each_other_than_together() -> None:
    assert not merged(RULES, 20, 75, 75, together=20)
    assert merged(RULES, 20, 75, 75, together=20.5)


def test_exactly_the_hard_share_is_still_peace_between_the_very_like() -> None:
    assert merged(RULES, 15, 85, 85)
    assert not merged(RULES, 16, 84, 84)


def test_both_of_likeness_and_common_kills_are_asked_of_who_shot_each_other() -> None:
    assert not merged(RULES, 20, 60, 80, together=90)
    assert not merged(RULES, 20, 75, 75)


def test_a_stray_hit_makes_no_common_enemy() -> None:
    stray = evidence(6, {(0, 2): 5.0, (1, 2): 5.0, (0, 3): 95.0, (1, 4): 95.0, (2, 5): 90.0})
    assert merge_by_common_enemy([[at] for at in range(6)], stray, graph(6, {}), RULES) == [
        [0],
        [1],
        [2],
        [3],
        [4],
        [5],
    ]


def test_who_is_kept_apart_is_not_merged_however_alike() -> None:
    held = evidence(3, {(0, 2): 5.0, (1, 2): 5.0})
    assert merge_by_common_enemy([[0], [1], [2]], held, graph(3, {}), RULES) == [[0, 1], [2]]
    assert merge_by_common_enemy([[0], [1], [2]], held, graph(3, {(0, 1): -1.0}), RULES) == [[0], [1], [2]]


def test_the_most_alike_merge_first() -> None:
    held = evidence(5, {(0, 3): 10.0, (1, 3): 10.0, (2, 3): 5.0, (2, 4): 5.0})
    assert merge_by_common_enemy([[at] for at in range(5)], held, graph(5, {(0, 2): 1.0}), RULES) == [
        [0, 1],
        [2],
        [3, 4],
    ]


def test_hostility_inside_a_bloc_is_no_bloc_s_enemy() -> None:
    held = evidence(3, {(0, 1): 2.0, (0, 2): 5.0, (1, 2): 3.0}, {(0, 1): 7.0, (1, 2): 1.0})
    first, second = blocs([[0, 1], [2]], held)
    assert (first.hostility, first.co_attack, first.total) == ({1: 8.0}, {1: 1.0}, 8.0)
    assert second.hostility == {0: 8.0}


def test_likeness_is_what_is_spent_on_the_same_enemies_and_nothing_without_any() -> None:
    assert enemy_profile_similarity(Bloc((0,), {2: 3.0, 3: 1.0}, {}), Bloc((1,), {2: 1.0, 4: 1.0}, {})) == 0.5
    assert enemy_profile_similarity(Bloc((0,), {}, {}), Bloc((1,), {2: 1.0}, {})) == 0.0
    assert enemy_profile_similarity(Bloc((0,), {2: 1.0}, {}), Bloc((1,), {}, {})) == 0.0


def test_who_shot_himself_is_no_awoxer() -> None:
    assert awoxers([kill(1, 0, "A1", "A1")], RULES) == ()
    assert awoxers([kill(1, 0, "A1", "A1 A2")], RULES) == (pilot("A2"),)


def test_half_of_the_victims_is_enough_and_shots_at_oneself_count_for_neither() -> None:
    mails = [kill(1, 0, "A1", "A9"), kill(2, 1, "B1", "A9"), kill(3, 2, "A9", "A9")]
    assert awoxers(mails, RULES) == (pilot("A9"),)
    assert awoxers([*mails, kill(4, 3, "B2", "A9")], RULES) == ()


def test_npcs_and_strangers_are_no_awoxers() -> None:
    assert awoxers([kill(1, 0, "A1", "x B1 A2"), kill(2, 1, "B1", "A3")], RULES) == (pilot("A2"),)


def loyal(mails: int = 3) -> list[Killmail]:
    return [kill(n, n, f"B{n}", "A1 A2") for n in range(1, mails + 1)]


def treason(by: str = "A70 A71 B8", victim: str = "C") -> list[Killmail]:
    return [kill(300 + n, n, f"{victim}{40 + n}", by) for n in range(3)]


SIDE_OF = {A: 1, C: 1, B: 2, D: 3}


def turned(mails: list[Killmail], side_of: dict[Party, int] | None = None) -> dict[Party, tuple[int, frozenset[int]]]:
    return {one.party: (one.side, one.pilots) for one in find_defectors(mails, side_of or SIDE_OF, RULES)}


def test_turncoats_are_those_who_shot_their_side_beside_another() -> None:
    assert turned([*loyal(), *treason()]) == {A: (2, frozenset({pilot("A70"), pilot("A71")}))}


def test_who_shot_his_own_side_alone_was_beside_nobody() -> None:
    assert turned([*loyal(), *treason("A70 A71")]) == {}


def test_who_shot_his_own_party_is_an_awoxer_and_no_turncoat() -> None:
    assert turned([*loyal(), *treason(victim="A")]) == {}


def test_a_victim_on_no_side_makes_no_turncoat() -> None:
    assert turned([*loyal(), *treason(victim="E")]) == {}
    assert turned([*loyal(), *(kill(300 + n, n, "x", "A70 A71 B8") for n in range(3))]) == {}


def test_attackers_on_no_side_are_no_company() -> None:
    assert turned([*loyal(), *treason("A70 A71 E1 x")]) == {}


def test_a_turncoat_goes_to_the_side_he_stood_beside_most_and_on_a_tie_to_the_lower() -> None:
    mostly = [*treason("A70 A71 D1")[:2], *treason("A70 A71 B8")[2:]]
    assert turned([*loyal(), *mostly])[A][0] == 3
    assert turned([*loyal(), *treason("A70 A71 D1 B8")])[A][0] == 2


def test_without_loyal_people_a_party_is_not_split_but_elsewhere() -> None:
    assert turned(treason()) == {}
    assert turned([*loyal(2), *treason()]) == {}


def test_who_shot_the_other_side_as_often_is_no_turncoat() -> None:
    both = [kill(400 + n, n, f"B{60 + n}", "A70 A71") for n in range(3)]
    assert turned([*loyal(), *treason(), *both]) == {}


def test_shots_at_strangers_are_no_proof_of_loyalty() -> None:
    strangers = [kill(n, n, f"E{n}", "A1 A2") for n in range(1, 4)]
    assert turned([*strangers, *treason()]) == {}


def test_a_prior_speaks_where_one_of_two_has_hardly_been_seen() -> None:
    seen = replace(evidence(3, {(0, 1): 1.0, (1, 2): 1.0}), killmails=(9, 2, 9))
    priors = [Prior(A, B, 5.0), Prior(A, C, 1.0), Prior(A, A, 1.0), Prior(A, D, 1.0), Prior(D, B, 1.0)]
    assert prior_weights(seen, priors, RULES) == [{1: 0.1}, {0: 0.1}, {}]
    assert prior_weights(seen, [Prior(A, B, -5.0)], RULES)[0] == {1: -0.1}
    twice = prior_weights(seen, [Prior(A, B, 1.0), Prior(B, A, 0.5)], RULES)
    assert round(twice[0][1], 6) == round(twice[1][0], 6) == 0.15


def test_each_militia_has_its_ally_and_its_enemies() -> None:
    caldari, minmatar, amarr, gallente, pirates = (
        Party(PartyKind.FACTION, one) for one in (500_001, 500_002, 500_003, 500_004, 500_010)
    )
    found = {(a.id % 100, b.id % 100): leaning for a, b, leaning in militias([caldari, minmatar, amarr, gallente])}
    assert found == {(1, 2): -1.0, (1, 3): 1.0, (1, 4): -1.0, (2, 3): -1.0, (2, 4): 1.0, (3, 4): -1.0}
    assert militias([pirates, caldari, Party(PartyKind.ALLIANCE, 500_004)]) == []


def test_below_the_threshold_a_confidence_is_the_bare_margin_and_above_it_rises_with_both() -> None:
    assert calibrated_confidence(0.19, 100.0, RULES) == 0.19
    assert (
        0.2
        <= calibrated_confidence(0.2, 0.0, RULES)
        < calibrated_confidence(0.2, 9.0, RULES)
        < calibrated_confidence(0.5, 9.0, RULES)
        < calibrated_confidence(1.0, 9.0, RULES)
    )
    assert calibrated_confidence(1.0, 1e6, RULES) == 1.0


def margins(
    hostility: dict[tuple[int, int], float], together: dict[tuple[int, int], float], *found: list[int]
) -> dict[int, float]:
    held = evidence(1 + max(at for bloc in found for at in bloc), hostility, together)
    return confidence_margins(held, edge_weights(held, RULES, {}), blocs(list(found), held), {})


def test_without_any_alternative_there_is_no_doubt() -> None:
    assert margins({}, {(0, 1): 1.0}, [0, 1]) == {0: 1.0, 1: 1.0}


def test_who_fits_two_blocs_equally_is_a_coin_toss() -> None:
    found = margins({(1, 2): 9.0}, {(0, 1): 2.0, (0, 2): 2.0}, [0, 1], [2])
    assert found[0] == 0.0
    assert found[1] == 1.0


def test_a_margin_is_the_lead_over_the_next_best_by_what_speaks_for_both() -> None:
    assert margins({(1, 2): 9.0}, {(0, 1): 3.0, (0, 2): 1.0}, [0, 1], [2])[0] == 0.5


def test_common_enemies_speak_for_a_bloc_one_never_shot_with() -> None:
    found = margins({(0, 2): 4.0, (1, 2): 4.0}, {}, [0, 1], [2])
    assert found == {0: 1.0, 1: 1.0, 2: 1.0}
    assert margins({(0, 3): 4.0, (1, 3): 4.0, (2, 3): 4.0}, {}, [0, 1], [2], [3])[0] == 0.0


def test_a_few_pilots_in_a_large_fight_are_a_third_party_only_where_it_is_unclear_or_they_shot_several() -> None:
    assert role(RULES) is Role.THIRD_PARTY
    assert role(RULES, margin=0.9) is Role.SIDE
    assert role(RULES, pilots=30) is Role.SIDE


def roles(*mails: Killmail) -> dict[str, Role]:
    return {chr(one.party.id - 99_000_000): side.role for side in assign(mails).sides for one in side.parties}


def duel(first: str, second: str, crew: int) -> list[Killmail]:
    ours, theirs = (" ".join(f"{who}{n}" for n in range(1, crew)) for who in (first, second))
    base = 1000 * ord(first)
    return [kill(base + n, n, f"{second}{30 + n}", ours) for n in range(3)] + [
        kill(base + 50 + n, n, f"{first}{30 + n}", theirs) for n in range(3)
    ]


def test_duels_beside_each_other_have_sides_only() -> None:
    found = assign([*duel("A", "B", 5), *duel("C", "D", 5)])
    assert {side.role for side in found.sides} == {Role.SIDE}
    assert [len(part) for part in found.separate_groups] == [2, 2]
    assert found.third_parties == ()


def test_who_lost_a_ship_and_shot_two_is_a_third_party_and_no_thief() -> None:
    shot = [kill(9000 + n, n, f"{'AB'[n % 2]}{60 + n}", "E1 E2") for n in range(6)]
    assert roles(*duel("A", "B", 9), *shot)["E"] is Role.KILL_STEALER
    assert (
        roles(*duel("A", "B", 9), *shot, kill(9900, 5, "E9", "A1 A2"), kill(9901, 6, "E8", "B1 B2"))["E"]
        is Role.THIRD_PARTY
    )


def test_a_pinned_number_is_kept_and_the_others_count_on_around_it() -> None:
    sides = assign([*duel("A", "B", 5)], pins={B: 1})
    assert sides.by_party == {A: 2, B: 1}
    assert assign(duel("A", "B", 5), pins={A: 7}).by_party == {A: 7, B: 1}


def test_two_pins_of_one_bloc_to_different_sides_part_it() -> None:
    mails = [kill(n, n, f"B{n}", "A1 A2 C1 C2") for n in range(4)]
    assert assign(mails, pins={A: 1, C: 2}).by_party[A] == 1
    assert assign(mails, pins={A: 1, C: 2}).by_party[C] == 2


def test_somebody_of_no_party_stands_nowhere() -> None:
    sides = assign(duel("A", "B", 5))
    assert sides.side_of(None, pilot("A1")) is None
    assert sides.side_of(A, None) == sides.by_party[A]
    assert sides.side_of(party("Z"), 5) is None
    assert Sides().third_parties == ()
    assert attacker("A1").party == A


def test_kills_of_others_are_no_proof_of_a_party_s_loyalty() -> None:
    allies = [kill(n, n, f"B{n}", "C1 C2") for n in range(1, 4)]
    assert turned([*allies, *treason()]) == {}


def test_exactly_a_stray_share_of_hostility_makes_no_second_enemy() -> None:
    held = replace(evidence(3, {}), pilots=(50, 40, 10))
    found = [Bloc((0,), {1: 9.0, 2: 9.0}, {}), Bloc((1,), {0: 9.0}, {}), Bloc((2,), {0: 95.0, 1: 5.0}, {})]
    assert _roles(held, found, {0: 1.0, 1: 1.0, 2: 1.0}, RULES)[2] is Role.SIDE
