"""Brokers and Triggers as a whole: a real log, a real ingress and subscribers over HTTP."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from aiohttp import ClientError, ClientSession, web

from battlescope_local.eventing import dispatcher
from battlescope_local.eventing.dead_letters import DeadLetter, read_dead_letters
from battlescope_local.eventing.runtime import EventingRuntime, start_eventing
from battlescope_local.http_client import HttpResponse
from battlescope_local.log.kafka_log import kafka_log
from battlescope_local.log.port import Log
from battlescope_local.log.sqlite_log import sqlite_log
from battlescope_local.manifests.model import (
    Broker,
    BrokerRef,
    Delivery,
    Destination,
    Exact,
    KafkaSink,
    KafkaSinkRef,
    Manifests,
    ServiceRef,
    Trigger,
)

if TYPE_CHECKING:
    from conftest import Tansu

pytestmark = pytest.mark.stores


Answering = Callable[[web.Request, str], Awaitable[web.Response]]


@dataclass
class Subscriber:
    """A function as the broker sees it: an HTTP server that remembers what it was sent."""

    answer: Answering
    url: str = ""
    ids: list[str] = field(default_factory=list[str])
    headers: list[Mapping[str, str]] = field(default_factory=list[Mapping[str, str]])
    bodies: list[bytes] = field(default_factory=list[bytes])
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def receive(self, request: web.Request) -> web.Response:
        identity = request.headers["ce-id"]
        self.ids.append(identity)
        self.headers.append(request.headers.copy())
        self.bodies.append(await request.read())
        async with self.changed:
            self.changed.notify_all()
        return await self.answer(request, identity)

    async def until(self, satisfied: Callable[[], bool]) -> None:
        async with asyncio.timeout(120), self.changed:
            await self.changed.wait_for(satisfied)


async def accept(_request: web.Request, _identity: str) -> web.Response:
    return web.Response(status=204)


@asynccontextmanager
async def serving(app: web.Application) -> AsyncIterator[str]:
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def subscriber(answer: Answering = accept) -> AsyncIterator[Subscriber]:
    one = Subscriber(answer)
    app = web.Application()
    app.router.add_post("/", one.receive)
    async with serving(app) as one.url:
        yield one


def manifests(**trigger: object) -> Manifests:
    """One Broker, one Trigger, one dead letter sink; names are fresh, for the log is shared."""
    space = f"t{uuid4().hex[:8]}"
    delivery = Delivery(retry=2, backoff_delay=0.01, timeout=120, dead_letter_sink=KafkaSinkRef("dead-letters"))
    wanted = {"subscriber": ServiceRef("one"), "delivery": delivery, **trigger}
    return Manifests(
        brokers=(Broker("killmails", space, 2, 1),),
        triggers=(Trigger("one", space, "killmails", **wanted),),
        kafka_sinks=(KafkaSink("dead-letters", space, f"dead-{space}"),),
    )


@dataclass
class Machine:
    eventing: EventingRuntime
    broker_url: str
    session: ClientSession

    async def say(self, identity: str, **extensions: str) -> int:
        headers = {"ce-specversion": "1.0", "ce-id": identity, "ce-source": "test", "ce-type": "made", **extensions}
        async with self.session.post(self.broker_url, data=identity.encode(), headers=headers) as response:
            return response.status

    async def settled(self, trigger: int = 0) -> None:
        """Until nothing is in flight and something was finished."""
        async with asyncio.timeout(120):
            while True:
                stats = self.eventing.stats()[trigger]
                if not stats.in_flight and stats.delivered + stats.dead_lettered:
                    return
                await asyncio.sleep(0.02)


@asynccontextmanager
async def machine(log: Log, wanted: Manifests, urls: Mapping[Destination, str]) -> AsyncIterator[Machine]:
    async with (
        start_eventing(wanted, log, urls.__getitem__) as running,
        serving(running.ingress) as ingress,
        ClientSession() as session,
    ):
        yield Machine(running, f"{ingress}/{wanted.brokers[0].namespace}/killmails", session)


@pytest.fixture(params=["kafka", "sqlite"])
async def log(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Log]:
    """Both logs that the port has: what holds for the broker holds on either."""
    if request.param == "kafka":
        tansu: Tansu = request.getfixturevalue("tansu")
        opening = kafka_log(tansu.bootstrap)
    else:
        opening = sqlite_log(tmp_path)
    async with opening as log:
        yield log


async def letters(log: Log, wanted: Manifests) -> tuple[DeadLetter, ...]:
    return await read_dead_letters(log, wanted.kafka_sinks[0], 100)


async def test_event_arrives_complete(log: Log) -> None:
    wanted = manifests(filters=(Exact({"type": "made"}),))
    async with subscriber() as one, machine(log, wanted, {ServiceRef("one"): one.url}) as local:
        assert await local.say("a", **{"ce-subject": "J%C3%BCrgen 1", "content-type": "text/plain"}) == 202
        assert await local.say("b", **{"ce-type": "other"}) == 202
        assert await local.say("c", traceparent="00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01") == 202
        await one.until(lambda: len(one.ids) == 2)
    assert sorted(one.ids) == ["a", "c"]
    of = dict(zip(one.ids, zip(one.headers, one.bodies, strict=True), strict=True))
    headers, body = of["a"]
    assert body == b"a"
    assert headers["ce-subject"] == "J%C3%BCrgen%201"
    assert headers["content-type"] == "text/plain"
    assert headers["Prefer"] == "reply"
    assert headers["Kn-Namespace"] == wanted.brokers[0].namespace
    assert of["c"][0]["traceparent"].startswith("00-4bf92f35")


async def test_ordered_delivery_keeps_the_order_of_a_key_through_retries(log: Log) -> None:
    seen: set[str] = set()

    async def stumble(_request: web.Request, identity: str) -> web.Response:
        first = identity not in seen
        seen.add(identity)
        return web.Response(status=503 if first and int(identity) % 3 == 0 else 204)

    expected = [str(number) for number in range(20) for _ in range(2 if number % 3 == 0 else 1)]
    wanted = manifests(ordered=True)
    async with subscriber(stumble) as one, machine(log, wanted, {ServiceRef("one"): one.url}) as local:
        for number in range(20):
            assert await local.say(str(number), **{"ce-partitionkey": "30000142"}) == 202
        await one.until(lambda: len(one.ids) == len(expected))
        await local.settled()
        stats = local.eventing.stats()[0]
    assert one.ids == expected
    assert (stats.delivered, stats.retried, stats.dead_lettered) == (20, 7, 0)


async def test_rejected_event_is_dead_lettered_with_its_reason(log: Log) -> None:
    async def refuse(_request: web.Request, _identity: str) -> web.Response:
        return web.Response(status=422, text="x" * 2000, headers={"Kne-Reason": "no such system"})

    wanted = manifests()
    async with subscriber(refuse) as one, machine(log, wanted, {ServiceRef("one"): one.url}) as local:
        await local.say("a")
        await local.settled()
        [letter] = await letters(log, wanted)
        assert one.ids == ["a"]
        assert (letter.id, letter.type, letter.source) == ("a", "made", "test")
        assert (letter.code, letter.reason, letter.destination) == (422, "no such system", one.url)
        assert letter.data == "x" * 1024
        assert letter.event.data == b"a"


async def test_success_with_a_body_that_is_not_an_event_is_dead_lettered_without_code(log: Log) -> None:
    async def ok(_request: web.Request, _identity: str) -> web.Response:
        return web.Response(text="OK")

    wanted = manifests()
    async with subscriber(ok) as one, machine(log, wanted, {ServiceRef("one"): one.url}) as local:
        await local.say("a")
        await local.settled()
        [letter] = await letters(log, wanted)
        assert one.ids == ["a"]
        assert (letter.code, letter.destination) == (None, one.url)


async def test_event_is_dead_lettered_after_the_last_retry(log: Log) -> None:
    async def fail(_request: web.Request, _identity: str) -> web.Response:
        return web.Response(status=500)

    wanted = manifests()
    async with subscriber(fail) as one, machine(log, wanted, {ServiceRef("one"): one.url}) as local:
        await local.say("a")
        await local.settled()
        [letter] = await letters(log, wanted)
        assert one.ids == ["a", "a", "a"]
        assert letter.code == 500


async def test_unreachable_subscriber_is_retried_before_dead_lettering(log: Log) -> None:
    wanted = manifests()
    async with subscriber() as gone:
        pass
    async with machine(log, wanted, {ServiceRef("one"): gone.url}) as local:
        await local.say("a")
        await local.settled()
        [letter] = await letters(log, wanted)
        assert (letter.code, local.eventing.stats()[0].retried) == (None, 2)


class OfThisNode:
    """A Service that is handed events in the same process."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, Mapping[str, str], bytes]] = []

    async def deliver(self, target: str, headers: Mapping[str, str], body: bytes) -> HttpResponse:
        self.heard.append((target, headers, body))
        return HttpResponse(204, {}) if len(self.heard) > 1 else HttpResponse(503, {}, b"starting")


