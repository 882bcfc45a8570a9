"""Composes the world from its options and puts all hosts on one loopback server."""

import json
import time
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache, partial
from pathlib import Path
from typing import Any, Final
from zipfile import ZipFile

from aiohttp import web

from battlescope_upstream.content.feed import FIRST_SEQUENCE, Feed
from battlescope_upstream.content.files import load_mails
from battlescope_upstream.content.mail import Mail
from battlescope_upstream.content.namebook import make_name_book
from battlescope_upstream.content.pace import pace
from battlescope_upstream.content.reference import Reference, reference_of_world, reference_of_zip
from battlescope_upstream.content.sde import BUILD, latest_line, make_sde
from battlescope_upstream.content.zkb import make_zkb
from battlescope_upstream.fault_settings import FaultSettings
from battlescope_upstream.hosts.control import Control
from battlescope_upstream.hosts.esi import Esi
from battlescope_upstream.hosts.everef import Everef
from battlescope_upstream.hosts.r2z2 import R2z2
from battlescope_upstream.hosts.static_data import StaticFiles
from battlescope_upstream.simulation.feed import DEFAULT_START, SET, GroundTruth, make_evening
from battlescope_upstream.simulation.rng import seeded
from battlescope_upstream.simulation.universe import Universe, make_universe
from battlescope_upstream.simulation.world import SimulatedWorld, StaticData

DEFAULT_EVENING: Final = 7
# The public address, not ours: a file's bytes must not depend on the port, and readers go by id and hash.
_ESI_URL: Final = "https://esi.evetech.net"


@dataclass(frozen=True, slots=True)
class Options:
    """Where the mails come from, how fast they are published, what the hosts know. Files win over the evening."""

    evening: int = DEFAULT_EVENING
    mails: int = SET
    start: datetime = DEFAULT_START
    killmails: tuple[Path, ...] = ()
    names: tuple[Path, ...] = ()
    sde: Path | None = None
    speed: str = "1"
    seed: int = 0
    first_sequence: int = FIRST_SEQUENCE
    dials: FaultSettings = field(default_factory=FaultSettings)


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


def make_app(world: SimulatedWorld) -> web.Application:
    app = web.Application(middlewares=[_counting(world.answers)], client_max_size=4 * 2**20)
    for host in (R2z2(world), Esi(world), Everef(world), StaticFiles(world), Control(world)):
        app.add_routes(host.routes())
    return app


def _counting(answers: Counter[str]) -> Callable[..., Awaitable[web.StreamResponse]]:
    @web.middleware
    async def count(
        request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        response = await handler(request)
        resource = request.match_info.route.resource
        answers[f"{resource.canonical if resource else request.path} {response.status}"] += 1
        return response

    return count


@asynccontextmanager
async def serving(world: SimulatedWorld, port: int = 0) -> AsyncGenerator[int]:
    """The server on 127.0.0.1, as long as the context is open; gives its port."""
    runner = web.AppRunner(make_app(world), access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", port).start()
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()
