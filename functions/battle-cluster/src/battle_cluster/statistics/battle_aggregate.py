"""Incremental aggregate of a battle: adding a killmail costs the work of that killmail, not of the whole battle."""

from collections.abc import Iterable, Mapping

from battle_cluster.domain.killmail import Killmail, Party
from battle_cluster.sides.assignment import Sides, assign_from_evidence
from battle_cluster.sides.evidence import EvidenceAccumulator
from battle_cluster.sides.rules import DEFAULT_SIDE_RULES, SideRules
from battle_cluster.statistics.battle_totals import BattleTotals, TotalsAccumulator


class BattleAggregate:
    """A pure function of the set of killmails added, independent of their order and of earlier calls."""

    def __init__(self, rules: SideRules = DEFAULT_SIDE_RULES) -> None:
        self._killmails: dict[int, Killmail] = {}
        self._rules = rules
        self._evidence = EvidenceAccumulator(rules)
        self._totals = TotalsAccumulator()

    def is_subset_of(self, killmails: Mapping[int, Killmail]) -> bool:
        """Whether `killmails` has every killmail added so far, as the same object; only then may the aggregate grow."""
        return all(killmails.get(killmail_id) is killmail for killmail_id, killmail in self._killmails.items())

    def add(self, killmails: Iterable[Killmail]) -> None:
        """Add each killmail that was not added before."""
        for killmail in killmails:
            if killmail.killmail_id not in self._killmails:
                self._killmails[killmail.killmail_id] = killmail
                self._evidence.add(killmail)
                self._totals.add(killmail)

    def sides(self, pins: Mapping[Party, int]) -> Sides:
        return assign_from_evidence(self._killmails.values(), self._evidence.evidence(), self._rules, pins)

    def totals(self, sides: Sides) -> BattleTotals:
        return self._totals.totals(sides)