async def test_local_service_receives_events_directly(log: Log) -> None:
    one, wanted = OfThisNode(), manifests(subscriber=ServiceRef("one", "/path"))
    async with (
        start_eventing(wanted, log, lambda _: "http://127.0.0.1:1/", services={"one": one}) as running,
        serving(running.ingress) as ingress,
        ClientSession() as session,
    ):
        local = Machine(running, f"{ingress}/{wanted.brokers[0].namespace}/killmails", session)
        assert await local.say("a") == 202
        await local.settled()
        assert running.stats()[0].retried == 1
    assert [(target, headers["ce-id"], body) for target, headers, body in one.heard] == [("/path", "a", b"a")] * 2


async def test_reply_is_published_to_the_same_broker(log: Log) -> None:
    async def reply(_request: web.Request, identity: str) -> web.Response:
        event = {"ce-specversion": "1.0", "ce-id": f"{identity}-reply", "ce-source": "one", "ce-type": "answered"}
        return web.Response(body=b"yes", headers=event)

    wanted = manifests(filters=(Exact({"type": "made"}),))
    space = wanted.brokers[0].namespace
    answers = Trigger(
        "two", space, "killmails", ServiceRef("two"), (Exact({"type": "answered"}),),
        delivery=Delivery(dead_letter_sink=BrokerRef("killmails")),
    )  # fmt: skip
    wanted = Manifests(wanted.services, (), wanted.brokers, (*wanted.triggers, answers), wanted.kafka_sinks)
    async with (
        subscriber(reply) as one,
        subscriber() as two,
        machine(log, wanted, {ServiceRef("one"): one.url, ServiceRef("two"): two.url}) as local,
    ):
        await local.say("a")
        await two.until(lambda: bool(two.ids))
    assert (one.ids, two.ids, two.bodies) == (["a"], ["a-reply"], [b"yes"])


