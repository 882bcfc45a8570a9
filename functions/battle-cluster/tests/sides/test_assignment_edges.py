"""Side assignment at the exact limits of its rules, on evidence written by hand."""

from dataclasses import replace

from builders import attacker, kill, party, pilot
from edges import A, B, C, D, collect_own_side_shots, collect_shots, evidence, graph, is_merged, role_of_smallest_bloc

from battle_cluster.domain.killmail import Killmail, Party, PartyKind
from battle_cluster.sides.assignment import Role, _roles, assign
from battle_cluster.sides.correlation_clustering import _agglomerated, correlation_clusters, edge_weights, fit_weights
from battle_cluster.sides.defectors import awoxers, find_defectors
from battle_cluster.sides.fit import Fitting
from battle_cluster.sides.placement import calibrated_confidence, fit_standings
from battle_cluster.sides.priors import militias, prior_weights
from battle_cluster.sides.rules import DEFAULT_SIDE_RULES as RULES
from battle_cluster.sides.structural_balance import Bloc, blocs, enemy_profile_similarity, merge_by_common_enemy


def test_greatest_weight_is_merged_first_and_sums_decide_next() -> None:
    assert _agglomerated(graph(3, {(0, 1): 3.0, (1, 2): 2.5, (0, 2): -10.0})) == [0, 0, 2]
    assert _agglomerated(graph(3, {(0, 1): 3.0, (1, 2): 2.0, (0, 2): 2.0})) == [0, 0, 0]
    assert _agglomerated(graph(4, {(0, 1): 3.0, (2, 3): 2.0, (0, 2): -1.0, (1, 3): 0.5})) == [0, 0, 2, 2]
    assert _agglomerated(graph(3, {(1, 2): 1.0, (0, 1): -1.0})) == [0, 1, 1]


def test_parties_without_evidence_for_each_other_stay_apart() -> None:
    assert correlation_clusters(graph(3, {(0, 1): 1e-12})) == [[0], [1], [2]]
    assert _agglomerated(graph(3, {(0, 1): 5.0, (0, 2): -1.0, (1, 2): 1.0})) == [0, 0, 2]


def test_party_moves_to_a_cluster_that_fits_better() -> None:
    pulled = graph(5, {(0, 1): 3.0, (1, 2): 2.9, (1, 3): 2.9, (0, 2): -9.0, (0, 3): -9.0, (2, 3): 1.0})
    assert correlation_clusters(pulled) == [[0], [1, 2, 3], [4]]


def test_party_leaves_a_cluster_that_does_not_fit() -> None:
    graph_with_outlier = graph(4, {(0, 1): 3.0, (1, 2): 2.0, (0, 3): 6.0, (2, 3): -4.0, (0, 2): -1.0})
    assert correlation_clusters(graph_with_outlier) == [[0, 1, 3], [2]]


def test_prior_adds_to_the_weight_in_both_directions() -> None:
    built = evidence(2, {(0, 1): 1.0})
    with_prior = edge_weights(built, RULES, [{1: 0.1}, {0: 0.1}])
    assert with_prior[0][1] == with_prior[1][0] == -5.9


def test_similar_clusters_merge_only_when_they_attacked_together_more_than_each_other() -> None:
    assert not is_merged(RULES, 20, 75, 75, co_attack=20)
    assert is_merged(RULES, 20, 75, 75, co_attack=20.5)


def test_very_similar_clusters_merge_up_to_exactly_the_hard_share() -> None:
    assert is_merged(RULES, 15, 85, 85)
    assert not is_merged(RULES, 16, 84, 84)


def test_mutually_hostile_clusters_need_both_similarity_and_co_attack() -> None:
    assert not is_merged(RULES, 20, 60, 80, co_attack=90)
    assert not is_merged(RULES, 20, 75, 75)


