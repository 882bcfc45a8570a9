"""An aggregate built killmail by killmail equals one that is built at once."""

from random import Random

from builders import RULES, kill, totals
from hypothesis import given
from hypothesis import strategies as st
from killmail_strategies import QUICK, killmail_lists
from side_scenarios import SIDES, sides_scene

from battle_cluster.detection.clustering import cluster
from battle_cluster.domain.killmail import Killmail
from battle_cluster.edits.active_edits import side_pins
from battle_cluster.sides.assignment import Role, Side, Sides
from battle_cluster.statistics.battle_report import BattleAggregate, build_report
from battle_cluster.statistics.battle_totals import TotalsAccumulator


@given(killmail_lists(), st.randoms(use_true_random=False))
@QUICK
def test_report_is_independent_of_order_and_of_earlier_reports(killmails: list[Killmail], rng: Random) -> None:
    by_id = {killmail.killmail_id: killmail for killmail in killmails}
    component = max(cluster(killmails, RULES), key=lambda component: len(component.killmail_ids))
    members = [by_id[killmail_id] for killmail_id in component.killmail_ids]
    rng.shuffle(members)
    aggregate = BattleAggregate()
    for killmail in members:
        aggregate.add([killmail, killmail])
        aggregate.totals(aggregate.sides(side_pins(())))
    assert build_report(component, by_id, aggregate=aggregate) == build_report(component, by_id)


@given(killmail_lists(), st.data())
@QUICK
def test_totals_follow_killmails_and_any_sides_as_if_computed_at_once(
    killmails: list[Killmail], data: st.DataObject
) -> None:
    accumulator = TotalsAccumulator()
    for end in range(1, len(killmails) + 1):
        accumulator.add(killmails[end - 1])
        sides = _any_sides(killmails, data.draw)
        assert accumulator.totals(sides) == totals(killmails[:end], sides)


def _any_sides(killmails: list[Killmail], draw: st.DrawFn) -> Sides:
    """Up to three sides with parties, pilots of other sides and awoxers by chance."""
    people = sorted({pair for killmail in killmails for pair in killmail.participants_by_party})
    number = st.integers(1, 3)
    parties = st.sampled_from(sorted({party for killmail in killmails for party in killmail.party_ids}))
    by_party = draw(st.dictionaries(parties, number, max_size=4))
    by_pilot = draw(st.dictionaries(st.sampled_from(people), number, max_size=2)) if people else {}
    awoxers = draw(st.lists(st.sampled_from([pilot for _, pilot in people]), max_size=2)) if people else []
    sides = tuple(Side(side_id, Role.SIDE, ()) for side_id in (1, 2, 3))
    return Sides(sides, by_party=by_party, by_pilot=by_pilot, awoxers=tuple(awoxers))


def test_large_battle_built_killmail_by_killmail_has_the_same_report() -> None:
    name = next(name for name in SIDES if "friendly fire" in name)
    killmails = sides_scene(name, 1).killmails
    by_id = {killmail.killmail_id: killmail for killmail in killmails}
    component = max(cluster(killmails, RULES), key=lambda component: len(component.killmail_ids))
    aggregate = BattleAggregate()
    for killmail_id in Random(5).sample(component.killmail_ids, len(component.killmail_ids)):
        aggregate.add([by_id[killmail_id]])
        aggregate.totals(aggregate.sides(side_pins(())))
    assert build_report(component, by_id, aggregate=aggregate) == build_report(component, by_id)


def test_aggregate_with_an_extra_or_an_edited_killmail_is_no_subset() -> None:
    first, second, without_pilot = kill(1, 0, "B1", "A1 A2"), kill(2, 1, "B2", "A1"), kill(2, 1, "B2", "A2")
    aggregate = BattleAggregate()
    aggregate.add([first, second])
    assert aggregate.is_subset_of({1: first, 2: second, 3: kill(3, 2, "B3", "A1")})
    assert not aggregate.is_subset_of({1: first})
    assert not aggregate.is_subset_of({1: first, 2: without_pilot})
