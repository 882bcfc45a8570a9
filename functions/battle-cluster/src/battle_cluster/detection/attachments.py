"""Killmails that join a fight without a link of their own: capsules outside any fight, and non-combat losses."""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from battle_cluster.detection.classification import ClassifiedKillmail, LossKind
from battle_cluster.detection.engagements import Engagement
from battle_cluster.detection.links import Link, LinkReason
from battle_cluster.detection.rules import DetectionRules
from battle_cluster.domain.killmail import Killmail


class ShipLosses:
    """The ships that the pilots of some capsules lost."""

    def __init__(
        self, capsules: Iterable[ClassifiedKillmail], killmails: Iterable[ClassifiedKillmail], rules: DetectionRules
    ) -> None:
        """`killmails` has all killmails in time order."""
        self._rules = rules
        self._losses: dict[int, list[ClassifiedKillmail]] = {}
        pilots = {capsule.killmail.victim.character_id for capsule in capsules} - {None}
        for classified in killmails if pilots else ():
            pilot = classified.killmail.victim.character_id
            if pilot is not None and pilot in pilots and classified.kind is not LossKind.CAPSULE:
                self._losses.setdefault(pilot, []).append(classified)

    def find_link(self, capsule: ClassifiedKillmail) -> Link | None:
        """Link the capsule to the last ship that its pilot lost before; both can die within one second."""
        losses = self._losses.get(capsule.killmail.victim.character_id or 0, ())
        ships = [loss.killmail for loss in losses if self._is_ship_of(loss, capsule)]
        if not ships:
            return None
        delay = capsule.killmail.time - ships[-1].time
        window = self._rules.capsule_window
        return _link((ships[-1], capsule.killmail), LinkReason.CAPSULE, 1 - delay / (2 * window), window)

    def _is_ship_of(self, loss: ClassifiedKillmail, capsule: ClassifiedKillmail) -> bool:
        """Lost shortly before in the same system; or in an adjacent one, where only combat losses are looked for."""
        ship, died = loss.killmail, capsule.killmail
        is_adjacent = loss.kind is LossKind.COMBAT and died.system_id in ship.nearby_system_ids
        is_near = ship.system_id == died.system_id or is_adjacent
        return is_near and 0 <= died.time - ship.time <= self._rules.capsule_window


class FightWindow:
    """An engagement, its parties, and the time in which non-combat losses and lone capsules join it."""

    __slots__ = ("_end", "_slack", "_start", "engagement", "parties", "quiet_limit")

    def __init__(self, engagement: Engagement, rules: DetectionRules) -> None:
        self.engagement = engagement
        self.parties = engagement.parties
        self.quiet_limit = rules.quiet_limit
        self._start = engagement.start - rules.quiet_limit
        self._end = engagement.end + rules.quiet_limit
        self._slack = rules.non_combat_slack

    def accepts(self, classified: ClassifiedKillmail) -> bool:
        """Whether people of the fight are on the killmail, or a party of it.

        A capsule needs people. So does what no player shot, unless the fight was going on: members of a party lose
        ships to NPCs everywhere.
        """
        time = classified.killmail.time
        if not self._start <= time <= self._end:
            return False
        if not self.engagement.pilots.isdisjoint(classified.pilots):
            return True
        is_ongoing = self.engagement.start - self._slack <= time <= self.engagement.end + self._slack
        by_party = classified.kind is LossKind.NON_COMBAT and (is_ongoing or classified.killmail.has_attacking_player)
        return by_party and not self.parties.isdisjoint(classified.parties)

    def relation(self, classified: ClassifiedKillmail) -> tuple[int, int, int, int]:
        """How much the loss has to do with this fight: shared pilots, shared parties, closeness in time, age."""
        closest = self._closest(classified)
        return (
            len(classified.pilots & self.engagement.pilots),
            len(classified.parties & self.parties),
            -abs(closest.time - classified.killmail.time),
            -self.engagement.killmails[0].killmail.killmail_id,
        )

    def nearest_related(self, classified: ClassifiedKillmail) -> Killmail:
        """The killmail closest in time among those with a shared pilot, else among those with a shared party."""
        time = classified.killmail.time
        if not self.engagement.pilots.isdisjoint(classified.pilots):
            return self._nearest(time, lambda entry: not entry.pilots.isdisjoint(classified.pilots))
        return self._nearest(time, lambda entry: not entry.parties.isdisjoint(classified.parties))

    def _closest(self, classified: ClassifiedKillmail) -> Killmail:
        return self._nearest(classified.killmail.time, lambda _: True)

    def _nearest(self, time: int, is_related: Callable[[ClassifiedKillmail], bool]) -> Killmail:
        """Of the related killmails the one closest in time, of several the one with the lowest id.

        It looks at them from this time on to both sides, so it meets few of a long engagement.
        """
        killmails = self.engagement.killmails
        after = bisect_left(killmails, time, key=lambda entry: entry.killmail.time)
        before = after - 1
        nearest: list[tuple[int, int, Killmail]] = []
        while before >= 0 or after < len(killmails):
            is_before = after == len(killmails) or (
                before >= 0 and time - killmails[before].killmail.time <= killmails[after].killmail.time - time
            )
            entry = killmails[before if is_before else after]
            before, after = (before - 1, after) if is_before else (before, after + 1)
            distance = abs(entry.killmail.time - time)
            if nearest and distance > nearest[0][0]:
                break
            if is_related(entry):
                nearest.append((distance, entry.killmail.killmail_id, entry.killmail))
        return min(nearest)[2]


def attachment_links(
    non_combat: Iterable[ClassifiedKillmail],
    lone_capsules: Iterable[ClassifiedKillmail],
    windows: Mapping[int, Sequence[FightWindow]],
    ships: ShipLosses,
) -> Iterator[Link]:
    """Link each non-combat loss, and each capsule that died outside of an engagement, to the fight it belongs to.

    A capsule without one joins the ship that its pilot lost. windows: the fights by system.
    """
    for loss in non_combat:
        link = _fight_link(loss, windows)
        if link is not None:
            yield link
    for capsule in lone_capsules:
        link = _fight_link(capsule, windows) or ships.find_link(capsule)
        if link is not None:
            yield link


def _fight_link(loss: ClassifiedKillmail, windows: Mapping[int, Sequence[FightWindow]]) -> Link | None:
    accepting = [window for window in windows.get(loss.killmail.system_id, ()) if window.accepts(loss)]
    if not accepting:
        return None
    fight = max(accepting, key=lambda window: window.relation(loss))
    shares_pilots = not fight.engagement.pilots.isdisjoint(loss.pilots)
    pair = fight.nearest_related(loss), loss.killmail
    return _link(pair, LinkReason.INSIDE, 0.5 if shares_pilots else 0.25, fight.quiet_limit)


def _link(pair: tuple[Killmail, Killmail], reason: LinkReason, score: float, quiet_limit: int) -> Link:
    first, second = sorted(pair, key=lambda killmail: (killmail.time, killmail.killmail_id))
    return Link(first.killmail_id, second.killmail_id, reason, round(score, 4), quiet_limit)