def test_stray_hit_makes_no_common_enemy() -> None:
    stray = evidence(6, {(0, 2): 5.0, (1, 2): 5.0, (0, 3): 95.0, (1, 4): 95.0, (2, 5): 90.0})
    assert merge_by_common_enemy([[index] for index in range(6)], stray, RULES) == [[0], [1], [2], [3], [4], [5]]


def test_victims_of_one_enemy_merge() -> None:
    assert merge_by_common_enemy([[0], [1], [2]], evidence(3, {(0, 2): 5.0, (1, 2): 5.0}), RULES) == [[0, 1], [2]]


def test_most_similar_pair_merges_first() -> None:
    """A and B fight D; C fights D and E, and B, so that it cannot join them afterwards."""
    built = evidence(5, {(0, 3): 10.0, (1, 3): 10.0, (2, 3): 5.0, (2, 4): 5.0, (1, 2): 8.0})
    merged = merge_by_common_enemy([[index] for index in range(5)], built, RULES)
    assert merged == [[0, 1], [2], [3, 4]]


def test_hostility_inside_a_bloc_is_not_counted() -> None:
    built = evidence(3, {(0, 1): 2.0, (0, 2): 5.0, (1, 2): 3.0}, {(0, 1): 7.0, (1, 2): 1.0})
    first, second = blocs([[0, 1], [2]], built)
    assert (first.hostility, first.co_attack, first.total) == ({1: 8.0}, {1: 1.0}, 8.0)
    assert second.hostility == {0: 8.0}


def test_similarity_is_the_shared_part_of_hostility_and_zero_without_any() -> None:
    assert enemy_profile_similarity(Bloc((0,), {2: 3.0, 3: 1.0}, {}), Bloc((1,), {2: 1.0, 4: 1.0}, {})) == 0.5
    assert enemy_profile_similarity(Bloc((0,), {}, {}), Bloc((1,), {2: 1.0}, {})) == 0.0
    assert enemy_profile_similarity(Bloc((0,), {2: 1.0}, {}), Bloc((1,), {}, {})) == 0.0


def test_pilot_who_shot_only_the_own_ship_is_no_awoxer() -> None:
    assert awoxers(collect_shots([kill(1, 0, "A1", "A1")]), RULES) == ()
    assert awoxers(collect_shots([kill(1, 0, "A1", "A1 A2")]), RULES) == (pilot("A2"),)


def test_half_of_the_victims_make_an_awoxer_and_the_own_ship_does_not_count() -> None:
    killmails = [kill(1, 0, "A1", "A9"), kill(2, 1, "B1", "A9"), kill(3, 2, "A9", "A9")]
    assert awoxers(collect_shots(killmails), RULES) == (pilot("A9"),)
    assert awoxers(collect_shots([*killmails, kill(4, 3, "B2", "A9")]), RULES) == ()


def test_npcs_and_other_parties_are_no_awoxers() -> None:
    assert awoxers(collect_shots([kill(1, 0, "A1", "x B1 A2"), kill(2, 1, "B1", "A3")]), RULES) == (pilot("A2"),)


def loyal(killmails: int = 3) -> list[Killmail]:
    return [kill(n, n, f"B{n}", "A1 A2") for n in range(1, killmails + 1)]


def treason(by: str = "A70 A71 B8", victim: str = "C") -> list[Killmail]:
    return [kill(300 + n, n, f"{victim}{40 + n}", by) for n in range(3)]


SIDE_OF = {A: 1, C: 1, B: 2, D: 3}


def defectors_by_party(
    killmails: list[Killmail], side_of: dict[Party, int] | None = None
) -> dict[Party, tuple[int, frozenset[int]]]:
    shots, own_side_shots = collect_shots(killmails), collect_own_side_shots(killmails)
    defectors = find_defectors(own_side_shots, shots, side_of or SIDE_OF, RULES)
    return {group.party: (group.side, group.pilots) for group in defectors}


def test_defectors_attack_their_side_together_with_another() -> None:
    assert defectors_by_party([*loyal(), *treason()]) == {A: (2, frozenset({pilot("A70"), pilot("A71")}))}


