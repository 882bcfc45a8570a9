"""Who attacked on which killmails of a battle, and on which killmails a party's side matters: kept up to date."""

from collections.abc import Collection, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Final, NamedTuple

from battle_cluster.domain.killmail import Killmail, Party

NO_PILOTS: Final[Mapping[tuple[Party, int], int]] = {}


class Shot(NamedTuple):
    """One pilot on one killmail: `party` is the pilot's there."""

    party: Party | None
    killmail: Killmail


class ShotIndex:
    """The shots of each pilot, and the killmails with friendly fire.

    Few battles need it, so it reads killmails when it is first asked.
    """

    def __init__(self) -> None:
        self._unread: list[Killmail] = []
        self._by_pilot: dict[int, list[Shot]] = {}
        self._pilots_of: dict[Party | None, dict[int, None]] = {}
        self.friendly_fire: list[Killmail] = []

    def add(self, killmail: Killmail) -> None:
        self._unread.append(killmail)
        if killmail.victim.party in killmail.damage_by_party:
            self.friendly_fire.append(killmail)

    def of_pilot(self, pilot: int) -> Sequence[Shot]:
        self._read()
        return self._by_pilot.get(pilot, ())

    def pilots_of(self, party: Party) -> Collection[int]:
        """The pilots who attacked for this party."""
        self._read()
        return self._pilots_of.get(party, {}).keys()

    def _read(self) -> None:
        for killmail in self._unread:
            for attacker in killmail.attackers:
                if attacker.character_id is not None:
                    self._pilots_of.setdefault(attacker.party, {})[attacker.character_id] = None
                    self._by_pilot.setdefault(attacker.character_id, []).append(Shot(attacker.party, killmail))
        self._unread.clear()


class SideChanges:
    """The parties and pilots whose side changed since the last assignment of sides."""

    def __init__(self) -> None:
        self._by_party: AbstractSet[tuple[Party, int]] = frozenset()
        self._by_pilot: AbstractSet[tuple[tuple[Party, int], int]] = frozenset()

    def update(
        self, by_party: Mapping[Party, int], by_pilot: Mapping[tuple[Party, int], int] = NO_PILOTS
    ) -> tuple[set[Party], set[int]]:
        """The parties that changed sides or of which a pilot did, and these pilots."""
        parties = {party for party, _ in by_party.items() ^ self._by_party}
        pilots = [pilot for pilot, _ in by_pilot.items() ^ self._by_pilot]
        self._by_party, self._by_pilot = dict(by_party).items(), dict(by_pilot).items()
        return parties.union(party for party, _ in pilots), {pilot for _, pilot in pilots}


class KillmailsByParty:
    """The killmails that a change of sides concerns: those with one of the parties, and those added since the last."""

    def __init__(self) -> None:
        self._added: list[Killmail] = []
        self._unread: list[Killmail] = []
        self._by_party: dict[Party, list[Killmail]] = {}

    def add(self, killmail: Killmail) -> None:
        self._added.append(killmail)

    def concerned(self, changed_parties: Collection[Party]) -> Collection[Killmail]:
        """Each killmail once."""
        killmails = {killmail.killmail_id: killmail for killmail in self._added}
        if changed_parties:
            self._read()
        for party in changed_parties:
            killmails.update((killmail.killmail_id, killmail) for killmail in self._by_party.get(party, ()))
        self._unread += self._added
        self._added = []
        return killmails.values()

    def _read(self) -> None:
        """Most battles of a batch are asked once, when all of their killmails are new."""
        for killmail in self._unread:
            for party in killmail.party_ids:
                self._by_party.setdefault(party, []).append(killmail)
        self._unread.clear()
