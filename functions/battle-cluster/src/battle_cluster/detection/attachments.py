"""Mails that open no battle and join one: capsules their ship, shown mails the battle they lie in."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence

from battle_cluster.detection.classification import ClassifiedKillmail
from battle_cluster.detection.engagements import EngagementKillmail
from battle_cluster.detection.links import Link, Reason
from battle_cluster.detection.rules import DetectionRules
from battle_cluster.domain.killmail import Killmail


class CapsuleMatcher:
    """Finds the fight mail a capsule belongs to: its pilot's ship, else the closest mail with somebody in common."""

    def __init__(
        self, capsules: Iterable[ClassifiedKillmail], pages: Sequence[EngagementKillmail], rules: DetectionRules
    ) -> None:
        self._rules = rules
        asked = frozenset[int]().union(*(capsule.pilots for capsule in capsules))
        self._lost: dict[int, list[EngagementKillmail]] = {}
        self._seen: dict[tuple[int, int], list[EngagementKillmail]] = {}
        for page in pages:
            mail = page.sighting.mail
            if mail.victim.character_id is not None:
                self._lost.setdefault(mail.victim.character_id, []).append(page)
            for pilot in page.sighting.pilots & asked:
                self._seen.setdefault((mail.system_id, pilot), []).append(page)

    def link(self, capsule: ClassifiedKillmail) -> Link | None:
        ship = self._ship(capsule.mail)
        if ship is not None:
            delay = capsule.mail.time - ship.time
            return _joined(ship, capsule.mail, Reason.CAPSULE, 1 - delay / (2 * self._rules.capsule))
        close = min(self._close(capsule), default=None)
        return close and _joined(close[2].sighting.mail, capsule.mail, Reason.SAME_PEOPLE, 0.5)

    def _ship(self, capsule: Killmail) -> Killmail | None:
        """The pilot's last ship before, here or next door; shot out of it and podded within one second is possible."""
        pilot = capsule.victim.character_id
        earlier = (page.sighting.mail for page in self._lost.get(pilot, ())) if pilot is not None else ()
        ships = [
            mail for mail in earlier if 0 <= capsule.time - mail.time <= self._rules.capsule and _at_hand(mail, capsule)
        ]
        return ships[-1] if ships else None

    def _close(self, capsule: ClassifiedKillmail) -> Iterator[tuple[int, int, EngagementKillmail]]:
        now = capsule.mail.time
        for pilot in capsule.pilots:
            line = self._seen.get((capsule.mail.system_id, pilot), [])
            at = bisect_left(line, now, key=lambda page: page.sighting.mail.time)
            for page in line[max(0, at - 1) : at + 1]:
                distance = abs(now - page.sighting.mail.time)
                if distance <= page.quiet:
                    yield distance, page.sighting.mail.killmail_id, page


def _at_hand(ship: Killmail, capsule: Killmail) -> bool:
    return ship.system_id == capsule.system_id or capsule.system_id in ship.nearby_system_ids


class EngagementWindow:
    """One battle's presence in one system: when, and who was there."""

    __slots__ = ("anchor", "crew", "end", "parties", "start")

    def __init__(self, sightings: Sequence[ClassifiedKillmail]) -> None:
        self.anchor = sightings[0].mail
        self.start = min(sighting.mail.time for sighting in sightings)
        self.end = max(sighting.mail.time for sighting in sightings)
        self.crew = frozenset[int]().union(*(sighting.pilots for sighting in sightings))
        self.parties = frozenset(party for sighting in sightings for party in sighting.parties)


def non_combat_links(
    shown: Iterable[ClassifiedKillmail], stages: Mapping[int, Sequence[EngagementWindow]], rules: DetectionRules
) -> Iterator[Link]:
    """Each shown mail with a link to the anchor of the battle it lies inside, where it shares people or a party."""
    for sighting in shown:
        found = [
            (len(sighting.pilots & stage.crew), len(sighting.parties & stage.parties), -stage.anchor.killmail_id, stage)
            for stage in stages.get(sighting.mail.system_id, ())
            if stage.start - rules.shown_slack <= sighting.mail.time <= stage.end + rules.shown_slack
        ]
        related = [entry for entry in found if entry[0] or entry[1]]
        if related:
            people, _, _, stage = max(related, key=lambda entry: entry[:3])
            yield _joined(stage.anchor, sighting.mail, Reason.INSIDE, 0.5 if people else 0.25)


def _joined(a: Killmail, b: Killmail, reason: Reason, score: float) -> Link:
    first, second = sorted((a, b), key=lambda mail: (mail.time, mail.killmail_id))
    return Link(first.killmail_id, second.killmail_id, reason, round(score, 4))
