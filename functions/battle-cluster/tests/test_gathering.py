"""The questions a store is asked lead to the very components that clustering everything would give."""

from built import RULES
from hypothesis import given
from hypothesis import strategies as st
from test_clustering_properties import QUICK, evenings

from battle_cluster.battles import Kept, Place
from battle_cluster.clustering import Lines, cluster
from battle_cluster.filing import verdict
from battle_cluster.gathering import Gathering, Question
from battle_cluster.mails import Mail


class Stored:
    """A store of values: answers a question as the statements do, and files the verdict."""

    def __init__(self) -> None:
        self.kept: dict[int, Kept] = {}
        self.component_of: dict[int, str | None] = {}
        self.lines = Lines()

    def file(self, mail: Mail) -> None:
        arrived = Kept(mail, Place(mail.system_id, 1, "nullsec", historical=False))
        self.kept[mail.killmail_id] = arrived
        self.component_of[mail.killmail_id] = None
        gathering = Gathering(arrived, RULES, self.lines)
        while (question := gathering.question()) is not None:
            found = {one: self.component_of[one] for one in self._answer(question) - question.known}
            gathering.learn(found, {one: self.kept[one] for one in found})
        around = gathering.result()
        self.component_of.update(dict.fromkeys(around.core))
        for number, assigned in enumerate(verdict(around).assigned):
            name = assigned.battle_id or f"{mail.killmail_id}-{number}"
            self.component_of.update(dict.fromkeys(assigned.component.killmail_ids, name))

    def _answer(self, question: Question) -> set[int]:
        mails = [kept.mail for kept in self.kept.values()]
        hit = {m.killmail_id for m in mails for s in question.spans if _inside(m, s.system_id, s.start, s.end)}
        whole = question.components | {self.component_of[one] for one in hit}
        members = {one for one, own in self.component_of.items() if own is not None and own in whole}
        trailed = {
            m.killmail_id
            for m in mails
            for t in question.trails
            if t.pilots & m.pilot_ids and t.start <= m.time <= t.end
        }
        return hit | members | trailed

    def components(self) -> set[frozenset[int]]:
        named = {name for name in self.component_of.values() if name is not None}
        joined = {frozenset(one for one, own in self.component_of.items() if own == name) for name in named}
        return joined | {frozenset({one}) for one, own in self.component_of.items() if own is None}


def _inside(mail: Mail, system_id: int, start: int, end: int) -> bool:
    return mail.system_id == system_id and start <= mail.time <= end


@given(evenings(), st.randoms(use_true_random=False))
@QUICK
def test_filed_one_by_one_in_any_order_the_components_are_those_of_one_batch(mails: list[Mail], chance: object) -> None:
    arrival = list(mails)
    chance.shuffle(arrival)  # pyright: ignore[reportAttributeAccessIssue]  # hypothesis types it as object
    stored = Stored()
    for mail in arrival:
        stored.file(mail)
    assert stored.components() == {frozenset(component.killmail_ids) for component in cluster(mails, RULES)}
