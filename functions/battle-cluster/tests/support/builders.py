"""Small fights in short notation: "A1" is pilot 1 of alliance A, "A" its structure, "x" an NPC, "CONCORD" police."""

from collections.abc import Iterable

from battle_cluster.detection.clustering import Component, cluster
from battle_cluster.detection.rules import DetectionRules
from battle_cluster.domain.killmail import Attacker, Killmail, Party, PartyKind, Victim
from battle_cluster.edits.constraints import NO_CONSTRAINTS, Constraints
from battle_cluster.sides.assignment import Sides
from battle_cluster.statistics.battle_totals import BattleTotals, TotalsAccumulator
from battle_cluster.statistics.rows import PartyTotals

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
"""Type, group and category."""

MINUTE = 60
NPC_CORPORATION, CONCORD = 1_000_127, 1_000_125


def party(name: str) -> Party:
    return Party(PartyKind.ALLIANCE, _alliance(name))


def pilot(name: str) -> int:
    return 2_000_000_000 + 1000 * _alliance(name) % 1_000_000_000 + int(name.strip("ABCDEFGHIJKLMNOPQRSTUVWXYZ") or 0)


def _alliance(name: str) -> int:
    return 99_000_000 + ord(name[0])


def _affiliation(name: str) -> tuple[int | None, int | None, int | None, Party | None]:
    """Character, corporation, alliance and party."""
    if name == "x":
        return None, NPC_CORPORATION, None, None
    if name == "CONCORD":
        return None, CONCORD, None, None
    character = None if len(name) == 1 else pilot(name)
    return character, 98_000_000 + ord(name[0]), _alliance(name), party(name)


def attacker(name: str, damage: int = 100, ship: int | None = 587) -> Attacker:
    return Attacker(*_affiliation(name), None if name in {"x", "CONCORD"} else ship, damage, final_blow=False)


def kill(
    killmail_id: int, minute: float, victim: str, attackers: str, *, system: int = HOME,
    ship: tuple[int, int, int] = SHIP, value: float = 1e7, unpiloted: bool = False,
) -> Killmail:  # fmt: skip
    affiliation = _affiliation(victim)
    return Killmail(
        killmail_id=killmail_id,
        time=1_638_000_000 + round(minute * MINUTE),
        system_id=system,
        value=value,
        victim=Victim(*((None, *affiliation[1:]) if unpiloted else affiliation), *ship),
        attackers=tuple(map(attacker, attackers.split())),
        nearby_system_ids=GATES.get(system, frozenset()),
    )


def cluster_ids(
    killmails: Iterable[Killmail], rules: DetectionRules = RULES, constraints: Constraints = NO_CONSTRAINTS
) -> set[frozenset[int]]:
    """The killmail ids of each component."""
    return {frozenset(component.killmail_ids) for component in cluster(killmails, rules, constraints)}


def component_of(killmail_id: int, components: Iterable[Component]) -> Component:
    return next(component for component in components if killmail_id in component.killmail_ids)


def totals(killmails: Iterable[Killmail], sides: Sides) -> BattleTotals:
    accumulator = TotalsAccumulator()
    for killmail in killmails:
        accumulator.add(killmail)
    return accumulator.totals(sides)


def parties_of(battle: BattleTotals, side_id: int | None) -> dict[Party, PartyTotals]:
    rows = (row for row in battle.parties.values() if row.side_id == side_id)
    return {Party(PartyKind(row.party_type), row.party_id): row for row in rows}
