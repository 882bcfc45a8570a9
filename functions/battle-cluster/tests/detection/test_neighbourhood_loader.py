"""The questions a store is asked lead to the very components that clustering everything would give."""

from unittest.mock import patch

import pytest
from builders import RULES, kill
from hypothesis import given, settings
from hypothesis import strategies as st
from test_clustering_properties import QUICK, evenings

from battle_cluster.detection import neighbourhood_loader
from battle_cluster.detection.clustering import TimelineCache, cluster
from battle_cluster.detection.neighbourhood_loader import BATCH_THRESHOLD, NeighbourhoodLoader, NeighbourhoodQuery
from battle_cluster.domain.battle import Location, StoredKillmail
from battle_cluster.domain.killmail import Killmail
from battle_cluster.edits.active_edits import ActiveEdits, Edit, EditKind
from battle_cluster.reconciliation.battle_identity import assign_components


class Stored:
    """A store of values: answers a question as the statements do, and files the verdict."""

    def __init__(self) -> None:
        self.kept: dict[int, StoredKillmail] = {}
        self.component_of: dict[int, str | None] = {}
        self.edits: list[Edit] = []
        self.lines = TimelineCache()
        self._filed = 0

    def file(self, *mails: Killmail) -> None:
        for mail in mails:
            self.kept[mail.killmail_id] = StoredKillmail(mail, Location(mail.system_id, 1, "nullsec", historical=False))
            self.component_of[mail.killmail_id] = None
        self.regroup({mail.killmail_id for mail in mails})

    def decide(self, edit: Edit) -> None:
        self.edits.append(edit)
        self.regroup(set(edit.killmail_ids) & self.kept.keys())

    def take_back(self, edit: Edit) -> None:
        self.edits.remove(edit)
        self.regroup(set(edit.killmail_ids) & self.kept.keys())

    def regroup(self, touched: set[int]) -> None:
        arrived, stored_in = ({one: known[one] for one in touched} for known in (self.kept, self.component_of))
        ours = NeighbourhoodLoader(
            arrived, RULES, self.lines, ActiveEdits(0, self.edits), stored_component_of=stored_in
        )
        while (question := ours.next_query()) is not None:
            found = {one: self.component_of[one] for one in self._answer(question) - question.loaded_ids}
            ours.add_results(found, {one: self.kept[one] for one in found})
        around = ours.result()
        self.component_of.update(dict.fromkeys(around.core))
        for assigned in assign_components(around).components:
            self._filed += 1
            name = assigned.battle_id or f"component {self._filed}"
            self.component_of.update(dict.fromkeys(assigned.component.killmail_ids, name))

    def _answer(self, question: NeighbourhoodQuery) -> set[int]:
        mails = [kept.killmail for kept in self.kept.values()]
        hit = {m.killmail_id for m in mails for s in question.spans if _inside(m, s.system_id, s.start, s.end)}
        if question.time_window is not None:
            hit |= {m.killmail_id for m in mails if question.time_window.contains(m.time, m.time)}
        whole = question.component_ids | {self.component_of[one] for one in hit}
        members = {one for one, own in self.component_of.items() if own is not None and own in whole}
        trailed = {
            m.killmail_id
            for m in mails
            for t in question.pilot_intervals
            if t.pilots & m.pilot_ids and t.start <= m.time <= t.end
        }
        return hit | members | trailed | (question.killmail_ids & self.kept.keys())

    def grouped(self) -> set[frozenset[int]]:
        """What one batch with the same edits would give."""
        mails = [kept.killmail for kept in self.kept.values()]
        constraints = ActiveEdits(0, self.edits).constraints(self.kept.keys())
        grouped = {frozenset(component.killmail_ids) for component in cluster(mails, RULES, constraints)}
        return grouped | {frozenset({one}) for one in constraints.excluded & self.kept.keys()}

    def components(self) -> set[frozenset[int]]:
        named = {name for name in self.component_of.values() if name is not None}
        joined = {frozenset(one for one, own in self.component_of.items() if own == name) for name in named}
        return joined | {frozenset({one}) for one, own in self.component_of.items() if own is None}


