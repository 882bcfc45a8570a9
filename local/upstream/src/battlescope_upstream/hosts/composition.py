"""Builds the state of the simulated upstreams from their options."""

import json
import time
from collections.abc import Callable, Mapping
from functools import cache, partial
from pathlib import Path
from typing import Any, Final
from zipfile import ZipFile

from battlescope_upstream.content.killmail_files import load_killmails
from battlescope_upstream.content.names import build_name_directory
from battlescope_upstream.content.published_feed import PublishedFeed
from battlescope_upstream.content.reference_data import ReferenceData, reference_from_universe, reference_from_zip
from battlescope_upstream.content.schedule import make_schedule
from battlescope_upstream.content.sde import build_number, build_sde, latest_build_line
from battlescope_upstream.content.zkb import build_zkb
from battlescope_upstream.hosts.options import Options
from battlescope_upstream.hosts.state import StaticData, UpstreamState
from battlescope_upstream.killmail import Killmail, with_zkb
from battlescope_upstream.simulation.feed import GroundTruth, simulate_feed
from battlescope_upstream.simulation.rng import rng_for
from battlescope_upstream.simulation.universe import Universe, make_universe, with_systems

# The public address, not the simulated one: the bytes of a file must not depend on the port; readers use id and hash.
_ESI_URL: Final = "https://esi.evetech.net"


def build_state(options: Options, clock: Callable[[], float] = time.time) -> UpstreamState:
    killmails, universe, truth = _load_killmails(options)
    sde = options.sde if options.killmails else None
    reference = reference_from_zip(sde) if sde else reference_from_universe(universe)
    zkb = partial(_build_zkb, reference=reference)
    if options.values_first:
        killmails = tuple(with_zkb(killmail, zkb(killmail)) for killmail in killmails)
    feed = PublishedFeed(
        killmails=killmails,
        schedule=make_schedule(options.speed, killmails, options.faults.head_start),
        opened_at=clock(),
        seed=options.seed,
        zkb=zkb,
        faults=options.faults,
        first_sequence=options.first_sequence,
    )
    return UpstreamState(
        feed=feed,
        killmails={killmail.killmail_id: killmail for killmail in killmails},
        reference=reference,
        names=build_name_directory(reference.names, options.names, killmails),
        static_data=_load_static_data(options.sde, universe),
        truth=truth,
        clock=clock,
        seed=options.seed,
        rng=rng_for(options.seed, "answers"),
        market_days=options.market_days,
    )


def _load_killmails(options: Options) -> tuple[tuple[Killmail, ...], Universe, GroundTruth | None]:
    if options.killmails:
        killmails = load_killmails(options.killmails)
        systems = () if options.sde else {killmail.body()["solar_system_id"] for killmail in killmails}
        return killmails, with_systems(make_universe(options.seed), systems), None
    feed = simulate_feed(options.evening, options.mails, options.start)
    return feed.killmails, feed.universe, feed.truth


def _build_zkb(killmail: Killmail, reference: ReferenceData) -> Mapping[str, Any]:
    return build_zkb(killmail.body(), killmail.hash, reference, _ESI_URL)


def _load_static_data(sde: Path | None, universe: Universe) -> StaticData:
    if sde is None:
        build = build_number(universe)
        return StaticData(build, latest_build_line(build).encode(), cache(partial(build_sde, universe)))
    with ZipFile(sde) as archive:
        line = archive.read("_sde.jsonl").strip()
    return StaticData(json.loads(line)["buildNumber"], line + b"\r\n", sde.read_bytes)
