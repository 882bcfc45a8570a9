"""A database that each test finds empty, invented static data, and HTTP servers that tests steer."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from zipfile import ZipFile

import psycopg
import pytest
from aiohttp import web
from pydantic import SecretStr

from battlescope_events.object_storage.objects import ObjectStorage
from battlescope_events.postgres.database import Database, open_pool
from battlescope_events.upstream.http import external_http
from battlescope_local.settings import S3Access
from battlescope_local.testing.buckets import Bucket, create_bucket
from battlescope_local.testing.databases import Database as Clone
from battlescope_local.testing.upstreams import instant_client
from killmail_enrich.persistence.archive import Archive
from killmail_enrich.static_data.download import StaticDataExport
from killmail_enrich.static_data.importer import refresh

SHARED = Path(__file__).parents[3].parent / "shared" / "data"
TABLES = (
    "enriched_killmails, waiting_killmails, battles, battle_killmails, entity_names, wanted_names, outbox_messages, "
    "delivery_attempts, upstream_cooldowns, market_prices, market_days, market_source, wanted_price_days, "
    "revaluation_jobs"
)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def database(module_database: Clone) -> str:
    """One for all tests of a module; `store` empties it."""
    return module_database.owner


@pytest.fixture
async def store(database: str) -> AsyncIterator[Database]:
    async with open_pool(SecretStr(database), "test", max_size=8) as pool:
        store = Database(pool, "killmail")
        async with store.connection() as connection:
            await connection.execute(f"TRUNCATE {TABLES}")
        yield store


def export_zip(path: Path, build: int, members: dict[str, list[dict[str, object]]]) -> Path:
    """A static data export of our own making, in the official layout."""
    with ZipFile(path, "w") as archive:
        archive.writestr("_sde.jsonl", json.dumps({"_key": "sde", "buildNumber": build}) + "\r\n")
        for name, entries in members.items():
            archive.writestr(name, "".join(json.dumps(entry) + "\n" for entry in entries))
    return path


def named(key: int, name: str, **fields: object) -> dict[str, object]:
    return {"_key": key, "name": {"en": name, "de": f"{name} (de)"}, **fields}


def blueprint(key: int, product: int, materials: dict[int, int], batch: int = 1) -> dict[str, object]:
    listed = [{"typeID": type_id, "quantity": quantity} for type_id, quantity in materials.items()]
    manufacturing = {"materials": listed, "products": [{"typeID": product, "quantity": batch}], "time": 60}
    return {"_key": key, "activities": {"manufacturing": manufacturing}, "blueprintTypeID": key}


def small_universe() -> dict[str, list[dict[str, object]]]:
    """Four systems in a row, A - B - C - D, one in wormhole space, and a handful of types."""
    chain = [30000001, 30000002, 30000003, 30000004]
    gates = [
        {"_key": 50000000 + i, "solarSystemID": a, "destination": {"solarSystemID": b, "stargateID": 1}}
        for i, (a, b) in enumerate(pairwise(chain))
    ]
    place = {"constellationID": 20000001, "regionID": 10000001}
    return {
        "categories.jsonl": [named(6, "Ship"), named(65, "Structure"), named(11, "Entity")],
        "groups.jsonl": [
            named(25, "Frigate", categoryID=6),
            named(29, "Capsule", categoryID=6),
            named(1657, "Citadel", categoryID=65),
        ],
        "types.jsonl": [
            named(0, "#System", groupID=0),
            named(0, "#System again", groupID=0),
            named(587, "Rifter", groupID=25),
            named(670, "Capsule", groupID=29),
            named(35832, "Astrahus", groupID=1657),
            named(30669, "Wolf-Rayet Star", groupID=995),
            named(999, "", groupID=424242),
        ],
        "mapRegions.jsonl": [named(10000001, "Derelik"), named(11000001, "A-R00001", wormholeClassID=1)],
        "mapConstellations.jsonl": [
            named(20000001, "San Matar", regionID=10000001),
            named(21000001, "A-C00001", regionID=11000001, wormholeClassID=2),
        ],
        "mapSolarSystems.jsonl": [
            *(named(key, f"System {key % 10}", securityStatus=0.9 - i / 3, **place) for i, key in enumerate(chain)),
            named(31000001, "J000001", securityStatus=-1, constellationID=21000001, regionID=11000001),
        ],
        "mapStargates.jsonl": gates,
        "mapSecondarySuns.jsonl": [{"_key": 40409248, "solarSystemID": 31000001, "typeID": 30669}],
        "blueprints.jsonl": [
            blueprint(2001, 35832, {34: 1000, 35: 5}),
            {"_key": 2002, "activities": {"copying": {"time": 5}}, "blueprintTypeID": 2002},
        ],
    }


@pytest.fixture
def universe() -> dict[str, list[dict[str, object]]]:
    return small_universe()


def import_static_data(database: str, url: str) -> bool:
    """Import an export as the Job does; whether it was new."""

    async def run() -> bool:
        async with external_http("tests") as http:
            return await refresh(database, StaticDataExport(url, instant_client("static-data", http)))

    with ThreadPoolExecutor(1) as thread:  # the thread of the test may have an event loop
        return thread.submit(asyncio.run, run()).result()


@pytest.fixture(name="import_static_data")
def import_static_data_fixture() -> Callable[[str, str], bool]:
    return import_static_data


@pytest.fixture
def write_export(tmp_path: Path) -> Callable[..., Path]:
    """Writes an export with this build and these members."""
    return lambda build, members, name="other.zip": export_zip(tmp_path / name, build, members)


@pytest.fixture
def universe_zip(tmp_path: Path) -> Path:
    return export_zip(tmp_path / "export.zip", 1000, small_universe())


@pytest.fixture
def static_data(database: str, universe_zip: Path) -> str:
    """The database with the small universe in it, whatever was there before."""
    with psycopg.connect(database) as connection:
        connection.execute("TRUNCATE static_data")
    import_static_data(database, universe_zip.as_uri())
    return database


Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


@pytest.fixture
async def serve() -> AsyncIterator[Callable[[Answer], Awaitable[str]]]:
    """Starts real HTTP servers that answer as told; gives the address of each."""
    runners: list[web.AppRunner] = []

    async def start(answer: Answer) -> str:
        app = web.Application(client_max_size=2**24)
        app.router.add_route("*", "/{path:.*}", answer)
        runners.append(web.AppRunner(app, shutdown_timeout=0.1))
        await runners[-1].setup()
        site = web.TCPSite(runners[-1], "127.0.0.1", 0)
        await site.start()
        return f"http://127.0.0.1:{runners[-1].addresses[0][1]}"

    yield start
    for runner in runners:
        await runner.cleanup()


@pytest.fixture(scope="session")
def archive_bucket(moto: S3Access) -> Bucket:
    return create_bucket(moto)


@pytest.fixture
def archive(archive_bucket: Bucket) -> Archive:
    return Archive(ObjectStorage(archive_bucket.bucket_access))


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture(scope="session")
def shared() -> Path:
    if not SHARED.is_dir():
        pytest.skip("../shared/data is absent: real killmails are not part of the project")
    return SHARED
