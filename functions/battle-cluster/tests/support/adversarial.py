"""Killmails around fights that belong to none: losses to NPCs, deployables, police, ships ejected from a structure."""

from collections.abc import Sequence

from simulator import CAPSULE, CITADEL, CONCORD, SHUTTLE, TRACTOR, FightLocation, Pilot, Scene, attacker, npc, victim

NPC_ONLY = 0.14
"""8,134 of 57,461 real killmails."""


def noise(scene: Scene, systems: Sequence[int], hours: float) -> None:
    """As many NPC-only killmails as on real days, some deployables, and solo kills by strangers, which are battles."""
    fights = len(scene.killmails)
    for _ in range(round(fights * NPC_ONLY / (1 - NPC_ONLY))):
        scene.add(_random_location(scene, systems, hours), victim(scene.fleet(1)[0]), [npc()], 2e7)
    for _ in range(round(fights * 0.04)):
        loser, hunter = scene.fleet(1)[0], scene.fleet(1)[0]
        scene.add(
            _random_location(scene, systems, hours), victim(loser, TRACTOR, 1250, 22), [attacker(hunter, 900)], 8e6
        )
    for _ in range(max(12, round(fights * 0.1))):
        location = _random_location(scene, systems, hours)
        loser, hunter = scene.fleet(1)[0], scene.fleet(1)[0]
        scene.add(
            FightLocation(1_000_000 + scene.next_id(), location.system, location.time),
            victim(loser),
            [attacker(hunter, 900)],
            2e7,
        )


def _random_location(scene: Scene, systems: Sequence[int], hours: float) -> FightLocation:
    return FightLocation(None, scene.rng.choice(systems), scene.rng.uniform(0, hours * 3600))


def gank(scene: Scene, location: FightLocation, gang: Sequence[Pilot], prey: Pilot, helper: Sequence[Pilot]) -> None:
    """A freighter dies to a suicide gang within half a minute, and the police shoots every ganker."""
    scene.add(location, victim(prey, 20185, 513), [attacker(pilot, 400) for pilot in gang], 2e9)
    scene.add(location.later(3), victim(prey, CAPSULE, 29), [attacker(gang[0], 50)], 1e5)
    for number, ganker in enumerate(gang):
        police = FightLocation(None, location.system, location.time + 12 + number // 4)
        shots = [attacker(pilot, 5) for pilot in (prey, *helper) if number % 3 == 0]
        scene.add(police, victim(ganker, 16242, 420), [*shots, npc(CONCORD)], 1e7)


def eject(scene: Scene, location: FightLocation, owner: Pilot, hunters: Sequence[Pilot], ships: int) -> None:
    """A structure dies and ejects the empty ships of its hangar, which die too."""
    structure = victim(owner, CITADEL, 1657, 65)._replace(character_id=None)
    scene.add(location, structure, [attacker(pilot, 5000) for pilot in hunters], 1e9)
    for number in range(ships):
        ship = victim(owner, SHUTTLE, 31)._replace(character_id=None)
        scene.add(
            FightLocation(None, location.system, location.time + number * 4),
            ship,
            [attacker(hunters[number % 5], 9)],
            1e4,
        )
