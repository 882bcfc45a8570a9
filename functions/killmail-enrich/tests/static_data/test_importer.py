"""Importing static data into a real PostgreSQL, and the sample of the real export."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest
from aiohttp import web
from pydantic import SecretStr

from battlescope_events.errors import PermanentError, TransientError
from battlescope_events.postgres import database as databases
from battlescope_events.postgres.database import open_pool
from battlescope_local.devtools.project import ROOT
from battlescope_local.manifest_generator.reading import newest_migration
from battlescope_local.testing.databases import Database
from killmail_enrich.static_data import importer

SHARED = Path(__file__).parents[5] / "shared" / "data"
SAMPLE = SHARED / "sde" / "eve-online-static-data-sample-jsonl.zip"
needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason="../shared/data is absent: no sample of the real export")
Start = Callable[[Any], Any]
Import = Callable[[str, str], bool]


@pytest.mark.postgres
def test_broken_export_leaves_the_old_data(
    static_data: str, universe: Any, write_export: Callable[..., Path], import_static_data: Import
) -> None:
    del universe["types.jsonl"]
    with pytest.raises(PermanentError, match=r"types\.jsonl"):
        import_static_data(static_data, write_export(1002, universe).as_uri())
    with psycopg.connect(static_data) as connection:
        assert connection.execute("SELECT build_number FROM static_data").fetchone() == (1000,)
        assert connection.execute("SELECT count(*) FROM types").fetchone() == (6,)


@pytest.mark.postgres
async def test_command_imports_over_http(
    database: str, universe: Any, write_export: Callable[..., Path], serve: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = write_export(2000, universe).read_bytes()

    async def respond(request: web.Request) -> web.Response:
        assert request.headers["User-Agent"] == "tests"
        if request.path == "/sde/tranquility/latest.jsonl":
            return web.Response(body=b'{"_key":"sde","buildNumber":2000}\r\n')
        assert request.path == "/sde/tranquility/eve-online-static-data-2000-jsonl.zip"
        return web.Response(body=archive)

    for name, value in {
        "DATABASE_URL": database,
        "SDE_URL": f"{await serve(respond)}/sde/",
        "USER_AGENT": "tests",
    }.items():
        monkeypatch.setenv(name, value)
    await asyncio.to_thread(importer.main)
    with psycopg.connect(database) as connection:
        assert connection.execute("SELECT build_number FROM static_data").fetchone() == (2000,)


@pytest.mark.postgres
@pytest.mark.parametrize("has_static_data", [True, False])
async def test_command_without_network_fails_only_without_earlier_data(
    *, has_static_data: bool, database: str, universe_zip: Path, import_static_data: Import,
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    """A node must start without network if it ran before; its timer imports the next build."""
    with psycopg.connect(database) as connection:
        connection.execute("TRUNCATE static_data")
    if has_static_data:
        import_static_data(database, universe_zip.as_uri())
    for name, value in {"DATABASE_URL": database, "SDE_URL": "http://127.0.0.1:9", "USER_AGENT": "tests"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(importer, "configure", lambda _: None)  # pytest reads the log
    if has_static_data:
        await asyncio.to_thread(importer.main)
        assert any("Static data stays at build 1000" in message for message in caplog.messages)
    else:
        with pytest.raises(SystemExit):
            await asyncio.to_thread(importer.main)


@pytest.mark.postgres
async def test_command_waits_for_the_migration_job(
    empty: Database,
    universe_zip: Path,
    dbmate: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    version = newest_migration(ROOT, "killmail-enrich")
    for name, value in {
        "DATABASE_URL": empty.owner,
        "SDE_URL": universe_zip.as_uri(),
        "USER_AGENT": "tests",
        "SCHEMA_VERSION": version,
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(importer, "FIRST_CHECK_DELAY_SECONDS", 0.05)
    monkeypatch.setattr(importer, "configure", lambda _: None)  # pytest reads the log
    caplog.set_level("INFO")
    importing = asyncio.create_task(asyncio.to_thread(importer.main))
    while not caplog.messages and not importing.done():
        await asyncio.sleep(0.01)
    assert caplog.messages[0] == (
        f"Waiting to import static data: The killmail database has no migration {version} yet; "
        "its migration Job has not completed."
    )
    await asyncio.to_thread(dbmate, empty.owner, "killmail-enrich", "up")
    await importing
    with psycopg.connect(empty.owner) as connection:
        assert connection.execute("SELECT build_number FROM static_data").fetchone() == (1000,)


@pytest.mark.postgres
async def test_wait_for_the_migration_job_is_bounded(empty: Database) -> None:
    delays: list[float] = []

    async def sleep(seconds: float) -> None:
        delays.append(seconds)

    async with open_pool(SecretStr(empty.owner), "test", max_size=1) as pool:
        with pytest.raises(TransientError, match="has no migration 20261101090000 yet"):
            await importer.wait_for_schema(databases.Database(pool, "killmail", "20261101090000"), sleep)
    assert len(delays) == importer.SCHEMA_CHECKS - 1
    assert max(delays) <= importer.MAX_CHECK_DELAY_SECONDS
    assert 600 <= sum(delays) <= 620


@needs_shared
@pytest.mark.shared
@pytest.mark.postgres
def test_sample_of_the_real_export_is_imported(database: str, import_static_data: Import) -> None:
    with psycopg.connect(database) as connection:
        connection.execute("TRUNCATE static_data")
    assert import_static_data(database, SAMPLE.as_uri())
    with psycopg.connect(database) as connection:
        counts = connection.execute("SELECT (SELECT count(*) FROM systems), (SELECT count(*) FROM types)").fetchone()
        jita = connection.execute("SELECT name, cardinality(nearby_system_ids) FROM systems WHERE system_id = 30000142")
        assert counts == (8490, 50365)
        name, nearby_count = jita.fetchone() or ("", 0)
    assert name == "Jita"
    assert nearby_count > 7