def test_attack_on_the_own_side_alone_makes_no_defectors() -> None:
    assert defectors_by_party([*loyal(), *treason("A70 A71")]) == {}


def test_attack_on_the_own_party_makes_no_defectors() -> None:
    assert defectors_by_party([*loyal(), *treason(victim="A")]) == {}


def test_victim_on_no_side_makes_no_defectors() -> None:
    assert defectors_by_party([*loyal(), *treason(victim="E")]) == {}
    assert defectors_by_party([*loyal(), *(kill(300 + n, n, "x", "A70 A71 B8") for n in range(3))]) == {}


def test_attackers_on_no_side_make_no_defectors() -> None:
    assert defectors_by_party([*loyal(), *treason("A70 A71 E1 x")]) == {}


def test_defectors_join_the_most_frequent_side_or_on_a_tie_the_lower_one() -> None:
    mostly = [*treason("A70 A71 D1")[:2], *treason("A70 A71 B8")[2:]]
    assert defectors_by_party([*loyal(), *mostly])[A][0] == 3
    assert defectors_by_party([*loyal(), *treason("A70 A71 D1 B8")])[A][0] == 2


def test_party_without_loyal_pilots_is_not_split() -> None:
    assert defectors_by_party(treason()) == {}
    assert defectors_by_party([*loyal(2), *treason()]) == {}


def test_pilot_who_attacked_both_sides_equally_is_no_defector() -> None:
    both = [kill(400 + n, n, f"B{60 + n}", "A70 A71") for n in range(3)]
    assert defectors_by_party([*loyal(), *treason(), *both]) == {}


def test_shots_at_unassigned_parties_do_not_show_loyalty() -> None:
    strangers = [kill(n, n, f"E{n}", "A1 A2") for n in range(1, 4)]
    assert defectors_by_party([*strangers, *treason()]) == {}


def test_prior_counts_when_one_of_two_parties_is_on_few_killmails() -> None:
    caldari, gallente, amarr = (Party(PartyKind.FACTION, faction_id) for faction_id in (500_001, 500_004, 500_003))
    seen = replace(evidence(3, {(0, 1): 1.0, (1, 2): 1.0}), parties=(caldari, gallente, amarr), killmails=(9, 2, 9))
    assert prior_weights(seen, RULES) == [{1: -0.1}, {0: -0.1, 2: -0.1}, {1: -0.1}]
    few = replace(seen, killmails=(9, 9, 2))
    assert prior_weights(few, RULES) == [{2: 0.1}, {2: -0.1}, {0: 0.1, 1: -0.1}]


def test_each_militia_has_one_ally_and_two_enemies() -> None:
    caldari, minmatar, amarr, gallente, pirates = (
        Party(PartyKind.FACTION, faction_id) for faction_id in (500_001, 500_002, 500_003, 500_004, 500_010)
    )
    affinities = {
        (a.id % 100, b.id % 100): affinity for a, b, affinity in militias([caldari, minmatar, amarr, gallente])
    }
    assert affinities == {(1, 2): -1.0, (1, 3): 1.0, (1, 4): -1.0, (2, 3): -1.0, (2, 4): 1.0, (3, 4): -1.0}
    assert militias([pirates, caldari, Party(PartyKind.ALLIANCE, 500_004)]) == []


def test_confidence_is_the_margin_below_the_limit_and_rises_with_margin_and_mass_above_it() -> None:
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
    hostility: dict[tuple[int, int], float], co_attack: dict[tuple[int, int], float], *clusters: list[int]
) -> dict[int, float]:
    built = evidence(1 + max(party for cluster in clusters for party in cluster), hostility, co_attack)
    return {
        party: entry.margin
        for party, entry in fit_standings(
            Fitting(built, fit_weights(built, RULES), blocs(list(clusters), built)), RULES
        ).items()
    }


