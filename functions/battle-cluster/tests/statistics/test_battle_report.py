"""An aggregate built killmail by killmail equals one that is built at once."""

from random import Random

from builders import RULES, kill
from hypothesis import given
from hypothesis import strategies as st
from killmail_strategies import QUICK, killmail_lists
from side_scenarios import SIDES, sides_scene

from battle_cluster.detection.clustering import cluster
from battle_cluster.domain.killmail import Killmail
from battle_cluster.edits.active_edits import side_pins
from battle_cluster.statistics.battle_report import BattleAggregate, build_report


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
