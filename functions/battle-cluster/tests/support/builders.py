"""Small fights written down: "A1" is pilot 1 of alliance A, "x" a ratter, "CONCORD" the police."""

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from battle_cluster.detection.clustering import Component, cluster
from battle_cluster.detection.neighbourhood import PilotInterval, SystemInterval, required_context
from battle_cluster.detection.rules import DetectionRules
from battle_cluster.domain.killmail import Attacker, Killmail, Party, PartyKind, Victim
from battle_cluster.edits.constraints import NO_CONSTRAINTS, Constraints

RULES = DetectionRules()
HOME, NEXT, FAR = 30_000_001, 30_000_002, 30_000_009
GATES = {HOME: frozenset({NEXT}), NEXT: frozenset({HOME})}
SHIP, CAPSULE, TRACTOR, CITADEL, SHUTTLE = (
    (587, 25, 6),
    (670, 29, 6),
    (33475, 1250, 22),
    (35832, 1657, 65),
    (672, 31, 6),
)
MINUTE = 60
NPC_CORPORATION, CONCORD = 1_000_127, 1_000_125


def party(name: str) -> Party:
    return Party(PartyKind.ALLIANCE, _alliance(name))


def pilot(name: str) -> int:
    return 2_000_000_000 + 1000 * _alliance(name) % 1_000_000_000 + int(name.strip("ABCDEFGHIJKLMNOPQRSTUVWXYZ") or 0)


def _alliance(name: str) -> int:
    return 99_000_000 + ord(name[0])


def _who(name: str) -> tuple[int | None, int | None, int | None, Party | None]:
    if name == "x":
        return None, NPC_CORPORATION, None, None
    if name == "CONCORD":
        return None, CONCORD, None, None
    return pilot(name), 98_000_000 + ord(name[0]), _alliance(name), party(name)


def attacker(name: str, damage: int = 100, ship: int | None = 587) -> Attacker:
    return Attacker(*_who(name), None if name in {"x", "CONCORD"} else ship, damage, final_blow=False)


def kill(
    killmail_id: int, minute: float, victim: str, by: str, *, system: int = HOME, hull: tuple[int, int, int] = SHIP,
    value: float = 1e7, empty: bool = False,
) -> Killmail:  # fmt: skip
    ids = _who(victim)
    return Killmail(
        killmail_id=killmail_id,
        time=1_638_000_000 + round(minute * MINUTE),
        system_id=system,
        value=value,
        victim=Victim(*((None, *ids[1:]) if empty else ids), *hull),
        attackers=tuple(map(attacker, by.split())),
        nearby_system_ids=GATES.get(system, frozenset()),
    )


def groups(
    mails: Iterable[Killmail], rules: DetectionRules = RULES, constraints: Constraints = NO_CONSTRAINTS
) -> set[frozenset[int]]:
    return {frozenset(component.killmail_ids) for component in cluster(mails, rules, constraints)}


def component_of(killmail_id: int, components: Iterable[Component]) -> Component:
    return next(component for component in components if killmail_id in component.killmail_ids)


class Archive:
    """All mails, handed out only by what `wanted` names: what a store does."""

    def __init__(self, mails: Sequence[Killmail]) -> None:
        self._mails = {mail.killmail_id: mail for mail in mails}

    def around(
        self,
        seeds: Collection[int],
        rules: DetectionRules,
        constraints: Constraints = NO_CONSTRAINTS,
        members: Collection[int] = (),
    ) -> tuple[frozenset[int], list[Killmail]]:
        loaded = {seed: self._mails[seed] for seed in (*seeds, *members)}
        while True:
            need = required_context(seeds, loaded.values(), rules, constraints, members)
            found = {
                m.killmail_id: m for m in self._mails.values() if m.killmail_id in need.must_link_ids or _named(m, need)
            }
            if found.keys() <= loaded.keys():
                return need.core, list(loaded.values())
            loaded |= found


def _named(mail: Killmail, need: Any) -> bool:
    return any(_in_span(mail, span) for span in need.spans) or any(_on_trail(mail, trail) for trail in need.trails)


def _in_span(mail: Killmail, span: SystemInterval) -> bool:
    return mail.system_id == span.system_id and span.start <= mail.time <= span.end


def _on_trail(mail: Killmail, trail: PilotInterval) -> bool:
    return trail.start <= mail.time <= trail.end and not trail.pilots.isdisjoint(mail.pilots())
