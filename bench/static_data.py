"""Imports a static data export of full size while killmails are enriched: seconds, memory, and what the readers notice.

The export has the layout and the size of CCP's (all languages, 50,000 types with all their fields, 8,500 systems), with
invented content. It is imported twice into a real PostgreSQL, as the second build while readers look systems and types
up without a pause. The import runs in a process of its own, as its Job does, so that its peak memory is its own.
"""

import argparse
import asyncio
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path
from random import Random
from statistics import median
from typing import IO, Any, Final
from zipfile import ZIP_DEFLATED, ZipFile

from pydantic import SecretStr

from battlescope_events.postgres.database import Database, open_pool
from battlescope_local.testing.databases import Databases
from battlescope_local.testing.servers import OwnServers
from killmail_enrich.static_data.repository import StaticData

LANGUAGES: Final = ("de", "en", "es", "fr", "ja", "ko", "ru", "zh")
LETTERS: Final = "abcdefghijklmnopqrstuvwxyzäöüßéñ" + "".join(map(chr, range(0x4E00, 0x4E20)))
TYPES: Final = 50_000
BLUEPRINTS: Final = 5_000
CYCLIC_SHARE: Final = 0.02  # of materials may be made of the product; CCP's are not
SYSTEMS: Final = 8_500
OBJECTS: Final = 400_000  # planets, moons and belts, which nobody here reads and which are most of the export
BUILDS: Final = (4_000_001, 4_000_002)
FIRST_SYSTEM: Final = 30_000_001
MAX_IMPORT_MIB: Final = 256


def write_export(path: Path, build: int) -> int:
    """Write an export of full size, and return the bytes of its members."""
    rng, size = Random(build), 0
    with ZipFile(path, "w", ZIP_DEFLATED, compresslevel=6) as archive:
        for name, rows in members(rng, build):
            with archive.open(f"{name}.jsonl", "w") as member:
                for row in rows:
                    size += member.write(json.dumps(row, ensure_ascii=False, separators=(",", ":")).encode() + b"\n")
    return size


def members(rng: Random, build: int) -> Iterator[tuple[str, Iterable[Mapping[str, Any]]]]:
    words = ["".join(rng.choices(LETTERS, k=rng.randint(3, 12))) for _ in range(20_000)]

    def text(length: int) -> dict[str, str]:
        return {language: " ".join(rng.choices(words, k=length)) for language in LANGUAGES}

    system_ids = range(FIRST_SYSTEM, FIRST_SYSTEM + SYSTEMS)
    yield "_sde", [{"_key": "sde", "buildNumber": build, "releaseDate": "2026-11-01T00:00:00Z"}]
    yield "categories", ({"_key": key, "name": text(2), "published": True} for key in range(1, 51))
    yield "groups", ({"_key": n, "categoryID": 1 + n % 50, "name": text(3)} for n in range(1, 1_601))
    yield "mapRegions", ({"_key": 10_000_001 + n, "name": text(2), "description": text(40)} for n in range(115))
    yield (
        "mapConstellations",
        ({"_key": 20_000_001 + n, "name": text(2), "regionID": 10_000_001 + n % 115} for n in range(1_180)),
    )
    yield "mapSolarSystems", (
        {
            "_key": key, "name": text(1), "constellationID": 20_000_001 + key % 1_180,
            "regionID": 10_000_001 + key % 115,
            "securityStatus": rng.uniform(-1, 1), "position": position(rng), "planetIDs": rng.sample(range(10**8), 8),
        }
        for key in system_ids
    )  # fmt: skip
    yield "mapStargates", (
        {"_key": 50_000_001 + n, "solarSystemID": rng.choice(system_ids), "position": position(rng),
         "destination": {"solarSystemID": rng.choice(system_ids), "stargateID": 50_000_001 + (n ^ 1)}}
        for n in range(13_900)
    )  # fmt: skip
    yield "mapMoons", (
        {"_key": 40_000_001 + n, "solarSystemID": rng.choice(system_ids), "position": position(rng),
         "radius": rng.random(),
         "statistics": {name: rng.random() for name in ("density", "eccentricity", "escapeVelocity", "massDust")}}
        for n in range(OBJECTS)
    )  # fmt: skip
    yield "blueprints", (blueprint(rng, key) for key in range(1, BLUEPRINTS + 1))
    yield "types", (
        {"_key": n, "groupID": 1 + n % 1_600, "name": text(4), "description": text(20), "mass": rng.random() * 1e9,
         "volume": rng.random() * 1e6, "basePrice": rng.random() * 1e8, "graphicID": n, "iconID": n, "published": True}
        for n in range(1, TYPES + 1)
    )  # fmt: skip


