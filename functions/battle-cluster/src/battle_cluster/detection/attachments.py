"""Killmails that start no battle and join one: capsules and non-combat losses."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence

from battle_cluster.detection.classification import ClassifiedKillmail
from battle_cluster.detection.links import Link, LinkReason
from battle_cluster.detection.rules import DetectionRules
from battle_cluster.domain.killmail import Killmail


class CapsuleMatcher:
    """Finds the combat killmail of a capsule: its pilot's ship, else the closest killmail with a shared pilot."""

    def __init__(
        self,
        capsules: Iterable[ClassifiedKillmail],
        combat: Sequence[ClassifiedKillmail],
        gap_at: Mapping[int, int],
        rules: DetectionRules,
    ) -> None:
        """`combat` has all combat killmails in time order, `gap_at` the inactivity gap by id of each."""
        self._rules = rules
        self._gap_at = gap_at
        capsule_pilots = frozenset[int]().union(*(capsule.pilots for capsule in capsules))
        self._losses: dict[int, list[Killmail]] = {}
        self._appearances: dict[tuple[int, int], list[Killmail]] = {}
        for classified in combat:
            killmail = classified.killmail
            if killmail.victim.character_id is not None:
                self._losses.setdefault(killmail.victim.character_id, []).append(killmail)
            for pilot in classified.pilots & capsule_pilots:
                self._appearances.setdefault((killmail.system_id, pilot), []).append(killmail)

    def find_link(self, capsule: ClassifiedKillmail) -> Link | None:
        ship = self._ship(capsule.killmail)
        if ship is not None:
            delay = capsule.killmail.time - ship.time
            return _link(ship, capsule.killmail, LinkReason.CAPSULE, 1 - delay / (2 * self._rules.capsule_window))
        closest = min(self._nearby_appearances(capsule), default=None)
        return closest and _link(closest[2], capsule.killmail, LinkReason.SAME_PEOPLE, 0.5)

    def _ship(self, capsule: Killmail) -> Killmail | None:
        """The last ship that the pilot lost before, in this or an adjacent system; both can die within one second."""
        pilot = capsule.victim.character_id
        losses = self._losses.get(pilot, ()) if pilot is not None else ()
        ships = [
            ship
            for ship in losses
            if 0 <= capsule.time - ship.time <= self._rules.capsule_window and _is_nearby(ship, capsule)
        ]
        return ships[-1] if ships else None

    def _nearby_appearances(self, capsule: ClassifiedKillmail) -> Iterator[tuple[int, int, Killmail]]:
        """Distance in seconds, killmail id and killmail: the closest before and after of each pilot of the capsule."""
        time = capsule.killmail.time
        for pilot in capsule.pilots:
            appearances = self._appearances.get((capsule.killmail.system_id, pilot), [])
            index = bisect_left(appearances, time, key=lambda killmail: killmail.time)
            for killmail in appearances[max(0, index - 1) : index + 1]:
                distance = abs(time - killmail.time)
                if distance <= self._gap_at[killmail.killmail_id]:
                    yield distance, killmail.killmail_id, killmail


def _is_nearby(ship: Killmail, capsule: Killmail) -> bool:
    return ship.system_id == capsule.system_id or capsule.system_id in ship.nearby_system_ids


class EngagementWindow:
    """Time span, pilots and parties of one engagement. `anchor` is its first killmail."""

    __slots__ = ("anchor", "end", "parties", "pilots", "start")

    def __init__(self, combat: Sequence[ClassifiedKillmail]) -> None:
        self.anchor = combat[0].killmail
        self.start = min(classified.killmail.time for classified in combat)
        self.end = max(classified.killmail.time for classified in combat)
        self.pilots = frozenset[int]().union(*(classified.pilots for classified in combat))
        self.parties = frozenset(party for classified in combat for party in classified.parties)


def non_combat_links(
    non_combat: Iterable[ClassifiedKillmail], windows: Mapping[int, Sequence[EngagementWindow]], rules: DetectionRules
) -> Iterator[Link]:
    """Link each non-combat killmail to the engagement in whose window it lies, if it shares pilots or a party.

    windows: the engagements by system.
    """
    for classified in non_combat:
        killmail = classified.killmail
        candidates = [
            (
                len(classified.pilots & window.pilots),
                len(classified.parties & window.parties),
                -window.anchor.killmail_id,
                window,
            )
            for window in windows.get(killmail.system_id, ())
            if window.start - rules.non_combat_slack <= killmail.time <= window.end + rules.non_combat_slack
        ]
        related = [candidate for candidate in candidates if candidate[0] or candidate[1]]
        if related:
            shared_pilots, _, _, window = max(related, key=lambda candidate: candidate[:3])
            yield _link(window.anchor, killmail, LinkReason.INSIDE, 0.5 if shared_pilots else 0.25)


def _link(a: Killmail, b: Killmail, reason: LinkReason, score: float) -> Link:
    first, second = sorted((a, b), key=lambda killmail: (killmail.time, killmail.killmail_id))
    return Link(first.killmail_id, second.killmail_id, reason, round(score, 4))
