"""What a battle's mails add up to, kept from one mail to the next: the next one costs its own work, not all theirs."""

from collections.abc import Iterable, Mapping

from battle_cluster.detection.rules import DEFAULT_SIDE_RULES, SideRules
from battle_cluster.domain.killmail import Killmail, Party
from battle_cluster.sides.assignment import Sides, assign_from_evidence
from battle_cluster.sides.evidence import EvidenceAccumulator
from battle_cluster.statistics.battle_totals import BattleTotals, TotalsAccumulator
from battle_cluster.statistics.participants import Participant
from battle_cluster.statistics.reckoning import PilotRow, ShipRow

CachedParticipantRows = tuple[Participant, PilotRow, tuple[ShipRow, ...]]


class BattleAggregate:
    """A pure function of the set of mails added: never of their order, never of what was asked before.

    written: the rows made of each participant when last asked, for whoever makes rows.
    """

    def __init__(self, rules: SideRules = DEFAULT_SIDE_RULES) -> None:
        self._mails: dict[int, Killmail] = {}
        self._rules = rules
        self._sums = EvidenceAccumulator(rules)
        self._books = TotalsAccumulator()
        self.written: dict[int, CachedParticipantRows] = {}

    def is_subset_of(self, mails: Mapping[int, Killmail]) -> bool:
        """Whether everything added is among these very mails, so that adding the rest makes it theirs."""
        return all(mails.get(one) is mail for one, mail in self._mails.items())

    def add(self, mails: Iterable[Killmail]) -> None:
        for mail in mails:
            if mail.killmail_id not in self._mails:
                self._mails[mail.killmail_id] = mail
                self._sums.add(mail)
                self._books.add(mail)

    def sides(self, pins: Mapping[Party, int]) -> Sides:
        return assign_from_evidence(self._mails.values(), self._sums.evidence(), self._rules, pins)

    def account(self, sides: Sides) -> BattleTotals:
        return self._books.totals(sides)