def blueprint(rng: Random, key: int) -> dict[str, Any]:
    """With every activity. Most materials have lower ids than the product, as parts have; some lead back to it."""
    product = 2 * BLUEPRINTS + key
    parts = [rng.randint(1, product if rng.random() < CYCLIC_SHARE else BLUEPRINTS) for _ in range(rng.randint(1, 12))]
    materials = [{"quantity": rng.randint(1, 50_000), "typeID": part} for part in dict.fromkeys(parts)]
    products = [{"quantity": rng.choice((1, 1, 1, 10, 100)), "typeID": product}]
    skills = [{"level": rng.randint(1, 5), "typeID": 3_380}]
    other = {"materials": materials[:3], "skills": skills, "time": rng.randint(60, 500_000)}
    making = {"materials": materials, "products": products, "skills": skills, "time": rng.randint(60, 500_000)}
    activity = "reaction" if key % 10 == 0 else "manufacturing"
    activities = {"copying": other, activity: making, "research_material": other, "research_time": other}
    return {"_key": key, "activities": activities, "blueprintTypeID": key, "maxProductionLimit": rng.randint(1, 600)}


def position(rng: Random) -> dict[str, float]:
    return {axis: rng.uniform(-4e17, 4e17) for axis in "xyz"}


class Exports(BaseHTTPRequestHandler):
    """Serves the newest build and its archive, in pieces, as CCP's server does."""

    folder: Path
    build: int

    def do_GET(self) -> None:
        name = self.path.rpartition("/")[2]
        path = self.folder / name
        if name == "latest.jsonl":
            self._send(BytesIO(json.dumps({"_key": "sde", "buildNumber": self.build}).encode()))
        else:
            with path.open("rb") as archive:
                self._send(archive)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the name of the base class
        pass

    def _send(self, content: IO[bytes]) -> None:
        size = content.seek(0, os.SEEK_END)
        content.seek(0)
        self.send_response(200)
        self.send_header("content-length", str(size))
        self.end_headers()
        shutil.copyfileobj(content, self.wfile)


def run_import(database_url: str, sde_url: str) -> dict[str, float]:
    """Run the import as its Job does; seconds, CPU seconds and peak MiB of its process."""
    variables = {"DATABASE_URL": database_url, "SDE_URL": sde_url, "USER_AGENT": "bench (bench@example.org)"}
    began = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", "killmail_enrich.static_data.importer"],
        env=os.environ | variables, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit("The import failed.")
    seconds = time.monotonic() - began
    return {"seconds": seconds, "cpu_seconds": usage.ru_utime + usage.ru_stime, "peak_mib": usage.ru_maxrss / 1024}


async def look_up_until(done: asyncio.Event, database_url: str) -> list[float]:
    """Look up a system and types, as the enrichment of a killmail does, until `done`; milliseconds of each."""
    rng, milliseconds = Random(1), list[float]()
    async with open_pool(SecretStr(database_url), "bench", max_size=2) as pool:
        while not done.is_set():
            static_data = StaticData(Database(pool, "killmail"), time.monotonic)  # nothing cached
            began = time.perf_counter()
            system_id, type_ids = FIRST_SYSTEM + rng.randrange(SYSTEMS), rng.sample(range(1, TYPES), 12)
            locations, types = await static_data.look_up([system_id], type_ids)
            milliseconds.append((time.perf_counter() - began) * 1000)
            if system_id not in locations or any(types.get(type_id) is None for type_id in type_ids):
                raise SystemExit("A lookup during the import found too little.")
    return milliseconds


async def second_import(database_url: str, reader_url: str, sde_url: str) -> tuple[dict[str, float], list[float]]:
    done = asyncio.Event()
    reading = asyncio.create_task(look_up_until(done, reader_url))
    result = await asyncio.to_thread(run_import, database_url, sde_url)
    done.set()
    return result, await reading


def main() -> None:
    argparse.ArgumentParser(description=__doc__).parse_args()
    servers = OwnServers()
    with tempfile.TemporaryDirectory() as folder, Databases(servers) as databases:
        Exports.folder = Path(folder)
        for build in BUILDS:
            path = Exports.folder / f"eve-online-static-data-{build}-jsonl.zip"
            size = write_export(path, build)
            print(f"build {build}: {path.stat().st_size / 2**20:.0f} MiB zipped, {size / 2**20:.0f} MiB unpacked")
        server = ThreadingHTTPServer(("127.0.0.1", 0), Exports)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}"
        database = databases.clone("battlescope_killmails").owner
        Exports.build = BUILDS[0]
        first = run_import(database, url)
        Exports.build = BUILDS[1]
        second, milliseconds = asyncio.run(second_import(database, database, url))
        server.shutdown()
    servers.close()
    for name, result in {"first build": first, "second build": second}.items():
        cost = f"{result['seconds']:.1f} s, {result['cpu_seconds']:.1f} s of CPU"
        print(f"{name}: {cost}, peak {result['peak_mib']:.0f} MiB")
    wait = f"median {median(milliseconds):.1f} ms, longest {max(milliseconds):.1f} ms"
    print(f"{len(milliseconds)} lookups during the second: {wait}, none failed")
    if max(first["peak_mib"], second["peak_mib"]) > MAX_IMPORT_MIB:
        raise SystemExit(f"The import takes more than {MAX_IMPORT_MIB} MiB.")


if __name__ == "__main__":
    main()
