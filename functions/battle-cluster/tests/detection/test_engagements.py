"""Links between systems are those of a look at every killmail of every pilot."""

from collections.abc import Iterator, Sequence
from itertools import combinations

from builders import HOME, NEXT, RULES, kill
from hypothesis import given
from killmail_strategies import QUICK, killmail_lists

from battle_cluster.detection.classification import ClassifiedKillmail, LossKind, classify, group_by_system
from battle_cluster.detection.clustering import TimelineCache
from battle_cluster.detection.engagements import Engagement, EngagementLink, _running_fight_link, _running_fight_links
from battle_cluster.detection.reach import can_travel
from battle_cluster.domain.killmail import Killmail
from battle_cluster.edits.constraints import NO_CONSTRAINTS, in_time_order


def combat_of(killmails: Sequence[Killmail]) -> list[ClassifiedKillmail]:
    return [entry for entry in map(classify, in_time_order(killmails)) if entry.kind is not LossKind.NON_COMBAT]


def engagements_of(combat: Sequence[ClassifiedKillmail]) -> list[Engagement]:
    fights_of, systems = TimelineCache().fights, group_by_system(combat).values()
    return [fight.engagement for entries in systems for fight in fights_of(entries, RULES, NO_CONSTRAINTS)]


def expected_links(engagements: Sequence[Engagement], combat: Sequence[ClassifiedKillmail]) -> Iterator[EngagementLink]:
    for (first, a), (second, b) in combinations(enumerate(engagements), 2):
        shared = a.pilots & b.pilots
        if a.system_id != b.system_id and (travelled(a, b, combat) or travelled(b, a, combat)):
            share = len(shared) / min(len(a.pilots), len(b.pilots))
            link = _running_fight_link(a, b, share, RULES)
            if link is not None:
                yield EngagementLink(first, second, link)


def travelled(earlier: Engagement, later: Engagement, combat: Sequence[ClassifiedKillmail]) -> bool:
    """Whether a killmail of `earlier` was the last of some pilot in its system before one of `later`, in time."""
    for number, arrival in enumerate(combat):
        for pilot in arrival.pilots if arrival in later.killmails else ():
            in_system = (entry for entry in combat[:number] if entry.killmail.system_id == earlier.system_id)
            last = [entry for entry in in_system if pilot in entry.pilots][-1:]
            if any(
                entry in earlier.killmails
                and arrival.killmail.time - entry.killmail.time <= RULES.window
                and can_travel(entry.killmail, arrival.killmail)
                for entry in last
            ):
                return True
    return False


@given(killmail_lists(minutes=60))
@QUICK
def test_running_fights_are_linked_where_a_pilot_travelled(killmails: list[Killmail]) -> None:
    combat = combat_of(killmails)
    engagements = engagements_of(combat)
    assert list(_running_fight_links(engagements, combat, RULES)) == list(expected_links(engagements, combat))


def test_fight_whose_pilots_were_last_seen_in_another_one_of_that_system_is_not_linked() -> None:
    first, second = kill(1, 0, "B1", "A1 A2"), kill(2, 2, "C1", "A1 A2")
    next_door = kill(3, 5, "B2", "A1 A2", system=NEXT)
    combat = combat_of([first, second, next_door])
    engagements = [Engagement((entry,), entry.pilots) for entry in combat]
    assert first.system_id == second.system_id == HOME
    assert [(link.first, link.second) for link in _running_fight_links(engagements, combat, RULES)] == [(1, 2)]
