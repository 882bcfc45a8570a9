"""The queries of the loader lead to exactly the components that clustering all killmails gives."""

from random import Random
from unittest.mock import patch

import pytest
from builders import FAR, RULES, kill
from hypothesis import given, settings
from hypothesis import strategies as st
from killmail_strategies import QUICK, killmail_lists

from battle_cluster.detection import neighbourhood_strategies
from battle_cluster.detection.clustering import TimelineCache, cluster
from battle_cluster.detection.neighbourhood_loader import NeighbourhoodQuery, PrefetchHint
from battle_cluster.detection.neighbourhood_strategies import BATCH_THRESHOLD, choose_loader
from battle_cluster.domain.killmail import Killmail
from battle_cluster.edits.active_edits import ActiveEdits, Edit, EditKind
from battle_cluster.reconciliation.battle_identity import assign_components
from battlescope_local.testing.examples import examples


class InMemoryDatabase:
    """Answers a query as the SQL statements do, and stores the assigned components."""

    def __init__(self) -> None:
        self.killmails: dict[int, Killmail] = {}
        self.component_of: dict[int, str | None] = {}
        self.edits: list[Edit] = []
        self.timeline_cache = TimelineCache()
        self.hints: dict[int, PrefetchHint | None] = {}
        self.queries_of_last: int = 0
        self._component_count = 0

    def add(self, *killmails: Killmail) -> None:
        for killmail in killmails:
            self.killmails[killmail.killmail_id] = killmail
            self.component_of[killmail.killmail_id] = None
        self.regroup({killmail.killmail_id for killmail in killmails})

    def add_edit(self, edit: Edit) -> None:
        self.edits.append(edit)
        self.regroup(set(edit.killmail_ids) & self.killmails.keys())

    def undo_edit(self, edit: Edit) -> None:
        self.edits.remove(edit)
        self.regroup(set(edit.killmail_ids) & self.killmails.keys())

    def regroup(self, seed_ids: set[int]) -> None:
        seeds = {killmail_id: self.killmails[killmail_id] for killmail_id in seed_ids}
        system = min(seed.system_id for seed in seeds.values()) if len(seeds) == 1 else 0
        loader = choose_loader(
            seeds,
            RULES,
            self.timeline_cache,
            ActiveEdits(0, self.edits),
            stored_component_of={killmail_id: self.component_of[killmail_id] for killmail_id in seed_ids},
            hint=self.hints.get(system),
        )
        self.queries_of_last = 0
        while (query := loader.next_query()) is not None:
            self.queries_of_last += 1
            new_ids = self.find(query) - query.loaded_ids
            components = {killmail_id: self.component_of[killmail_id] for killmail_id in new_ids}
            loader.add_results(components, {killmail_id: self.killmails[killmail_id] for killmail_id in new_ids})
        if system:
            self.hints[system] = loader.hint()
        neighbourhood = loader.result()
        self.component_of.update(dict.fromkeys(neighbourhood.core))
        for assigned in assign_components(neighbourhood).components:
            self._component_count += 1
            component_id = assigned.battle_id or f"component {self._component_count}"
            self.component_of.update(dict.fromkeys(assigned.component.killmail_ids, component_id))

    def find(self, query: NeighbourhoodQuery) -> set[int]:
        killmails = list(self.killmails.values())
        direct = {
            killmail.killmail_id
            for killmail in killmails
            for interval in query.system_intervals
            if _is_inside(killmail, interval.system_id, interval.start, interval.end)
        }
        if query.time_window is not None:
            direct |= {k.killmail_id for k in killmails if query.time_window.contains(k.time, k.time)}
        component_ids = query.component_ids | {self.component_of[killmail_id] for killmail_id in direct}
        members = {
            killmail_id
            for killmail_id, component_id in self.component_of.items()
            if component_id is not None and component_id in component_ids
        }
        by_pilots = {
            killmail.killmail_id
            for killmail in killmails
            for interval in query.pilot_intervals
            if interval.pilots & killmail.pilot_ids and interval.start <= killmail.time <= interval.end
        }
        return direct | members | by_pilots | (query.killmail_ids & self.killmails.keys())

    def expected_components(self) -> set[frozenset[int]]:
        """The components of all killmails clustered at once with the same edits."""
        killmails = list(self.killmails.values())
        constraints = ActiveEdits(0, self.edits).constraints(self.killmails.keys())
        components = {frozenset(component.killmail_ids) for component in cluster(killmails, RULES, constraints)}
        return components | {frozenset({killmail_id}) for killmail_id in constraints.excluded & self.killmails.keys()}

    def stored_components(self) -> set[frozenset[int]]:
        component_ids = {component_id for component_id in self.component_of.values() if component_id is not None}
        components = {
            frozenset(killmail_id for killmail_id, component_id in self.component_of.items() if component_id == stored)
            for stored in component_ids
        }
        single = {frozenset({killmail_id}) for killmail_id, stored in self.component_of.items() if stored is None}
        return components | single


