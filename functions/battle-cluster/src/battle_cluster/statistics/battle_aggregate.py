"""What a battle's mails add up to, kept from one mail to the next: the next one costs its own work, not all theirs."""

from collections.abc import Iterable, Mapping

from battle_cluster.detection.rules import DEFAULT_SIDE_RULES, SideRules
from battle_cluster.domain.killmail import Mail, Party
from battle_cluster.sides.assignment import Sides, judged
from battle_cluster.sides.evidence import Sums
from battle_cluster.statistics.battle_totals import BattleAccount, Books
from battle_cluster.statistics.participants import Participant
from battle_cluster.statistics.reckoning import PilotRow, ShipRow

Written = tuple[Participant, PilotRow, tuple[ShipRow, ...]]


class Ledger:
    """A pure function of the set of mails added: never of their order, never of what was asked before.

    written: the rows made of each participant when last asked, for whoever makes rows.
    """

    def __init__(self, rules: SideRules = DEFAULT_SIDE_RULES) -> None:
        self._mails: dict[int, Mail] = {}
        self._rules = rules
        self._sums = Sums(rules)
        self._books = Books()
        self.written: dict[int, Written] = {}

    def holds_only(self, mails: Mapping[int, Mail]) -> bool:
        """Whether everything added is among these very mails, so that adding the rest makes it theirs."""
        return all(mails.get(one) is mail for one, mail in self._mails.items())

    def add(self, mails: Iterable[Mail]) -> None:
        for mail in mails:
            if mail.killmail_id not in self._mails:
                self._mails[mail.killmail_id] = mail
                self._sums.add(mail)
                self._books.add(mail)

    def sides(self, pins: Mapping[Party, int]) -> Sides:
        return judged(self._mails.values(), self._sums.evidence(), self._rules, pins)

    def account(self, sides: Sides) -> BattleAccount:
        return self._books.account(sides)