async def test_unordered_delivery_has_at_most_fifty_events_in_flight(log: Log) -> None:
    release = asyncio.Event()

    async def hold(_request: web.Request, _identity: str) -> web.Response:
        await release.wait()
        return web.Response(status=204)

    wanted = manifests()
    async with subscriber(hold) as one, machine(log, wanted, {ServiceRef("one"): one.url}) as local:
        await asyncio.gather(*(local.say(str(number)) for number in range(70)))
        await one.until(lambda: len(one.ids) == 50)
        assert local.eventing.stats()[0].in_flight == 50
        release.set()
        await one.until(lambda: len(one.ids) == 70)
    assert len(set(one.ids)) == 70


async def test_slow_event_does_not_delay_the_other_partition(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dispatcher, "PAUSE_LENGTH", 5)  # so that reading the slow partition pauses and goes on often
    monkeypatch.setattr(dispatcher, "RESUME_LENGTH", 2)
    release = asyncio.Event()

    async def hold(_request: web.Request, identity: str) -> web.Response:
        if identity == "slow":
            await release.wait()
        return web.Response(status=204)

    wanted = manifests(ordered=True)
    async with subscriber(hold) as one, machine(log, wanted, {ServiceRef("one"): one.url}) as local:
        await local.say("slow", **{"ce-partitionkey": "a"})
        for number in range(300):
            await local.say(str(number), **{"ce-partitionkey": str(number % 7)})
        await local.say("after", **{"ce-partitionkey": "a"})
        await one.until(lambda: len(one.ids) > 60)
        assert "after" not in one.ids
        release.set()
        await one.until(lambda: len(one.ids) == 302)
    assert len(set(one.ids)) == 302
    assert one.ids.index("after") > one.ids.index("slow")


async def test_restarted_dispatcher_continues_after_finished_events(log: Log) -> None:
    wanted = manifests(ordered=True)
    async with subscriber() as one:
        async with machine(log, wanted, {ServiceRef("one"): one.url}) as local:
            for number in range(5):
                await local.say(str(number))
            await one.until(lambda: len(one.ids) == 5)
            await local.settled()
        async with machine(log, wanted, {ServiceRef("one"): one.url}) as local:
            await local.say("5")
            await one.until(lambda: "5" in one.ids)
            assert local.eventing.stats()[0].lag <= 1
    assert sorted(one.ids) == ["0", "1", "2", "3", "4", "5"]