def _is_inside(killmail: Killmail, system_id: int, start: int, end: int) -> bool:
    return killmail.system_id == system_id and start <= killmail.time <= end


@given(killmail_lists(), st.randoms(use_true_random=False))
@QUICK
def test_killmails_one_by_one_in_any_order_give_the_components_of_one_batch(
    killmails: list[Killmail], rng: Random
) -> None:
    arrivals = list(killmails)
    rng.shuffle(arrivals)
    database = InMemoryDatabase()
    for killmail in arrivals:
        database.add(killmail)
    assert database.stored_components() == database.expected_components()


def test_next_killmail_of_a_system_is_loaded_by_one_query() -> None:
    """Also where a pilot of the fight was seen on a killmail of strangers, in a system without a route."""
    database = InMemoryDatabase()
    database.add(kill(1, 0, "C1", "D1 D2", system=FAR), kill(2, 0.5, "C2", "D2", system=FAR))
    database.add(kill(3, 1, "B1", "A1 D1"))
    assert database.queries_of_last > 1
    database.add(kill(4, 2, "B2", "A1 A2"))
    assert database.queries_of_last == 1
    assert database.stored_components() == database.expected_components()


@given(killmail_lists(), st.integers(1, 9), st.sampled_from([1, 2, 4, BATCH_THRESHOLD]), st.sampled_from([1, -1]))
@settings(QUICK, max_examples=examples(70))
def test_batches_of_any_size_give_the_components_of_one_batch(
    killmails: list[Killmail], size: int, threshold: int, direction: int
) -> None:
    """Batches from the threshold on load a whole time window."""
    database = InMemoryDatabase()
    batches = [killmails[start : start + size] for start in range(0, len(killmails), size)]
    with patch.object(neighbourhood_strategies, "BATCH_THRESHOLD", threshold):
        for batch in batches[::direction]:
            database.add(*batch)
    assert database.stored_components() == database.expected_components()


@st.composite
def edits(draw: st.DrawFn, killmails: list[Killmail], used_seqs: set[int]) -> Edit:
    kind = draw(st.sampled_from([EditKind.MERGE, EditKind.SPLIT, EditKind.EXCLUDE, EditKind.REMOVE_PILOT]))
    all_ids = st.sampled_from([killmail.killmail_id for killmail in killmails])
    killmail_ids = draw(st.lists(all_ids, min_size=1, max_size=4, unique=True))
    data = {}
    if kind is EditKind.SPLIT:
        data = {"groups": [killmail_ids[::2], killmail_ids[1::2]]}
    if kind is EditKind.REMOVE_PILOT:
        pilots = sorted({pilot for k in killmails if k.killmail_id in killmail_ids for pilot in k.pilot_ids})
        data = {"characterId": draw(st.sampled_from(pilots or [1]))}
    seq = draw(st.integers(0, 10**9).filter(lambda seq: seq not in used_seqs))
    return Edit(seq, kind, tuple(killmail_ids), data)


@given(killmail_lists(), st.data())
@settings(QUICK, max_examples=examples(50))
def test_edits_made_and_undone_at_any_time_give_the_components_of_one_batch(
    killmails: list[Killmail], data: st.DataObject
) -> None:
    """The result depends on the set of killmails and edits only, not on when they came."""
    database = InMemoryDatabase()
    for killmail in data.draw(st.permutations(killmails)):
        database.add(killmail)
        if data.draw(st.integers(0, 3)) == 0:
            database.add_edit(data.draw(edits(killmails, {edit.seq for edit in database.edits})))
        if database.edits and data.draw(st.integers(0, 5)) == 0:
            database.undo_edit(data.draw(st.sampled_from(database.edits)))
    assert database.stored_components() == database.expected_components()


@given(killmail_lists(), st.data())
@QUICK
def test_reclustering_in_parts_changes_nothing(killmails: list[Killmail], data: st.DataObject) -> None:
    database = InMemoryDatabase()
    database.add(*killmails)
    before = database.stored_components()
    ordered = sorted(killmails, key=lambda killmail: (killmail.time, killmail.killmail_id))
    size = data.draw(st.integers(1, 9))
    for start in range(0, len(ordered), size):
        database.regroup({killmail.killmail_id for killmail in ordered[start : start + size]})
    assert database.stored_components() == before


def test_single_killmail_near_a_large_fight_does_not_load_a_whole_time_window(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The size of a fight is no reason to read the killmails of all systems in that hour."""
    database = InMemoryDatabase()
    database.add(*(kill(n, n / 60, f"B{n % 9}", f"A{n % 7} A{n % 5}") for n in range(1, BATCH_THRESHOLD + 20)))
    queries: list[NeighbourhoodQuery] = []
    find = database.find

    def record(query: NeighbourhoodQuery) -> set[int]:
        queries.append(query)
        return find(query)

    monkeypatch.setattr(database, "find", record)
    database.add(kill(BATCH_THRESHOLD + 30, 2.2, "B1", "A1 A2"))
    assert queries
    assert all(query.time_window is None for query in queries)
