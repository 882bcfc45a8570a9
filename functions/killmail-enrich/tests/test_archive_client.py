"""Reading single mails out of packs and writing chunks once, against moto and against servers with bad manners."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import date

import pytest
from aiohttp import web

from battlescope_events.http_client import Client
from battlescope_schemas.archive import ArchiveKey, pack
from killmail_enrich.errors import Unavailable, Unusable
from killmail_enrich.persistence.archive import Archive, Bucket

Start = Callable[[Callable[[web.Request], Awaitable[web.StreamResponse]]], Awaitable[str]]
PACK = pack(date(2026, 11, 1), [b'{"a":1}', b'{"b":2}', b'{"c":3}'])


async def test_each_mail_of_a_pack_comes_back_alone(archive: Archive) -> None:
    await archive.put_once(PACK.object_key, PACK.body)
    assert [await archive.mail(key) for key in PACK.keys] == [b'{"a":1}', b'{"b":2}', b'{"c":3}']


async def test_what_lies_there_stays(archive: Archive) -> None:
    await archive.put_once("chunks/a b.jsonl.gz", b"first")
    await archive.put_once("chunks/a b.jsonl.gz", b"second")
    assert await archive.chunk("chunks/a b.jsonl.gz") == b"first"


async def test_a_missing_object_is_waited_for_and_a_wrong_place_is_not(archive: Archive) -> None:
    await archive.put_once(PACK.object_key, PACK.body)
    with pytest.raises(Unavailable, match="status 404"):
        await archive.mail(ArchiveKey("raw-killmails/none", 0, 10))
    with pytest.raises(Unusable, match="no whole mail"):
        await archive.mail(ArchiveKey(PACK.object_key, 1, 10))
    with pytest.raises(Unusable, match="ends before"):
        await archive.mail(ArchiveKey(PACK.object_key, 10**6, 10))


async def test_a_missing_chunk_is_not_waited_for_and_a_missing_bucket_is(archive: Archive, s3_server: str) -> None:
    for key in ("chunks/none", PACK.object_key):
        with pytest.raises(Unusable, match="chunk"):
            await archive.chunk(key)
    async with Client() as client:
        nowhere = Archive(client, Bucket(s3_server, "us-east-1", "no-such-bucket", "test", "testsecret"))
        with pytest.raises(Unavailable, match="status 404"):
            await nowhere.chunk("chunks/none")


Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]
Ask = Callable[[Answer], Awaitable[Archive]]


@pytest.fixture
async def ask(serve: Start) -> AsyncIterator[Ask]:
    async with Client() as client:

        async def make(answer: Answer) -> Archive:
            return Archive(client, Bucket(await serve(answer), "us-east-1", "archive", "key", "secret"))

        yield make


async def test_a_store_that_ignores_ranges_serves_too(ask: Ask) -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(body=PACK.body)

    archive = await ask(answer)
    assert await archive.mail(PACK.keys[1]) == b'{"b":2}'


async def test_a_fault_is_tried_once_more_and_then_said(ask: Ask) -> None:
    asked: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        asked.append(request.headers["Authorization"])
        return web.Response(status=500)

    archive = await ask(answer)
    with pytest.raises(Unavailable, match="status 500"):
        await archive.mail(PACK.keys[0])
    assert len(asked) == 2
    assert asked[0].startswith("AWS4-HMAC-SHA256 Credential=key/")


async def test_a_store_that_is_away_is_said_so() -> None:
    async with Client() as client:
        archive = Archive(client, Bucket("http://127.0.0.1:1", "us-east-1", "archive", "key", "secret"))
        with pytest.raises(Unavailable, match="does not answer"):
            await archive.chunk("chunks/x")
