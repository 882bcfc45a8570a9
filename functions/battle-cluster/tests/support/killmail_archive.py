"""An archive of killmails that returns a neighbourhood the way the database does, and incremental clustering on it."""

from collections.abc import Collection, Sequence

from builders import RULES

from battle_cluster.detection.clustering import cluster
from battle_cluster.detection.neighbourhood import PilotInterval, RequiredContext, SystemInterval, required_context
from battle_cluster.detection.rules import DetectionRules
from battle_cluster.domain.killmail import Killmail
from battle_cluster.edits.constraints import NO_CONSTRAINTS, Constraints


class Archive:
    """Holds all killmails and returns only those that `required_context` names."""

    def __init__(self, killmails: Sequence[Killmail]) -> None:
        self._killmails = {killmail.killmail_id: killmail for killmail in killmails}

    def neighbourhood(
        self,
        seed_ids: Collection[int],
        rules: DetectionRules,
        constraints: Constraints = NO_CONSTRAINTS,
        members: Collection[int] = (),
    ) -> tuple[frozenset[int], list[Killmail]]:
        """The core and the killmails of the neighbourhood."""
        loaded = {killmail_id: self._killmails[killmail_id] for killmail_id in (*seed_ids, *members)}
        while True:
            context = required_context(seed_ids, loaded.values(), rules, constraints, members)
            required = {
                killmail.killmail_id: killmail
                for killmail in self._killmails.values()
                if killmail.killmail_id in context.must_link_ids or _is_required(killmail, context)
            }
            if required.keys() <= loaded.keys():
                return context.core, list(loaded.values())
            loaded |= required


def recluster(archive: Archive, seed_ids: set[int], stored: dict[int, frozenset[int]]) -> frozenset[int]:
    """Update the stored components after the arrival of the seeds, as the function does; returns the core.

    `stored` has the members of each killmail's component.
    """
    members: frozenset[int] = frozenset()
    while True:
        core, loaded = archive.neighbourhood(seed_ids, RULES, members=members)
        stored_members = frozenset(member for killmail_id in core for member in stored.get(killmail_id, ()))
        if stored_members <= core:
            break
        members |= stored_members
    for component in cluster(loaded, RULES):
        if core.intersection(component.killmail_ids):
            stored.update(dict.fromkeys(component.killmail_ids, frozenset(component.killmail_ids)))
    return core


def _is_required(killmail: Killmail, context: RequiredContext) -> bool:
    return any(_in_system_interval(killmail, interval) for interval in context.system_intervals) or any(
        _in_pilot_interval(killmail, interval) for interval in context.pilot_intervals
    )


def _in_system_interval(killmail: Killmail, interval: SystemInterval) -> bool:
    return killmail.system_id == interval.system_id and interval.start <= killmail.time <= interval.end


def _in_pilot_interval(killmail: Killmail, interval: PilotInterval) -> bool:
    return interval.start <= killmail.time <= interval.end and not interval.pilots.isdisjoint(killmail.pilots())
