"""How far a link can reach: the rules that clustering, the neighbourhood and `battlescope replay` share."""

from typing import Protocol

from battle_cluster.detection.classification import Loss, LossKind, structure_target
from battle_cluster.detection.rules import DetectionRules
from battle_cluster.domain.killmail import Killmail
from battlescope_schemas.universe import WORMHOLE_SYSTEMS


class SystemNeighbours(Protocol):
    """A killmail or a summary of one: its system, and the systems within two gate jumps."""

    @property
    def system_id(self) -> int: ...
    @property
    def nearby_system_ids(self) -> frozenset[int]: ...


class Reach:
    """How far links reach inside a system, in seconds."""

    def __init__(self, rules: DetectionRules) -> None:
        self._non_combat = max(rules.quiet_limit, rules.capsule_window)
        self.siege = rules.max_link_distance
        """Of a loss with a structure as its target."""
        self.fight = rules.max_gap_within_system

    def within_system(self, loss: Killmail | Loss, kind: LossKind) -> int:
        """No killmail of the same system that is later by more than this has a link to this one.

        Earlier ones reach by their own figure.
        """
        if kind is LossKind.NON_COMBAT:
            return self._non_combat
        return self.siege if structure_target(loss) else self.fight


def can_travel(a: SystemNeighbours, b: SystemNeighbours) -> bool:
    """Whether a pilot can get from one killmail's system to the other's: by a gate route or through a wormhole."""
    return has_gate_route(a, b) or a.system_id in WORMHOLE_SYSTEMS or b.system_id in WORMHOLE_SYSTEMS


def has_gate_route(a: SystemNeighbours, b: SystemNeighbours) -> bool:
    return b.system_id in a.nearby_system_ids or a.system_id in b.nearby_system_ids
