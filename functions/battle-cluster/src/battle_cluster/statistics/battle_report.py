"""The report of a battle: what is stored and published of it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from battle_cluster.detection.clustering import Component
from battle_cluster.detection.links import Link, LinkReason
from battle_cluster.domain.killmail import Killmail
from battle_cluster.edits.active_edits import Edit, SidePins, battle_name, side_pins
from battle_cluster.sides.assignment import Sides, SidesAccumulator
from battle_cluster.sides.rules import DEFAULT_SIDE_RULES, SideRules
from battle_cluster.statistics.battle_totals import BattleTotals, TotalsAccumulator


@dataclass(frozen=True, slots=True)
class BattleReport:
    """All figures of a battle.

    name: by an edit. inactivity_gap: seconds without a combat loss after which the battle ends, in event time.
    """

    name: str | None
    inactivity_gap: int
    tier: str
    separate_fights: bool
    totals: BattleTotals
    links: Mapping[tuple[int, int, LinkReason], Link]


class BattleAggregate:
    """Sides and totals of a battle, built up killmail by killmail: adding one costs the work of that one.

    They depend on the set of killmails added, never on their order or on earlier calls.
    """

    def __init__(self, rules: SideRules = DEFAULT_SIDE_RULES) -> None:
        self._killmails: dict[int, Killmail] = {}
        self._sides = SidesAccumulator(rules)
        self._totals = TotalsAccumulator()

    def is_subset_of(self, killmails: Mapping[int, Killmail]) -> bool:
        """Whether `killmails` has every killmail added so far, as the same object; only then may the aggregate grow."""
        return all(killmails.get(killmail_id) is killmail for killmail_id, killmail in self._killmails.items())

    def add(self, killmails: Iterable[Killmail]) -> None:
        """Add each killmail that was not added before."""
        for killmail in killmails:
            if killmail.killmail_id not in self._killmails:
                self._killmails[killmail.killmail_id] = killmail
                self._sides.add(killmail)
                self._totals.add(killmail)

    def sides(self, pins: SidePins) -> Sides:
        return self._sides.sides(*pins)

    def totals(self, sides: Sides) -> BattleTotals:
        return self._totals.totals(sides)


def build_report(
    component: Component,
    killmails: Mapping[int, Killmail],
    edits: Sequence[Edit] = (),
    aggregate: BattleAggregate | None = None,
) -> BattleReport:
    """The report of one component, from its killmails and the edits that affect them.

    Each killmail becomes a `BattleKillmail` with its victim's side (None if that party is on no side), and counts once
    as a loss of that side and a kill of each other side that shot; its pilots become participants.
    `aggregate` may hold some of these killmails already; afterwards it holds them all.
    """
    aggregate = BattleAggregate() if aggregate is None else aggregate
    aggregate.add(killmails[killmail_id] for killmail_id in component.killmail_ids)
    sides = aggregate.sides(side_pins(edits))
    return BattleReport(
        name=battle_name(edits),
        inactivity_gap=component.inactivity_gap,
        tier=component.tier,
        separate_fights=len(sides.separate_groups) > 1,
        totals=aggregate.totals(sides),
        links={(link.from_killmail_id, link.to_killmail_id, link.reason): link for link in component.links},
    )
