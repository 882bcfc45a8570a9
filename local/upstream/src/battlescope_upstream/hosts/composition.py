"""Builds the state of the simulated upstreams from their options."""

import json
import time
from collections.abc import Callable, Mapping
from functools import cache, partial
from pathlib import Path
from typing import Any, Final
from zipfile import ZipFile

from battlescope_upstream.content.killmail_files import load_mails
from battlescope_upstream.content.names import make_name_book
from battlescope_upstream.content.published_feed import Feed
from battlescope_upstream.content.reference_data import Reference, reference_of_world, reference_of_zip
from battlescope_upstream.content.schedule import pace
from battlescope_upstream.content.sde import BUILD, latest_line, make_sde
from battlescope_upstream.content.zkb import make_zkb
from battlescope_upstream.hosts.options import Options
from battlescope_upstream.hosts.state import SimulatedWorld, StaticData
from battlescope_upstream.killmail import Mail
from battlescope_upstream.simulation.feed import GroundTruth, make_evening
from battlescope_upstream.simulation.rng import seeded
from battlescope_upstream.simulation.universe import Universe, make_universe

# The public address, not ours: a file's bytes must not depend on the port, and readers go by id and hash.
_ESI_URL: Final = "https://esi.evetech.net"


def make_world(options: Options, clock: Callable[[], float] = time.time) -> SimulatedWorld:
    mails, universe, truth = _history(options)
    given = options.sde if options.killmails else None
    reference = reference_of_zip(given) if given else reference_of_world(universe)
    feed = Feed(
        mails=mails,
        due=pace(options.speed, mails, options.dials.head_start),
        opened=clock(),
        seed=options.seed,
        zkb=partial(_zkb, reference=reference),
        dials=options.dials,
        first_sequence=options.first_sequence,
    )
    return SimulatedWorld(
        feed=feed,
        mails={mail.killmail_id: mail for mail in mails},
        reference=reference,
        names=make_name_book(reference.names, options.names, mails),
        static=_static(options.sde, universe),
        truth=truth,
        clock=clock,
        seed=options.seed,
        chance=seeded(options.seed, "answers"),
    )


def _history(options: Options) -> tuple[tuple[Mail, ...], Universe, GroundTruth | None]:
    if options.killmails:
        return load_mails(options.killmails), make_universe(options.seed), None
    evening = make_evening(options.evening, options.mails, options.start)
    return evening.mails, evening.universe, evening.truth


def _zkb(mail: Mail, reference: Reference) -> Mapping[str, Any]:
    return make_zkb(mail.body(), mail.hash, reference, _ESI_URL)


def _static(given: Path | None, universe: Universe) -> StaticData:
    if given is None:
        return StaticData(BUILD, latest_line().encode(), cache(partial(make_sde, universe)))
    with ZipFile(given) as archive:
        line = archive.read("_sde.jsonl").strip()
    return StaticData(json.loads(line)["buildNumber"], line + b"\r\n", given.read_bytes)
