"""Simulated killmails with their ground truth: which killmails are one fight, and which party is on which side.

Seeded and without a clock: the same arguments give the same bytes. The feed opens with a compact fight, contains each
special scene once per 1,500 killmails (none below 400), and fills up with ordinary fights and losses to NPCs in the
shares of real data.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Final

from battlescope_upstream.catalogue import catalogue
from battlescope_upstream.killmail import Killmail, make_killmail
from battlescope_upstream.simulation import distributions, incidents, scenes
from battlescope_upstream.simulation.combat import Loss
from battlescope_upstream.simulation.killmail_json import write_killmail
from battlescope_upstream.simulation.population import make_population
from battlescope_upstream.simulation.rng import rng_for
from battlescope_upstream.simulation.roster import Roster
from battlescope_upstream.simulation.scenes import Scene, SceneContext
from battlescope_upstream.simulation.universe import Universe, make_universe

DEFAULT_START: Final = datetime(2026, 3, 7, 17, 0, tzinfo=UTC)
NPC_SHARE: Final = 0.142  # 8,134 of 57,461 real killmails have no player attacker
KILLMAILS_PER_SET: Final = 1_500  # killmails for one set of special scenes and five hours
_MIN_KILLMAILS_WITH_SPECIALS: Final = 400  # in a smaller feed special scenes leave no room for ordinary fights
_SET_SECONDS: Final = 5 * 3600
_FIRST_ID: Final = 131_000_000
_OPENING_SECONDS: Final = 240  # the opening fight is nearly alone for this long, so that a demo shows it first


@dataclass(frozen=True, slots=True)
class TrueFight:
    """`sides` maps each party id to its side."""

    number: int
    kind: str
    sides: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class GroundTruth:
    """The fight of each killmail (None: part of no fight), the kind of each killmail, and the fights by number."""

    fight_of: Mapping[int, int | None]
    kind_of: Mapping[int, str]
    fights: Mapping[int, TrueFight]


@dataclass(frozen=True, slots=True)
class SimulatedFeed:
    """Killmails in order of time and id, their ground truth, and the universe of their systems."""

    killmails: tuple[Killmail, ...]
    truth: GroundTruth
    universe: Universe


def simulate_feed(seed: int, killmail_count: int = KILLMAILS_PER_SET, start: datetime = DEFAULT_START) -> SimulatedFeed:
    """A feed of exactly `killmail_count` killmails; its duration grows with them, five hours for 1,500."""
    rng = rng_for("evening", seed)
    universe = make_universe(seed)
    context = SceneContext(rng, Roster(rng, make_population(seed), universe), universe)
    numbered = list(enumerate(_all_scenes(context, killmail_count), 1))
    fights = {number: TrueFight(number, scene.kind, scene.sides) for number, scene in numbered if scene.sides}
    losses = [(loss, scene.kind) for number, scene in numbered for loss in _with_fight_number(scene, number)]
    losses.sort(key=lambda loss_and_kind: loss_and_kind[0].second)
    killmails: list[Killmail] = []
    ids = _killmail_ids(rng)
    for loss, _ in losses[:killmail_count]:
        text_and_body = write_killmail(rng, loss, next(ids), start + timedelta(seconds=loss.second))
        killmails.append(make_killmail(*text_and_body))
    pairs = list(zip(killmails, losses, strict=False))
    fight_of = {killmail.killmail_id: loss.fight for killmail, (loss, _) in pairs}
    kind_of = {killmail.killmail_id: kind for killmail, (_, kind) in pairs}
    return SimulatedFeed(tuple(killmails), GroundTruth(fight_of, kind_of, fights), universe)


def _with_fight_number(scene: Scene, number: int) -> Iterator[Loss]:
    return (replace(loss, fight=number if scene.sides else None) for loss in scene.losses)


def _killmail_ids(rng: Random) -> Iterator[int]:
    """Rising with gaps, since a real feed does not contain every id."""
    killmail_id = _FIRST_ID
    while True:
        killmail_id += rng.randint(1, 3)
        yield killmail_id


def _all_scenes(context: SceneContext, killmail_count: int) -> Iterator[Scene]:
    rng, length = context.rng, max(3600, _SET_SECONDS * killmail_count // KILLMAILS_PER_SET)
    loss_count = concord_count = 0
    for scene in _special_scenes(context, killmail_count, length):
        loss_count += len(scene.losses)
        concord_count += len(scene.losses) if scene.kind == "concord" else 0
        yield scene
    npc_count = max(0, round(killmail_count * NPC_SHARE) - concord_count)
    while (remaining := killmail_count - npc_count - loss_count) > 0:
        size = distributions.fight_size(rng, min(remaining, max(12, killmail_count // 12)))
        start = rng.randint(_OPENING_SECONDS, length)
        scene = scenes.brawl(context, start, size, distributions.space_of_fight(rng))
        loss_count += len(scene.losses)
        yield scene
    starts = [rng.randint(_OPENING_SECONDS, length) for _ in range(killmail_count - loss_count)]
    yield from incidents.npc_losses(context, starts)


def _special_scenes(context: SceneContext, killmail_count: int, length: int) -> Iterator[Scene]:
    """The opening fight, then every special scene once per set, scaled down in a feed of less than one set."""
    sets = max(1, killmail_count // KILLMAILS_PER_SET) if killmail_count >= _MIN_KILLMAILS_WITH_SPECIALS else 0
    scale = min(1.0, killmail_count / KILLMAILS_PER_SET)
    yield scenes.fleet_fight(context, 0, max(6, round(24 * min(1.0, 2 * scale))), minutes=5, kind="opening")
    for number in range(sets):
        yield from _set_of_special_scenes(context, scale, length * number // sets, length // sets)


def _set_of_special_scenes(context: SceneContext, scale: float, begin: int, duration: int) -> Iterator[Scene]:
    def at(share: float) -> int:
        return begin + round(duration * share)

    def scaled(count: int) -> int:
        return max(8, round(count * scale))

    yield scenes.fleet_fight(context, at(0.35), scaled(200), minutes=45)
    yield scenes.third_party(context, at(0.15), scaled(40))
    yield scenes.running_fight(context, at(0.55), scaled(36))
    yield scenes.second_round_fight(context, at(0.7), scaled(40))
    yield scenes.militia_fight(context, at(0.1), scaled(45))
    yield incidents.gate_camp(context, at(0.45), scaled(30))
    yield incidents.ejection(context, at(0.85), scaled(45))
    yield incidents.awox(context, at(0.25))
    for n in range(max(1, round(2 * scale))):
        structure = catalogue().with_role("structure")[2 + n]  # a refinery at a moon, then a fortress
        yield incidents.siege(context, at(0.3 + 0.4 * n), scaled(35), structure)
    for n in range(max(1, round(5 * scale))):
        yield from incidents.gank(context, at(0.12 + 0.17 * n))
    for n in range(max(1, round(8 * scale))):
        yield incidents.deployable_loss(context, at(0.1 + 0.1 * n))