def test_margin_is_one_without_an_alternative() -> None:
    assert margins({}, {(0, 1): 1.0}, [0, 1]) == {0: 1.0, 1: 1.0}


def test_margin_is_zero_between_two_equal_blocs() -> None:
    by_party = margins({(1, 2): 9.0}, {(0, 1): 2.0, (0, 2): 2.0}, [0, 1], [2])
    assert by_party[0] == 0.0
    assert by_party[1] == 1.0


def test_margin_is_the_lead_relative_to_the_evidence_for_both() -> None:
    assert margins({(1, 2): 9.0}, {(0, 1): 3.0, (0, 2): 1.0}, [0, 1], [2])[0] == 0.5


def test_common_enemies_are_evidence_without_co_attack() -> None:
    by_party = margins({(0, 2): 4.0, (1, 2): 4.0}, {}, [0, 1], [2])
    assert by_party == {0: 1.0, 1: 1.0, 2: 1.0}
    assert margins({(0, 3): 4.0, (1, 3): 4.0, (2, 3): 4.0}, {}, [0, 1], [2], [3])[0] == 0.0


def test_small_bloc_is_a_third_party_only_with_a_small_margin() -> None:
    assert role_of_smallest_bloc(RULES) is Role.THIRD_PARTY
    assert role_of_smallest_bloc(RULES, margin=0.9) is Role.SIDE
    assert role_of_smallest_bloc(RULES, pilots=30) is Role.SIDE


def roles(*killmails: Killmail) -> dict[str, Role]:
    return {chr(m.party.id - 99_000_000): side.role for side in assign(killmails).sides for m in side.parties}


def duel(first: str, second: str, crew: int) -> list[Killmail]:
    first_pilots, second_pilots = (" ".join(f"{who}{n}" for n in range(1, crew)) for who in (first, second))
    base = 1000 * ord(first)
    return [kill(base + n, n, f"{second}{30 + n}", first_pilots) for n in range(3)] + [
        kill(base + 50 + n, n, f"{first}{30 + n}", second_pilots) for n in range(3)
    ]


def test_simultaneous_duels_have_no_third_party() -> None:
    sides = assign([*duel("A", "B", 5), *duel("C", "D", 5)])
    assert {side.role for side in sides.sides} == {Role.SIDE}
    assert [len(part) for part in sides.separate_groups] == [2, 2]


def test_losses_make_a_third_party_of_a_kill_stealer() -> None:
    shot = [kill(9000 + n, n, f"{'AB'[n % 2]}{60 + n}", "E1 E2") for n in range(6)]
    assert roles(*duel("A", "B", 9), *shot)["E"] is Role.KILL_STEALER
    assert (
        roles(*duel("A", "B", 9), *shot, kill(9900, 5, "E9", "A1 A2"), kill(9901, 6, "E8", "B1 B2"))["E"]
        is Role.THIRD_PARTY
    )


def test_pilot_without_a_party_has_no_side() -> None:
    sides = assign(duel("A", "B", 5))
    assert sides.side_of(None, pilot("A1")) is None
    assert sides.side_of(A, None) == sides.by_party[A]
    assert sides.side_of(party("Z"), 5) is None
    assert attacker("A1").party == A


def test_kills_by_allies_do_not_show_loyalty() -> None:
    allies = [kill(n, n, f"B{n}", "C1 C2") for n in range(1, 4)]
    assert defectors_by_party([*allies, *treason()]) == {}


def test_exactly_a_stray_share_of_hostility_makes_no_second_enemy() -> None:
    built = replace(evidence(3, {}), pilots=(50, 40, 10))
    all_blocs = [Bloc((0,), {1: 9.0, 2: 9.0}, {}), Bloc((1,), {0: 9.0}, {}), Bloc((2,), {0: 95.0, 1: 5.0}, {})]
    assert _roles(built, all_blocs, {0: 1.0, 1: 1.0, 2: 1.0}, RULES)[2] is Role.SIDE
