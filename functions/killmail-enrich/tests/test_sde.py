"""The static data: the lines pure, the import on a real database, and the sample of the real export."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import psycopg
import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st
from psycopg_pool import AsyncConnectionPool

from killmail_enrich.enrichment.locations import ItemType
from killmail_enrich.errors import Unavailable, Unusable
from killmail_enrich.static_data import importer
from killmail_enrich.static_data.download import Export
from killmail_enrich.static_data.importer import refresh
from killmail_enrich.static_data.parser import MEMBERS, adjacency, nearby, rows
from killmail_enrich.static_data.repository import StaticData

SHARED = Path(__file__).parents[4] / "shared" / "data"
SAMPLE = SHARED / "sde" / "eve-online-static-data-sample-jsonl.zip"
needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason="../shared/data is absent: no sample of the real export")
Start = Callable[[Any], Any]
gates = st.lists(st.tuples(st.integers(1, 12), st.integers(1, 12)), max_size=25)


def gate_lines(pairs: list[tuple[int, int]]) -> list[bytes]:
    return [
        json.dumps({"_key": key, "solarSystemID": a, "destination": {"solarSystemID": b, "stargateID": 1}}).encode()
        for key, (a, b) in enumerate(pairs)
    ]


@given(gates)
def test_near_is_mutual_excludes_itself_and_reaches_two_jumps(pairs: list[tuple[int, int]]) -> None:
    linked = adjacency(gate_lines(pairs))
    for system in range(1, 13):
        near = nearby(system, linked)
        assert near == sorted(set(near) - {system})
        for other in near:
            one_jump = other in linked[system]
            assert one_jump or linked[system] & linked[other]
            assert system in nearby(other, linked)


def test_the_first_of_two_entries_counts_and_names_may_be_empty() -> None:
    types = next(member for member in MEMBERS if member.table == "types")
    lines = [b'{"_key":0,"groupID":1,"name":{"en":"a"}}', b"\r\n", b'{"_key":0,"groupID":2,"name":{"en":"b"}}']
    assert list(rows(types, [*lines, b'{"_key":7,"groupID":2,"name":{}}\r\n'])) == [(0, "a", 1), (7, "", 2)]


@pytest.mark.parametrize("line", [b"<html>", b"[1]", b"{}", b'{"_key":1}', b'{"_key":1,"groupID":', b"null"])
def test_a_line_that_is_no_entry_stops_the_import(line: bytes) -> None:
    types = next(member for member in MEMBERS if member.table == "types")
    with pytest.raises(Unusable):
        list(rows(types, [line]))


@pytest.mark.postgres
@pytest.mark.usefixtures("static_data")
async def test_look_up_of_systems_and_types(pool: AsyncConnectionPool) -> None:
    place, types = await StaticData(pool, lambda: 0.0).look_up(30000002, [587, 999, 31337])
    assert (place.system_name, place.region_name, place.security_type) == ("System 2", "Derelik", "highsec")
    assert list(place.nearby_system_ids) == [30000001, 30000003, 30000004]
    assert types == {
        587: ItemType(587, "Rifter", 25, "Frigate", 6),
        999: ItemType(999, None, 424242, None, None),
    }


@pytest.mark.postgres
async def test_nothing_imported_and_unknown_system_are_waited_for(static_data: str, pool: AsyncConnectionPool) -> None:
    with pytest.raises(Unusable, match="no system 30009999"):
        await StaticData(pool, lambda: 0.0).look_up(30009999, [])
    with psycopg.connect(static_data) as connection:
        connection.execute("TRUNCATE static_data")
    with pytest.raises(Unavailable, match="No static data has been imported"):
        await StaticData(pool, lambda: 0.0).look_up(30000002, [])


@pytest.mark.postgres
async def test_a_new_build_replaces_the_old_also_in_running_processes(
    static_data: str, pool: AsyncConnectionPool, universe: Any, write_export: Callable[..., Path]
) -> None:
    now = 0.0
    data = StaticData(pool, lambda: now)
    await data.look_up(30000002, [587])
    universe["mapSolarSystems.jsonl"][1]["name"]["en"] = "Renamed"
    export = Export(write_export(1001, universe).as_uri(), "tests")
    assert [refresh(static_data, export), refresh(static_data, export)] == [True, False]
    assert (await data.look_up(30000002, []))[0].system_name == "System 2"
    now = 301.0
    assert (await data.look_up(30000002, []))[0].system_name == "Renamed"


@pytest.mark.postgres
def test_a_broken_export_leaves_the_old_data(
    static_data: str, universe: Any, write_export: Callable[..., Path]
) -> None:
    del universe["types.jsonl"]
    with pytest.raises(Unusable, match=r"types\.jsonl"):
        refresh(static_data, Export(write_export(1002, universe).as_uri(), "tests"))
    with psycopg.connect(static_data) as connection:
        assert connection.execute("SELECT build_number FROM static_data").fetchone() == (1000,)
        assert connection.execute("SELECT count(*) FROM types").fetchone() == (5,)


@pytest.mark.postgres
async def test_import_over_http_as_a_command(
    database: str, universe: Any, write_export: Callable[..., Path], serve: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = write_export(2000, universe).read_bytes()

    async def answer(request: web.Request) -> web.Response:
        assert request.headers["User-Agent"] == "tests"
        if request.path == "/sde/tranquility/latest.jsonl":
            return web.Response(body=b'{"_key":"sde","buildNumber":2000}\r\n')
        assert request.path == "/sde/tranquility/eve-online-static-data-2000-jsonl.zip"
        return web.Response(body=archive)

    for name, value in {
        "DATABASE_URL": database,
        "SDE_URL": f"{await serve(answer)}/sde/",
        "USER_AGENT": "tests",
    }.items():
        monkeypatch.setenv(name, value)
    await asyncio.to_thread(importer.main)
    with psycopg.connect(database) as connection:
        assert connection.execute("SELECT build_number FROM static_data").fetchone() == (2000,)


@pytest.mark.parametrize("body", [b"<html>", b"{}", b""])
async def test_what_is_no_export_is_said_so(serve: Start, body: bytes) -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(body=body)

    export = Export(await serve(answer), "tests")

    with pytest.raises(Unusable):
        await asyncio.to_thread(export.latest_build)
    with pytest.raises(Unavailable):
        Export("http://127.0.0.1:1", "tests").latest_build()


@needs_shared
@pytest.mark.shared
@pytest.mark.postgres
def test_the_sample_of_the_real_export(database: str) -> None:
    with psycopg.connect(database) as connection:
        connection.execute("TRUNCATE static_data")
    assert refresh(database, Export(SAMPLE.as_uri(), "tests"))
    with psycopg.connect(database) as connection:
        counts = connection.execute("SELECT (SELECT count(*) FROM systems), (SELECT count(*) FROM types)").fetchone()
        jita = connection.execute("SELECT name, cardinality(nearby_system_ids) FROM systems WHERE system_id = 30000142")
        assert counts == (8490, 50365)
        name, near = jita.fetchone() or ("", 0)
    assert name == "Jita"
    assert near > 7


def test_httpx_is_not_asked_for_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(httpx2, "stream")
    folder = tmp_path / "tranquility"
    folder.mkdir()
    (folder / "latest.jsonl").write_text('{"buildNumber": 7}')
    assert Export(tmp_path.as_uri(), "tests").latest_build() == 7
