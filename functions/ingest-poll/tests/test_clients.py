"""What the clients make of answers: HTTP through MockTransport, S3 through moto."""

import asyncio
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import boto3
import httpx2
import pytest

from battlescope_events.http1 import Client
from battlescope_local.settings import S3Access
from battlescope_schemas.archive import pack, unpack
from ingest_poll.archive_client import Archive
from ingest_poll.esi_client import Esi
from ingest_poll.feed_client import IN_FLIGHT, LARGEST_BODY, MOST_MAILS, Body, Feed, Reader, Window
from ingest_poll.following import Failed, Forbidden, Missing, Position, Throttled, Unusable
from ingest_poll.outcomes import Unavailable, Unknown

Answering = Callable[[httpx2.Request], httpx2.Response]


def client(answer: Answering) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(transport=httpx2.MockTransport(answer))


def feed(answer: Answering, *, max_rate: float = 1e6) -> Feed:
    return Feed(client(answer), "http://feed/", max_rate=max_rate)


@pytest.mark.parametrize(
    ("response", "outcome"),
    [
        (httpx2.Response(200, content=b"{}"), Body(b"{}")),
        (httpx2.Response(404), Missing()),
        (httpx2.Response(429, headers={"retry-after": "17"}), Throttled(17.0)),
        (httpx2.Response(429, headers={"retry-after": "Wed, 21 Oct 2026 07:28:00 GMT"}), Throttled(None)),
        (httpx2.Response(429), Throttled(None)),
        (httpx2.Response(403), Forbidden()),
        (httpx2.Response(503), Failed("The feed answers with status 503.")),
        (httpx2.Response(302, headers={"location": "/"}), Failed("The feed answers with status 302.")),
    ],
)
async def test_every_status_has_its_outcome(response: httpx2.Response, outcome: object) -> None:
    assert await feed(lambda _: response).file(5) == outcome


async def test_a_broken_line_is_a_failure() -> None:
    def broken(request: httpx2.Request) -> httpx2.Response:
        raise httpx2.ReadError("gone", request=request)

    assert isinstance(await feed(broken).file(5), Failed)


async def test_no_body_is_read_beyond_the_limit() -> None:
    read = list[int]()

    async def endless() -> Any:
        while True:
            read.append(1)
            yield b"x" * 2**20

    answer = await feed(lambda _: httpx2.Response(200, content=endless())).file(5)
    assert isinstance(answer, Unusable)
    assert len(read) <= LARGEST_BODY // 2**20 + 1


@pytest.mark.parametrize(
    ("content", "head"), [(b'{"sequence": 77}', 77), (b"<html>", None), (b"[]", None), (b'{"sequence": "77"}', None)]
)
async def test_the_head_is_a_number_or_a_failure(content: bytes, head: int | None) -> None:
    got = await feed(lambda _: httpx2.Response(200, content=content)).head()
    assert got == head or (head is None and isinstance(got, Failed))


async def test_requests_are_spaced_however_many_are_in_flight() -> None:
    loop, times = asyncio.get_running_loop(), list[float]()

    def noting(_: httpx2.Request) -> httpx2.Response:
        times.append(loop.time())
        return httpx2.Response(404)

    slow = feed(noting, max_rate=50)
    await asyncio.gather(*(slow.file(n) for n in range(6)))
    assert times[-1] - times[0] >= 5 / 50 * 0.9


async def test_a_window_hands_over_in_order_what_came_in_any() -> None:
    async def answer(request: httpx2.Request) -> httpx2.Response:
        sequence = int(request.url.path.split("/")[-1][:-5])
        await asyncio.sleep(0.01 * (5 - sequence % 5))
        return httpx2.Response(200, content=str(sequence).encode())

    window = Window(Feed(client(answer), "http://feed", max_rate=1e6))
    window.open(100, 5)
    assert [await window.take(None) for _ in range(5)] == [Body(str(n).encode()) for n in range(100, 105)]
    window.open(105, 2)
    window.open(3, 1)  # another place: what is under way is forgotten
    assert await window.take(None) == Body(b"3")
    window.close()