def _inside(mail: Killmail, system_id: int, start: int, end: int) -> bool:
    return mail.system_id == system_id and start <= mail.time <= end


@given(evenings(), st.randoms(use_true_random=False))
@QUICK
def test_filed_one_by_one_in_any_order_the_components_are_those_of_one_batch(
    mails: list[Killmail], chance: object
) -> None:
    arrival = list(mails)
    chance.shuffle(arrival)  # pyright: ignore[reportAttributeAccessIssue]  # hypothesis types it as object
    stored = Stored()
    for mail in arrival:
        stored.file(mail)
    assert stored.components() == stored.grouped()


@given(evenings(), st.integers(1, 9), st.sampled_from([1, 2, 4, BATCH_THRESHOLD]), st.sampled_from([1, -1]))
@settings(QUICK, max_examples=200)
def test_filed_in_batches_of_any_size_the_components_are_those_of_one_batch(
    mails: list[Killmail], size: int, many: int, way: int
) -> None:
    """`many` or more ask for all that happened around them."""
    stored = Stored()
    batches = [mails[start : start + size] for start in range(0, len(mails), size)]
    with patch.object(neighbourhood_loader, "MANY", many):
        for batch in batches[::way]:
            stored.file(*batch)
    assert stored.components() == stored.grouped()


@st.composite
def edits(draw: st.DrawFn, mails: list[Killmail]) -> Edit:
    kind = draw(st.sampled_from([EditKind.MERGE, EditKind.SPLIT, EditKind.EXCLUDE, EditKind.REMOVE_PILOT]))
    known = st.sampled_from([mail.killmail_id for mail in mails])
    named = draw(st.lists(known, min_size=1, max_size=4, unique=True))
    data = {}
    if kind is EditKind.SPLIT:
        data = {"groups": [named[::2], named[1::2]]}
    if kind is EditKind.REMOVE_PILOT:
        pilots = sorted({pilot for mail in mails if mail.killmail_id in named for pilot in mail.pilot_ids})
        data = {"characterId": draw(st.sampled_from(pilots or [1]))}
    return Edit(draw(st.integers(0, 10**9)), kind, tuple(named), data)


@given(evenings(), st.data())
@settings(QUICK, max_examples=150)
def test_edits_made_and_taken_back_at_any_moment_leave_what_one_batch_gives(
    mails: list[Killmail], data: st.DataObject
) -> None:
    """The result is a function of the set of mails and edits alone, whenever they came."""
    stored = Stored()
    for mail in data.draw(st.permutations(mails)):
        stored.file(mail)
        if data.draw(st.integers(0, 3)) == 0:
            stored.decide(data.draw(edits(mails)))
        if stored.edits and data.draw(st.integers(0, 5)) == 0:
            stored.take_back(data.draw(st.sampled_from(stored.edits)))
    assert stored.components() == stored.grouped()


@given(evenings(), st.data())
@QUICK
def test_grouped_anew_in_parts_nothing_changes(mails: list[Killmail], data: st.DataObject) -> None:
    stored = Stored()
    stored.file(*mails)
    before = stored.components()
    ordered = sorted(mails, key=lambda mail: (mail.time, mail.killmail_id))
    size = data.draw(st.integers(1, 9))
    for start in range(0, len(ordered), size):
        stored.regroup({mail.killmail_id for mail in ordered[start : start + size]})
    assert stored.components() == before


def test_one_mail_among_many_asks_for_its_own_surroundings_and_not_for_all_that_happened(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A fight of hundreds is no reason to read everything that was lost anywhere in that hour."""
    stored = Stored()
    stored.file(*(kill(at, at / 60, f"B{at % 9}", f"A{at % 7} A{at % 5}") for at in range(1, BATCH_THRESHOLD + 20)))
    asked: list[NeighbourhoodQuery] = []
    answer = stored._answer

    def watched(question: NeighbourhoodQuery) -> set[int]:
        asked.append(question)
        return answer(question)

    monkeypatch.setattr(stored, "_answer", watched)
    stored.file(kill(BATCH_THRESHOLD + 30, 2.2, "B1", "A1 A2"))
    assert asked
    assert all(question.time_window is None for question in asked)
