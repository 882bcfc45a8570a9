"""An invented evening of New Eden with known truth: which mails are one fight, and who stood on which side.

Seeded and without a clock: the same arguments give the same bytes. It opens with a compact fight, holds each kind of
trap once per 1,500 mails (none below 400), and fills up with ordinary fights and the noise of NPCs in real shares.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Final

from battlescope_upstream.catalogue import catalogue
from battlescope_upstream.killmail import Mail, make_mail
from battlescope_upstream.simulation import distributions, incidents, scenes
from battlescope_upstream.simulation.combat import Loss
from battlescope_upstream.simulation.killmail_json import write_mail
from battlescope_upstream.simulation.population import make_people
from battlescope_upstream.simulation.rng import seeded
from battlescope_upstream.simulation.roster import Roster
from battlescope_upstream.simulation.scenes import Scene, SceneBuilder
from battlescope_upstream.simulation.universe import Universe, make_universe

DEFAULT_START: Final = datetime(2026, 3, 7, 17, 0, tzinfo=UTC)
NPC_SHARE: Final = 0.142  # 8,134 of 57,461 mails have no player attacker
SET: Final = 1_500  # mails that share one set of special scenes, and five hours
_LEAST_WITH_TRAPS: Final = 400  # below, they would leave no room for anything else
_SET_SECONDS: Final = 5 * 3600
_FIRST_ID: Final = 131_000_000
_ALONE: Final = 240  # for so many seconds the opening fight is nearly alone, so that a demo shows it first


@dataclass(frozen=True, slots=True)
class TrueFight:
    number: int
    kind: str
    sides: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class GroundTruth:
    """`fight_of` each killmail (None: part of no fight), `kind_of` each, and each fight's sides by party id."""

    fight_of: Mapping[int, int | None]
    kind_of: Mapping[int, str]
    fights: Mapping[int, TrueFight]


@dataclass(frozen=True, slots=True)
class SimulatedFeed:
    """Mails in order of time (and id), the truth about them, and the world they happened in."""

    mails: tuple[Mail, ...]
    truth: GroundTruth
    universe: Universe


def make_evening(seed: int, mails: int = SET, start: datetime = DEFAULT_START) -> SimulatedFeed:
    """So many mails exactly; the evening grows longer with them, five hours for 1,500."""
    rng = seeded("evening", seed)
    universe = make_universe(seed)
    stage = SceneBuilder(rng, Roster(rng, make_people(seed), universe), universe)
    played = list(_play(stage, mails))
    fights = {n: TrueFight(n, scene.kind, scene.sides) for n, scene in enumerate(played, 1) if scene.sides}
    told = [(loss, n, scene.kind) for n, scene in enumerate(played, 1) for loss in _numbered(scene, n)]
    told.sort(key=lambda entry: entry[0].at)
    written: list[Mail] = []
    ids = _ids(rng)
    for loss, _, _ in told[:mails]:
        body = write_mail(rng, loss, next(ids), start + timedelta(seconds=loss.at))
        written.append(make_mail(*body))
    fight_of = {mail.killmail_id: loss.fight for mail, (loss, _, _) in zip(written, told, strict=False)}
    kind_of = {mail.killmail_id: kind for mail, (_, _, kind) in zip(written, told, strict=False)}
    return SimulatedFeed(tuple(written), GroundTruth(fight_of, kind_of, fights), universe)


def _numbered(scene: Scene, number: int) -> Iterator[Loss]:
    return (replace(loss, fight=number if scene.sides else None) for loss in scene.losses)


def _ids(rng: Random) -> Iterator[int]:
    """Rising with gaps, as when other mails come between."""
    found = _FIRST_ID
    while True:
        found += rng.randint(1, 3)
        yield found


def _play(stage: SceneBuilder, mails: int) -> Iterator[Scene]:
    length = max(3600, _SET_SECONDS * mails // SET)
    told = npc = 0
    for scene in _specials(stage, mails, length):
        told += len(scene.losses)
        npc += len(scene.losses) if scene.kind == "concord" else 0
        yield scene
    quiet = max(0, round(mails * NPC_SHARE) - npc)
    while (left := mails - quiet - told) > 0:
        size = distributions.fight_size(stage.rng, min(left, max(12, mails // 12)))
        scene = scenes.brawl(stage, stage.rng.randint(_ALONE, length), size, distributions.space_of_fight(stage.rng))
        told += len(scene.losses)
        yield scene
    yield from incidents.noise(stage, [stage.rng.randint(_ALONE, length) for _ in range(mails - told)])


def _specials(stage: SceneBuilder, mails: int, length: int) -> Iterator[Scene]:
    """The opening, and every trap once per set, smaller where the evening is; none in an evening too short for them."""
    sets = max(1, mails // SET) if mails >= _LEAST_WITH_TRAPS else 0
    scale = min(1.0, mails / SET)
    yield scenes.fleet_fight(stage, 0, max(6, round(24 * min(1.0, 2 * scale))), minutes=5, kind="opening")
    for number in range(sets):
        yield from _one_set(stage, scale, length * number // sets, length // sets)


def _one_set(stage: SceneBuilder, scale: float, begin: int, span: int) -> Iterator[Scene]:
    def at(share: float) -> int:
        return begin + round(span * share)

    def sized(count: int) -> int:
        return max(8, round(count * scale))

    yield scenes.fleet_fight(stage, at(0.35), sized(200), minutes=45)
    yield scenes.third_party(stage, at(0.15), sized(40))
    yield scenes.running(stage, at(0.55), sized(36))
    yield scenes.reship(stage, at(0.7), sized(40))
    yield scenes.militia(stage, at(0.1), sized(45))
    yield incidents.gate_camp(stage, at(0.45), sized(30))
    yield incidents.ejection(stage, at(0.85), sized(45))
    yield incidents.awox(stage, at(0.25))
    for n in range(max(1, round(2 * scale))):
        structure = catalogue().of_role("structure")[2 + n]  # a refinery at a moon, then a fortress
        yield incidents.siege(stage, at(0.3 + 0.4 * n), sized(35), structure)
    for n in range(max(1, round(5 * scale))):
        yield from incidents.gank(stage, at(0.12 + 0.17 * n))
    for n in range(max(1, round(8 * scale))):
        yield incidents.deployable(stage, at(0.1 + 0.1 * n))