async def test_unfinished_event_is_delivered_again(log: Log) -> None:
    release = asyncio.Event()

    async def hold(_request: web.Request, _identity: str) -> web.Response:
        await release.wait()
        return web.Response(status=204)

    wanted = manifests()
    async with subscriber(hold) as one:
        async with machine(log, wanted, {ServiceRef("one"): one.url}) as local:
            await local.say("a")
            await one.until(lambda: one.ids == ["a"])
        release.set()
        async with machine(log, wanted, {ServiceRef("one"): one.url}):
            await one.until(lambda: one.ids == ["a", "a"])


@pytest.mark.parametrize("log", ["kafka"], indirect=True)
async def test_killed_log_loses_no_acknowledged_event(tansu: "Tansu", log: Log) -> None:
    wanted = manifests(ordered=True)
    acknowledged: set[str] = set()
    done = asyncio.Event()

    async def publish(local: Machine, publisher: int) -> None:
        number = 0
        while not done.is_set():
            identity = f"{publisher}-{number}"
            try:
                if await local.say(identity, **{"ce-partitionkey": identity}) == 202:
                    acknowledged.add(identity)
            except ClientError:
                continue
            number += 1

    async with subscriber() as one, machine(log, wanted, {ServiceRef("one"): one.url}) as local:
        publishers = [asyncio.create_task(publish(local, number)) for number in range(4)]
        for _ in range(2):
            await one.until(lambda: len(set(one.ids)) > 100)
            await asyncio.to_thread(tansu.kill)
            await asyncio.sleep(1)
            before = len(acknowledged)
            await asyncio.to_thread(tansu.start)
            await one.until(lambda before=before: len(acknowledged) > before + 100)
        done.set()
        await asyncio.gather(*publishers)
        await one.until(lambda: acknowledged <= set(one.ids))
    assert len(acknowledged) > 200


async def test_late_log_is_waited_for(tansu: "Tansu") -> None:
    wanted = manifests()
    await asyncio.to_thread(tansu.kill)
    async with subscriber() as one, kafka_log(tansu.bootstrap) as log:
        starting = asyncio.create_task(asyncio.to_thread(tansu.start))
        async with machine(log, wanted, {ServiceRef("one"): one.url}) as local:
            await local.say("a")
            await one.until(lambda: one.ids == ["a"])
        await starting


@pytest.mark.parametrize(
    ("path", "headers", "body", "status"),
    [
        ("killmails", {}, b"{}", 400),
        ("killmails", {"ce-specversion": "0.3", "ce-id": "1", "ce-source": "s", "ce-type": "t"}, b"", 400),
        ("killmails", {"ce-specversion": "1.0", "ce-id": "1", "ce-type": "t"}, b"", 400),
        ("killmails", {"content-type": "application/cloudevents-batch+json"}, b"[]", 400),
        ("killmails", {"content-type": "application/cloudevents+json"}, b"{", 400),
        ("nowhere", {"ce-specversion": "1.0", "ce-id": "1", "ce-source": "s", "ce-type": "t"}, b"", 404),
        ("killmails", {"ce-specversion": "1.0", "ce-id": "1", "ce-source": "s", "ce-type": "t"}, b"x" * 1048577, 503),
        ("killmails", {"ce-specversion": "1.0", "ce-id": "1", "ce-source": "s", "ce-type": "t"}, b"x" * 1048000, 202),
    ],
)
async def test_ingress_responds_as_knatives(
    log: Log, path: str, headers: dict[str, str], body: bytes, status: int
) -> None:
    wanted = manifests()
    async with subscriber() as one, machine(log, wanted, {ServiceRef("one"): one.url}) as local:
        url = local.broker_url.replace("killmails", path)
        async with local.session.post(url, data=BytesIO(body), headers=headers) as response:
            assert response.status == status


async def test_structured_event_arrives_in_binary_encoding(log: Log) -> None:
    wanted = manifests()
    event = {"specversion": "1.0", "id": "a", "source": "s", "type": "t", "count": 3, "data": {"name": "Jita"}}
    async with subscriber() as one, machine(log, wanted, {ServiceRef("one"): one.url}) as local:
        headers = {"content-type": "application/cloudevents+json"}
        async with local.session.post(local.broker_url, json=event, headers=headers) as response:
            assert response.status == 202
        await one.until(lambda: one.ids == ["a"])
    assert one.bodies == [b'{"name":"Jita"}']
    assert (one.headers[0]["ce-count"], one.headers[0]["content-type"]) == ("3", "application/json")
