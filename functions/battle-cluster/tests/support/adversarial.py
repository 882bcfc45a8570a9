"""What lies around fights and is none: ratters' losses, deployables, the police, ships spilled from a structure."""

from collections.abc import Sequence

from simulator import CAPSULE, CITADEL, CONCORD, SHUTTLE, TRACTOR, Pilot, Place, Scene, attacker, npc, victim

NPC_ONLY = 0.14
"""8,134 of 57,461 real mails."""


def noise(scene: Scene, systems: Sequence[int], hours: float) -> None:
    """As many NPC-only mails as real days have, some deployables, and strangers' solo kills, which are battles too."""
    fights = len(scene.mails)
    for _ in range(round(fights * NPC_ONLY / (1 - NPC_ONLY))):
        scene.add(_anywhere(scene, systems, hours), victim(scene.fleet(1)[0]), [npc()], 2e7)
    for _ in range(round(fights * 0.04)):
        lost, hunter = scene.fleet(1)[0], scene.fleet(1)[0]
        scene.add(_anywhere(scene, systems, hours), victim(lost, TRACTOR, 1250, 22), [attacker(hunter, 900)], 8e6)
    for _ in range(max(12, round(fights * 0.1))):
        place = _anywhere(scene, systems, hours)
        lost, hunter = scene.fleet(1)[0], scene.fleet(1)[0]
        scene.add(Place(1_000_000 + scene.next(), place.system, place.time), victim(lost), [attacker(hunter, 900)], 2e7)


def _anywhere(scene: Scene, systems: Sequence[int], hours: float) -> Place:
    return Place(None, scene.rng.choice(systems), scene.rng.uniform(0, hours * 3600))


def gank(scene: Scene, at: Place, gang: Sequence[Pilot], prey: Pilot, helper: Sequence[Pilot]) -> None:
    """A freighter dies to a suicide gang within half a minute, and the police shoots every ganker."""
    scene.add(at, victim(prey, 20185, 513), [attacker(one, 400) for one in gang], 2e9)
    scene.add(at.later(3), victim(prey, CAPSULE, 29), [attacker(gang[0], 50)], 1e5)
    for number, one in enumerate(gang):
        police = Place(None, at.system, at.time + 12 + number // 4)
        shots = [attacker(other, 5) for other in (prey, *helper) if number % 3 == 0]
        scene.add(police, victim(one, 16242, 420), [*shots, npc(CONCORD)], 1e7)


def spill(scene: Scene, at: Place, owner: Pilot, hunters: Sequence[Pilot], ships: int) -> None:
    """A structure dies, and the empty ships of its hangar with it."""

    keep = victim(owner, CITADEL, 1657, 65)._replace(character_id=None)
    scene.add(at, keep, [attacker(one, 5000) for one in hunters], 1e9)
    for number in range(ships):
        empty = victim(owner, SHUTTLE, 31)._replace(character_id=None)
        scene.add(Place(None, at.system, at.time + number * 4), empty, [attacker(hunters[number % 5], 9)], 1e4)
