"""One more mail costs the work of one mail, and the sums are those of all mails added at once."""

from random import Random

from builders import RULES, kill
from hypothesis import given
from hypothesis import strategies as st
from side_scenarios import SIDES, sides_scene
from test_clustering_properties import QUICK, evenings

from battle_cluster.detection.clustering import cluster
from battle_cluster.domain.killmail import Killmail
from battle_cluster.statistics.battle_aggregate import BattleAggregate
from battle_cluster.statistics.battle_report import build_report


@given(evenings(), st.randoms(use_true_random=False))
@QUICK
def test_added_in_any_order_and_asked_in_between_the_figures_are_those_of_one_batch(
    mails: list[Killmail], chance: Random
) -> None:
    known = {mail.killmail_id: mail for mail in mails}
    component = max(cluster(mails, RULES), key=lambda one: len(one.killmail_ids))
    members = [known[one] for one in component.killmail_ids]
    chance.shuffle(members)
    ledger = BattleAggregate()
    for mail in members:
        ledger.add([mail, mail])
        ledger.account(ledger.sides({}))
    assert build_report(component, known, ledger=ledger) == build_report(component, known)


def test_a_big_fight_filed_mail_by_mail_comes_to_the_same_sides_and_sums() -> None:
    name = next(name for name in SIDES if "friendly fire" in name)
    mails = sides_scene(name, 1).mails
    known = {mail.killmail_id: mail for mail in mails}
    component = max(cluster(mails, RULES), key=lambda one: len(one.killmail_ids))
    ledger = BattleAggregate()
    for killmail_id in Random(5).sample(component.killmail_ids, len(component.killmail_ids)):
        ledger.add([known[killmail_id]])
        ledger.account(ledger.sides({}))
    assert build_report(component, known, ledger=ledger) == build_report(component, known)


def test_a_ledger_with_a_mail_too_many_or_an_edited_one_is_not_gone_on_with() -> None:
    first, second, scrubbed = kill(1, 0, "B1", "A1 A2"), kill(2, 1, "B2", "A1"), kill(2, 1, "B2", "A2")
    ledger = BattleAggregate()
    ledger.add([first, second])
    assert ledger.is_subset_of({1: first, 2: second, 3: kill(3, 2, "B3", "A1")})
    assert not ledger.is_subset_of({1: first})
    assert not ledger.is_subset_of({1: first, 2: scrubbed})
