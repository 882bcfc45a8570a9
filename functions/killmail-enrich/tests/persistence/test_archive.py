"""Reading killmails out of bundles and writing batch objects once, against moto and against faulty servers."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import date

import pytest
from aiohttp import web

from battlescope_events.errors import PermanentError, TransientError
from battlescope_events.http_client import Client
from battlescope_schemas.archive import ArchiveKey, make_bundle
from killmail_enrich.persistence.archive import Archive, Bucket

Start = Callable[[Callable[[web.Request], Awaitable[web.StreamResponse]]], Awaitable[str]]
BUNDLE = make_bundle(date(2026, 11, 1), [b'{"a":1}', b'{"b":2}', b'{"c":3}'])


async def test_each_killmail_of_a_bundle_is_read_individually(archive: Archive) -> None:
    await archive.put_once(BUNDLE.object_key, BUNDLE.body)
    assert [await archive.killmail(key) for key in BUNDLE.keys] == [b'{"a":1}', b'{"b":2}', b'{"c":3}']


async def test_existing_object_is_not_overwritten(archive: Archive) -> None:
    await archive.put_once("chunks/a b.jsonl.gz", b"first")
    await archive.put_once("chunks/a b.jsonl.gz", b"second")
    assert await archive.batch("chunks/a b.jsonl.gz") == b"first"


async def test_missing_bundle_is_unavailable_and_wrong_position_is_unusable(archive: Archive) -> None:
    await archive.put_once(BUNDLE.object_key, BUNDLE.body)
    with pytest.raises(TransientError, match="status 404"):
        await archive.killmail(ArchiveKey("raw-killmails/none", 0, 10))
    with pytest.raises(PermanentError, match="not a complete gzip member"):
        await archive.killmail(ArchiveKey(BUNDLE.object_key, 1, 10))
    with pytest.raises(PermanentError, match="ends before"):
        await archive.killmail(ArchiveKey(BUNDLE.object_key, 10**6, 10))


async def test_missing_batch_is_unusable_and_missing_bucket_is_unavailable(archive: Archive, s3_server: str) -> None:
    for key in ("chunks/none", BUNDLE.object_key):
        with pytest.raises(PermanentError, match="batch object"):
            await archive.batch(key)
    async with Client() as client:
        without_bucket = Archive(client, Bucket(s3_server, "us-east-1", "no-such-bucket", "test", "testsecret"))
        with pytest.raises(TransientError, match="status 404"):
            await without_bucket.batch("chunks/none")


Respond = Callable[[web.Request], Awaitable[web.StreamResponse]]
Connect = Callable[[Respond], Awaitable[Archive]]


@pytest.fixture
async def connect(serve: Start) -> AsyncIterator[Connect]:
    async with Client() as client:

        async def make(respond: Respond) -> Archive:
            return Archive(client, Bucket(await serve(respond), "us-east-1", "archive", "key", "secret"))

        yield make


async def test_store_that_ignores_ranges_is_supported(connect: Connect) -> None:
    async def respond(_: web.Request) -> web.Response:
        return web.Response(body=BUNDLE.body)

    archive = await connect(respond)
    assert await archive.killmail(BUNDLE.keys[1]) == b'{"b":2}'


async def test_failed_request_is_retried_once_and_then_reported(connect: Connect) -> None:
    authorizations: list[str] = []

    async def respond(request: web.Request) -> web.Response:
        authorizations.append(request.headers["Authorization"])
        return web.Response(status=500)

    archive = await connect(respond)
    with pytest.raises(TransientError, match="status 500"):
        await archive.killmail(BUNDLE.keys[0])
    assert len(authorizations) == 2
    assert authorizations[0].startswith("AWS4-HMAC-SHA256 Credential=key/")


async def test_unreachable_store_is_unavailable() -> None:
    async with Client() as client:
        archive = Archive(client, Bucket("http://127.0.0.1:1", "us-east-1", "archive", "key", "secret"))
        with pytest.raises(TransientError, match="does not answer"):
            await archive.batch("chunks/x")
