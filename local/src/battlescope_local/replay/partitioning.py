"""Parts of an archive that can have nothing to do with each other, so that each is grouped alone and then forgotten.

What holds: grouping any union of whole islands gives exactly those battles of all mails that lie in them. For every
link needs one of two things. Inside a system it spans no longer pause than `Rules` allow anywhere. Between systems it
needs a pilot who was in both within the window, and a known gate route or a wormhole.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from battle_cluster.detection.classification import KillmailSummary, LossKind, classify_loss, structure_target
from battle_cluster.detection.engagements import WORMHOLES
from battle_cluster.detection.rules import DetectionRules

Seen = tuple[KillmailSummary, "Partition"]
"""Where a pilot was last in a system."""


@dataclass(slots=True)
class Partition:
    """Ids of mails that might be linked, and until when others may join them."""

    killmail_ids: list[int] = field(default_factory=list[int])
    until: int = 0
    part_of: "Partition | None" = None


class Partitioner:
    """Takes mails in order of time, and gives islands back when nothing later can reach them."""

    def __init__(self, rules: DetectionRules) -> None:
        self._pause = max(rules.window, rules.longest_quiet, rules.simultaneity_window, rules.capsule)
        self._siege = max(rules.siege_window, self._pause)
        self._slack = rules.shown_slack
        self._trail = max(rules.window, rules.capsule)
        self._open: list[Partition] = []
        self._systems: dict[int, tuple[int, Partition]] = {}
        self._trails: dict[int, dict[int, Seen]] = {}

    def add(self, mail: KillmailSummary) -> None:
        kind = classify_loss(mail)
        until, own = self._in_system(mail, kind)
        own.killmail_ids.append(mail.killmail_id)
        if kind is not LossKind.SHOWN:
            own = self._between_systems(mail, own)
            until = max(until, mail.time + self._trail)
        own.until = max(own.until, until)

    def take_complete(self, now: int | None = None) -> list[list[int]]:
        """The islands that no mail from `now` on can reach; without it, all that are left."""
        whole = [one for one in self._open if one.part_of is None]
        self._open = [] if now is None else [one for one in whole if one.until >= now]
        self._forget(now)
        return [one.killmail_ids for one in whole if now is None or one.until < now]

    def _in_system(self, mail: KillmailSummary, kind: LossKind) -> tuple[int, Partition]:
        until = mail.time + self._reach(mail, kind)
        before, island = self._systems.get(mail.system_id, (-1, None))
        if island is None or before < mail.time:
            own = Partition()
            self._open.append(own)
        else:
            own, until = _whole(island), max(until, before)
        self._systems[mail.system_id] = (until, own)
        return until, own

    def _reach(self, mail: KillmailSummary, kind: LossKind) -> int:
        if kind is LossKind.SHOWN:
            return self._slack
        return self._siege if structure_target(mail) else self._pause

    def _between_systems(self, mail: KillmailSummary, own: Partition) -> Partition:
        system, since, here = mail.system_id, mail.time - self._trail, (mail, own)
        for pilot in mail.pilot_ids:
            places = self._trails.get(pilot)
            if places is None:
                self._trails[pilot] = {system: here}
                continue
            for before, island in places.values():
                if before.system_id != system and before.time >= since and _could_move(before, mail):
                    own = _united(own, _whole(island))
            places[system] = here
        return own

    def _forget(self, now: int | None) -> None:
        if now is None:
            self._systems, self._trails = {}, {}
            return
        self._systems = {system: entry for system, entry in self._systems.items() if entry[0] >= now}
        since = now - self._trail
        fresh = ((pilot, _since(places.values(), since)) for pilot, places in self._trails.items())
        self._trails = {pilot: places for pilot, places in fresh if places}


def _since(entries: Iterable[Seen], since: int) -> dict[int, Seen]:
    return {entry[0].system_id: entry for entry in entries if entry[0].time >= since}


def _could_move(a: KillmailSummary, b: KillmailSummary) -> bool:
    if a.system_id in b.nearby_system_ids or b.system_id in a.nearby_system_ids:
        return True
    return a.system_id in WORMHOLES or b.system_id in WORMHOLES


def _whole(island: Partition) -> Partition:
    while island.part_of is not None:
        island = island.part_of
    return island


def _united(a: Partition, b: Partition) -> Partition:
    if a is b:
        return a
    small, large = (a, b) if len(a.killmail_ids) < len(b.killmail_ids) else (b, a)
    large.killmail_ids += small.killmail_ids
    large.until = max(large.until, small.until)
    small.killmail_ids, small.part_of = [], large
    return large