def reader(answer: Answering) -> Reader:
    async def never(_: object) -> Failed:
        raise AssertionError("No entry without body was sent.")

    return Reader(feed(answer), never, lambda: datetime(2026, 10, 3, 13, tzinfo=UTC))


async def test_a_batch_ends_at_the_first_missing_file_and_keeps_what_came_before(mails: Any) -> None:
    def answer(request: httpx2.Request) -> httpx2.Response:
        sequence = int(request.url.path.split("/")[-1][:-5])
        found = sequence in {100, 101, 103}
        return httpx2.Response(200, content=mails.file(sequence)) if found else httpx2.Response(404)

    batch = await reader(answer).batch(Position(cursor=100, head=110))
    assert [file.entry.sequence for file in batch.files] == [100, 101]
    assert batch.position.cursor == 102
    assert batch.ended_by == Missing()


async def test_a_batch_is_full_at_its_limit(mails: Any) -> None:
    asked = list[str]()

    def answer(request: httpx2.Request) -> httpx2.Response:
        asked.append(request.url.path)
        return httpx2.Response(200, content=mails.file(int(request.url.path.split("/")[-1][:-5])))

    made = reader(answer)
    batch = await made.batch(Position(cursor=100, head=10_000))
    made.close()
    assert len(batch.files) <= MOST_MAILS
    assert batch.position.cursor == 100 + len(batch.files)
    assert len(asked) <= MOST_MAILS + IN_FLIGHT


async def test_esi_knows_or_does_not_or_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = [httpx2.Response(420, headers={"x-esi-error-limit-reset": "0"}), httpx2.Response(200, content=b"{}")]
    monkeypatch.setattr(asyncio, "sleep", _no_sleep)
    assert await Esi(client(lambda _: answers.pop(0)), "http://esi").killmail(7, "ab") == b"{}"
    with pytest.raises(Unknown, match="killmail 7"):
        await Esi(client(lambda _: httpx2.Response(422)), "http://esi").killmail(7, "ab")
    with pytest.raises(Unavailable, match="502"):
        await Esi(client(lambda _: httpx2.Response(502)), "http://esi").killmail(7, "ab")


async def test_esi_is_left_alone_when_it_wants_long(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = list[int]()

    def limited(_: httpx2.Request) -> httpx2.Response:
        asked.append(1)
        return httpx2.Response(429, headers={"retry-after": "600"})

    monkeypatch.setattr(asyncio, "sleep", _no_sleep)
    with pytest.raises(Unavailable):
        await Esi(client(limited), "http://esi").killmail(7, "ab")
    assert len(asked) == 1


async def _no_sleep(_: float) -> None:
    return


async def test_a_pack_is_put_once_and_never_changed(moto: S3Access) -> None:
    s3 = boto3.client(
        "s3", endpoint_url=moto.endpoint, region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b"
    )
    s3.create_bucket(Bucket="archive")
    made = pack(date(2026, 10, 3), [b"one", b"two"])
    async with Client() as inside:
        archive = Archive(inside, moto.endpoint, "us-east-1", "archive", "a", "b")
        await archive.put([made])
        await archive.put([made])  # already there is as good
        await archive.put([made._replace(body=b"other")])
    got = s3.get_object(Bucket="archive", Key=made.object_key, Range=made.keys[1].http_range)["Body"].read()
    assert unpack(got) == b"two"


async def test_an_archive_that_does_not_take_or_answer_is_unavailable(moto: S3Access) -> None:
    made = pack(date(2026, 10, 3), [b"one"])
    async with Client() as inside:
        with pytest.raises(Unavailable, match="does not take"):
            await Archive(inside, moto.endpoint, "us-east-1", "no-such-bucket", "a", "b").put([made])
        with pytest.raises(Unavailable, match="does not answer"):
            await Archive(inside, "http://127.0.0.1:9", "us-east-1", "archive", "a", "b").put([made])
