"""Brokers and Triggers as a whole: a real log, a real ingress and subscribers over HTTP."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from aiohttp import ClientError, ClientSession, web
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from battlescope_events.catalog import KILLMAIL_REFUSED, KILLMAIL_REREAD_REQUESTED
from battlescope_events.messages import Message
from battlescope_events.publisher import BrokerPublisher
from battlescope_events.record_size import MAX_EVENT_BYTES, MAX_RECORD_BYTES
from battlescope_local.eventing import dispatcher
from battlescope_local.eventing.cloud_event import (
    OFFSET_EXTENSION,
    PARTITION_EXTENSION,
    CloudEvent,
    from_http,
    from_record,
    to_record,
)
from battlescope_local.eventing.dead_letters import ADDED, DeadLetter, Start, read_dead_letters
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


Respond = Callable[[web.Request, str], Awaitable[web.Response]]


@dataclass
class Subscriber:
    """A function as the broker sees it: an HTTP server that records its requests."""

    respond: Respond
    url: str = ""
    ids: list[str] = field(default_factory=list[str])
    headers: list[Mapping[str, str]] = field(default_factory=list[Mapping[str, str]])
    bodies: list[bytes] = field(default_factory=list[bytes])
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def receive(self, request: web.Request) -> web.Response:
        event_id = request.headers["ce-id"]
        self.ids.append(event_id)
        self.headers.append(request.headers.copy())
        self.bodies.append(await request.read())
        async with self.changed:
            self.changed.notify_all()
        return await self.respond(request, event_id)

    async def wait_until(self, satisfied: Callable[[], bool]) -> None:
        async with asyncio.timeout(120), self.changed:
            await self.changed.wait_for(satisfied)


async def accept(_request: web.Request, _event_id: str) -> web.Response:
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
async def subscriber(respond: Respond = accept) -> AsyncIterator[Subscriber]:
    one = Subscriber(respond)
    app = web.Application()
    app.router.add_post("/", one.receive)
    async with serving(app) as one.url:
        yield one


def manifests(**trigger: object) -> Manifests:
    """One Broker, one Trigger, one dead letter sink; with unique names, because tests share the log."""
    namespace = f"t{uuid4().hex[:8]}"
    delivery = Delivery(retry=2, backoff_delay=0.01, timeout=120, dead_letter_sink=KafkaSinkRef("dead-letters"))
    model = {"subscriber": ServiceRef("one"), "delivery": delivery, **trigger}
    return Manifests(
        brokers=(Broker("killmails", namespace, 2, 1),),
        triggers=(Trigger("one", namespace, "killmails", **model),),
        kafka_sinks=(KafkaSink("dead-letters", namespace, f"dead-{namespace}"),),
    )


@dataclass
class RunningBroker:
    eventing: EventingRuntime
    broker_url: str
    session: ClientSession

    async def publish(self, event_id: str, **extensions: str) -> int:
        headers = {"ce-specversion": "1.0", "ce-id": event_id, "ce-source": "test", "ce-type": "made", **extensions}
        async with self.session.post(self.broker_url, data=event_id.encode(), headers=headers) as response:
            return response.status

    async def wait_until_finished(self, trigger: int = 0) -> None:
        """Wait until no event is in flight and at least one is finished."""
        async with asyncio.timeout(120):
            while True:
                stats = self.eventing.stats()[trigger]
                if not stats.in_flight and stats.delivered + stats.dead_lettered:
                    return
                await asyncio.sleep(0.02)


@asynccontextmanager
async def running_broker(log: Log, model: Manifests, urls: Mapping[Destination, str]) -> AsyncIterator[RunningBroker]:
    async with (
        start_eventing(model, log, urls.__getitem__) as running,
        serving(running.ingress) as ingress,
        ClientSession() as session,
    ):
        yield RunningBroker(running, f"{ingress}/{model.brokers[0].namespace}/killmails", session)


@pytest.fixture(params=["kafka", "sqlite"])
async def log(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Log]:
    """Both implementations of the log, because the broker must work with each."""
    if request.param == "kafka":
        tansu: Tansu = request.getfixturevalue("tansu")
        opening = kafka_log(tansu.bootstrap)
    else:
        opening = sqlite_log(tmp_path)
    async with opening as log:
        yield log


async def dead_letters(log: Log, model: Manifests) -> tuple[DeadLetter, ...]:
    return await read_dead_letters(log, model.kafka_sinks[0], 100)


async def test_event_arrives_complete(log: Log) -> None:
    model = manifests(filters=(Exact({"type": "made"}),))
    async with subscriber() as one, running_broker(log, model, {ServiceRef("one"): one.url}) as broker:
        assert await broker.publish("a", **{"ce-subject": "J%C3%BCrgen 1", "content-type": "text/plain"}) == 202
        assert await broker.publish("b", **{"ce-type": "other"}) == 202
        assert await broker.publish("c", traceparent="00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01") == 202
        await one.wait_until(lambda: len(one.ids) == 2)
    assert sorted(one.ids) == ["a", "c"]
    by_id = dict(zip(one.ids, zip(one.headers, one.bodies, strict=True), strict=True))
    headers, body = by_id["a"]
    assert body == b"a"
    assert headers["ce-subject"] == "J%C3%BCrgen%201"
    assert headers["content-type"] == "text/plain"
    assert headers["Prefer"] == "reply"
    assert headers["Kn-Namespace"] == model.brokers[0].namespace
    assert by_id["c"][0]["traceparent"].startswith("00-4bf92f35")


async def test_ordered_delivery_keeps_the_order_of_a_key_through_retries(log: Log) -> None:
    seen: set[str] = set()

    async def fail_first_attempts(_request: web.Request, event_id: str) -> web.Response:
        first = event_id not in seen
        seen.add(event_id)
        return web.Response(status=503 if first and int(event_id) % 3 == 0 else 204)

    expected = [str(number) for number in range(20) for _ in range(2 if number % 3 == 0 else 1)]
    model = manifests(ordered=True)
    async with (
        subscriber(fail_first_attempts) as one,
        running_broker(log, model, {ServiceRef("one"): one.url}) as broker,
    ):
        for number in range(20):
            assert await broker.publish(str(number), **{"ce-partitionkey": "30000142"}) == 202
        await one.wait_until(lambda: len(one.ids) == len(expected))
        await broker.wait_until_finished()
        stats = broker.eventing.stats()[0]
    assert one.ids == expected
    assert (stats.delivered, stats.retried, stats.dead_lettered) == (20, 7, 0)


async def test_rejected_event_is_dead_lettered_with_its_reason(log: Log) -> None:
    async def reject(_request: web.Request, _event_id: str) -> web.Response:
        return web.Response(status=422, text="x" * 2000, headers={"Kne-Reason": "no such system"})

    model = manifests()
    async with subscriber(reject) as one, running_broker(log, model, {ServiceRef("one"): one.url}) as broker:
        await broker.publish("a")
        await broker.wait_until_finished()
        [letter] = await dead_letters(log, model)
        assert one.ids == ["a"]
        assert (letter.id, letter.type, letter.source) == ("a", "made", "test")
        assert (letter.code, letter.reason, letter.destination) == (422, "no such system", one.url)
        assert letter.data == "x" * 1024
        assert letter.event.data == b"a"


async def test_success_with_a_body_that_is_not_an_event_is_dead_lettered_without_code(log: Log) -> None:
    async def ok(_request: web.Request, _event_id: str) -> web.Response:
        return web.Response(text="OK")

    model = manifests()
    async with subscriber(ok) as one, running_broker(log, model, {ServiceRef("one"): one.url}) as broker:
        await broker.publish("a")
        await broker.wait_until_finished()
        [letter] = await dead_letters(log, model)
        assert one.ids == ["a"]
        assert (letter.code, letter.destination) == (None, one.url)


async def test_event_is_dead_lettered_after_the_last_retry(log: Log) -> None:
    async def fail(_request: web.Request, _event_id: str) -> web.Response:
        return web.Response(status=500)

    model = manifests()
    async with subscriber(fail) as one, running_broker(log, model, {ServiceRef("one"): one.url}) as broker:
        await broker.publish("a")
        await broker.wait_until_finished()
        [letter] = await dead_letters(log, model)
        assert one.ids == ["a", "a", "a"]
        assert letter.code == 500


async def test_unreachable_subscriber_is_retried_before_dead_lettering(log: Log) -> None:
    model = manifests()
    async with subscriber() as stopped:
        pass
    async with running_broker(log, model, {ServiceRef("one"): stopped.url}) as broker:
        await broker.publish("a")
        await broker.wait_until_finished()
        [letter] = await dead_letters(log, model)
        assert (letter.code, broker.eventing.stats()[0].retried) == (None, 2)


@dataclass
class Moody:
    """Rejects every event until it is mended."""

    is_mended: bool = False

    async def respond(self, _request: web.Request, event_id: str) -> web.Response:
        if self.is_mended:
            return web.Response(status=204)
        return web.Response(status=422, headers={"Kne-Reason": f"Killmail {len(event_id)} lacks 'x'."})


@pytest.mark.parametrize("start", ["function", "beginning"])
async def test_letter_is_replayed_once_after_the_cause_is_mended(log: Log, start: Start) -> None:
    moody, model = Moody(), manifests()
    async with subscriber(moody.respond) as one, running_broker(log, model, {ServiceRef("one"): one.url}) as broker:
        await broker.publish("a", **{"ce-subject": "7"})
        await broker.wait_until_finished()
        letters = broker.eventing.dead_letters
        (name,) = await letters.read()
        moody.is_mended = True
        for expected in (f"replayed from the {start}", f"was replayed from the {start}"):
            (outcome,) = await letters.replay([name, name], start)
            assert (outcome.is_resolved, outcome.text) == (True, expected)
        await one.wait_until(lambda: len(one.ids) == 2)
        assert one.ids == ["a", "a"]
        assert one.bodies[0] == one.bodies[1]
        # From the beginning, the event has a new position.
        removed = ADDED - {PARTITION_EXTENSION, OFFSET_EXTENSION} if start == "beginning" else ADDED
        assert {f"ce-{attribute}" for attribute in removed}.isdisjoint(one.headers[1])
        assert one.headers[1]["ce-subject"] == "7"
    (letter,) = await dead_letters(log, model)
    assert (letter.name, letter.resolution) == (name, f"replayed from the {start}")


async def test_letter_stays_open_while_the_function_fails_and_is_closed_with_a_note(log: Log) -> None:
    model = manifests()
    async with subscriber(Moody().respond) as one, running_broker(log, model, {ServiceRef("one"): one.url}) as broker:
        await broker.publish("a")
        await broker.wait_until_finished()
        letters = broker.eventing.dead_letters
        (name,) = await letters.read()
        (outcome,) = await letters.replay([name], "function")
        assert not outcome.is_resolved
        assert outcome.text == "The function fails again: Killmail 1 lacks 'x'."
        assert [letter.resolution for letter in (await letters.read()).values()] == [None]
        for expected in ("discarded: of the test", "was discarded: of the test"):
            (outcome,) = await letters.discard([name], "of the test")
            assert (outcome.is_resolved, outcome.text) == (True, expected)
        (outcome,) = await letters.replay([name], "function")
        assert (outcome.is_resolved, len(one.ids)) == (True, 2)


async def test_what_cannot_be_replayed_is_told(log: Log) -> None:
    model = manifests()
    async with subscriber() as one, running_broker(log, model, {ServiceRef("one"): one.url}) as broker:
        refused = CloudEvent(
            {"specversion": "1.0", "id": "r", "type": "refused", "source": "poll"}, b'{"reason": "no"}'
        )
        elsewhere = refused.with_extensions({"id": "e", "knativeerrordest": "http://gone"})
        for event in (refused, elsewhere):
            await log.produce(model.kafka_sinks[0].topic, to_record(event))
        letters = broker.eventing.dead_letters
        names = list(await letters.read())
        outcomes = await letters.replay([*names, "9-9"], "function")
        assert sorted(outcome.text.split()[0] for outcome in outcomes) == ["No", "The", "There"]
        assert not any(outcome.is_resolved for outcome in outcomes)
        assert one.ids == []


@pytest.mark.parametrize("start", ["function", "beginning"])
async def test_refused_bytes_are_read_again_once_on_request(log: Log, start: Start) -> None:
    async def reject(request: web.Request, _event_id: str) -> web.Response:
        return await moody.respond(request, "1")

    moody, model = Moody(is_mended=start == "beginning"), manifests()
    payload = b'{"sequenceId": 7, "archiveKey": "refused/x#0+9", "reason": "too late"}'
    attributes = {"specversion": "1.0", "id": "r", "type": KILLMAIL_REFUSED.name, "source": "poll"}
    async with subscriber(reject) as one, running_broker(log, model, {ServiceRef("one"): one.url}) as broker:
        await log.produce(model.kafka_sinks[0].topic, to_record(CloudEvent(attributes, payload)))
        letters = broker.eventing.dead_letters
        (name,) = await letters.read()
        if start == "function":
            (outcome,) = await letters.replay([name], start)
            assert (outcome.is_resolved, outcome.text) == (False, "The function fails again: Killmail 1 lacks 'x'.")
        moody.is_mended = True
        for expected in (f"replayed from the {start}", f"was replayed from the {start}"):
            (outcome,) = await letters.replay([name], start)
            assert (outcome.is_resolved, outcome.text) == (True, expected)
        await one.wait_until(lambda: len(one.ids) == (2 if start == "function" else 1))
    assert {headers["ce-type"] for headers in one.headers} == {KILLMAIL_REREAD_REQUESTED.name}
    assert len(set(one.ids)) == 1
    assert json.loads(one.bodies[-1]) == {"sequenceId": 7, "archiveKey": "refused/x#0+9"}


async def test_letters_of_one_cause_are_one_group(log: Log) -> None:
    model = manifests()
    async with subscriber(Moody().respond) as one, running_broker(log, model, {ServiceRef("one"): one.url}) as broker:
        for event_id in ("a", "bb", "ccc"):
            await broker.publish(event_id)
        await one.wait_until(lambda: len(one.ids) == 3)
        await broker.wait_until_finished()
        groups = {letter.group for letter in (await broker.eventing.dead_letters.read()).values()}
        assert groups == {"Killmail … lacks …."}


class InProcessService:
    """A Service that receives events in the same process."""

    def __init__(self) -> None:
        self.received: list[tuple[str, Mapping[str, str], bytes]] = []

    async def deliver(self, target: str, headers: Mapping[str, str], body: bytes) -> HttpResponse:
        self.received.append((target, headers, body))
        return HttpResponse(204, {}) if len(self.received) > 1 else HttpResponse(503, {}, b"starting")


async def test_local_service_receives_events_directly(log: Log) -> None:
    one, model = InProcessService(), manifests(subscriber=ServiceRef("one", "/path"))
    async with (
        start_eventing(model, log, lambda _: "http://127.0.0.1:1/", services={"one": one}) as running,
        serving(running.ingress) as ingress,
        ClientSession() as session,
    ):
        broker = RunningBroker(running, f"{ingress}/{model.brokers[0].namespace}/killmails", session)
        assert await broker.publish("a") == 202
        await broker.wait_until_finished()
        assert running.stats()[0].retried == 1
    assert [(target, headers["ce-id"], body) for target, headers, body in one.received] == [("/path", "a", b"a")] * 2


async def test_reply_is_published_to_the_same_broker(log: Log) -> None:
    async def reply(_request: web.Request, event_id: str) -> web.Response:
        event = {"ce-specversion": "1.0", "ce-id": f"{event_id}-reply", "ce-source": "one", "ce-type": "answered"}
        return web.Response(body=b"yes", headers=event)

    model = manifests(filters=(Exact({"type": "made"}),))
    namespace = model.brokers[0].namespace
    answers = Trigger(
        "two", namespace, "killmails", ServiceRef("two"), (Exact({"type": "answered"}),),
        delivery=Delivery(dead_letter_sink=BrokerRef("killmails")),
    )  # fmt: skip
    model = Manifests(
        model.services,
        (),
        model.brokers,
        (*model.triggers, answers),
        model.kafka_sinks,
    )
    async with (
        subscriber(reply) as one,
        subscriber() as two,
        running_broker(log, model, {ServiceRef("one"): one.url, ServiceRef("two"): two.url}) as broker,
    ):
        await broker.publish("a")
        await two.wait_until(lambda: bool(two.ids))
    assert (one.ids, two.ids, two.bodies) == (["a"], ["a-reply"], [b"yes"])


async def test_unordered_delivery_has_at_most_fifty_events_in_flight(log: Log) -> None:
    release = asyncio.Event()

    async def hold(_request: web.Request, _event_id: str) -> web.Response:
        await release.wait()
        return web.Response(status=204)

    model = manifests()
    async with subscriber(hold) as one, running_broker(log, model, {ServiceRef("one"): one.url}) as broker:
        await asyncio.gather(*(broker.publish(str(number)) for number in range(70)))
        await one.wait_until(lambda: len(one.ids) == 50)
        assert broker.eventing.stats()[0].in_flight == 50
        release.set()
        await one.wait_until(lambda: len(one.ids) == 70)
    assert len(set(one.ids)) == 70


async def test_slow_event_does_not_delay_the_other_partition(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dispatcher, "PAUSE_LENGTH", 5)  # so that the slow partition pauses and resumes often
    monkeypatch.setattr(dispatcher, "RESUME_LENGTH", 2)
    release = asyncio.Event()

    async def hold(_request: web.Request, event_id: str) -> web.Response:
        if event_id == "slow":
            await release.wait()
        return web.Response(status=204)

    model = manifests(ordered=True)
    async with subscriber(hold) as one, running_broker(log, model, {ServiceRef("one"): one.url}) as broker:
        await broker.publish("slow", **{"ce-partitionkey": "a"})
        for number in range(300):
            await broker.publish(str(number), **{"ce-partitionkey": str(number % 7)})
        await broker.publish("after", **{"ce-partitionkey": "a"})
        await one.wait_until(lambda: len(one.ids) > 60)
        assert "after" not in one.ids
        release.set()
        await one.wait_until(lambda: len(one.ids) == 302)
    assert len(set(one.ids)) == 302
    assert one.ids.index("after") > one.ids.index("slow")


async def test_restarted_dispatcher_continues_after_finished_events(log: Log) -> None:
    model = manifests(ordered=True)
    async with subscriber() as one:
        async with running_broker(log, model, {ServiceRef("one"): one.url}) as broker:
            for number in range(5):
                await broker.publish(str(number))
            await one.wait_until(lambda: len(one.ids) == 5)
            await broker.wait_until_finished()
        async with running_broker(log, model, {ServiceRef("one"): one.url}) as broker:
            await broker.publish("5")
            await one.wait_until(lambda: "5" in one.ids)
            assert broker.eventing.stats()[0].lag <= 1
    assert sorted(one.ids) == ["0", "1", "2", "3", "4", "5"]


async def test_unfinished_event_is_delivered_again(log: Log) -> None:
    release = asyncio.Event()

    async def hold(_request: web.Request, _event_id: str) -> web.Response:
        await release.wait()
        return web.Response(status=204)

    model = manifests()
    async with subscriber(hold) as one:
        async with running_broker(log, model, {ServiceRef("one"): one.url}) as broker:
            await broker.publish("a")
            await one.wait_until(lambda: one.ids == ["a"])
        release.set()
        async with running_broker(log, model, {ServiceRef("one"): one.url}):
            await one.wait_until(lambda: one.ids == ["a", "a"])


@pytest.mark.parametrize("log", ["kafka"], indirect=True)
async def test_killed_log_loses_no_acknowledged_event(tansu: "Tansu", log: Log) -> None:
    model = manifests(ordered=True)
    acknowledged: set[str] = set()
    done = asyncio.Event()

    async def publish(broker: RunningBroker, publisher: int) -> None:
        number = 0
        while not done.is_set():
            event_id = f"{publisher}-{number}"
            try:
                if await broker.publish(event_id, **{"ce-partitionkey": event_id}) == 202:
                    acknowledged.add(event_id)
            except ClientError:
                continue
            number += 1

    async with subscriber() as one, running_broker(log, model, {ServiceRef("one"): one.url}) as broker:
        publishers = [asyncio.create_task(publish(broker, number)) for number in range(4)]
        for _ in range(2):
            await one.wait_until(lambda: len(set(one.ids)) > 100)
            await asyncio.to_thread(tansu.kill)
            await asyncio.sleep(1)
            before = len(acknowledged)
            await asyncio.to_thread(tansu.start)
            await one.wait_until(lambda before=before: len(acknowledged) > before + 100)
        done.set()
        await asyncio.gather(*publishers)
        await one.wait_until(lambda: acknowledged <= set(one.ids))
    assert len(acknowledged) > 200


async def test_late_log_is_waited_for(tansu: "Tansu") -> None:
    model = manifests()
    await asyncio.to_thread(tansu.kill)
    async with subscriber() as one, kafka_log(tansu.bootstrap) as log:
        starting = asyncio.create_task(asyncio.to_thread(tansu.start))
        async with running_broker(log, model, {ServiceRef("one"): one.url}) as broker:
            await broker.publish("a")
            await one.wait_until(lambda: one.ids == ["a"])
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
    ],
)
async def test_ingress_responds_as_knatives(
    log: Log, path: str, headers: dict[str, str], body: bytes, status: int
) -> None:
    model = manifests()
    async with subscriber() as one, running_broker(log, model, {ServiceRef("one"): one.url}) as broker:
        url = broker.broker_url.replace("killmails", path)
        async with broker.session.post(url, data=BytesIO(body), headers=headers) as response:
            assert response.status == status


def event_of_size(size: int, subject: str, key: str | None) -> tuple[dict[str, str], bytes]:
    """Headers and body of an event that takes `size` bytes as a record; it has the size of the largest ones."""
    headers = {"ce-specversion": "1.0", "ce-id": "1", "ce-source": "s", "ce-type": "t", "ce-subject": subject}
    headers["content-type"] = "application/json"  # the client would add one, which counts too
    if key is not None:
        headers["ce-partitionkey"] = key
    body = b"x" * 1_000_000
    return headers, b"x" * (len(body) + size - to_record(from_http(headers, body)).size)


TEXT = st.text("abc", min_size=1, max_size=5000)


@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(events=st.lists(st.tuples(TEXT, st.none() | TEXT, st.integers(-60, 60)), min_size=5, max_size=5))
@example(events=[("a", None, 0), ("a", None, 1), ("a", "k" * 64, 0), ("a", "k" * 64, 1)])
async def test_ingress_counts_data_key_attributes_and_framing(
    log: Log, events: list[tuple[str, str | None, int]]
) -> None:
    """An event is stored up to the limit of Knative's producer, and gets 503 above it."""
    model = manifests()
    async with subscriber() as one, running_broker(log, model, {ServiceRef("one"): one.url}) as broker:
        stored = 0
        for subject, key, beyond in events:
            headers, body = event_of_size(MAX_RECORD_BYTES + beyond, subject, key)
            async with broker.session.post(broker.broker_url, data=BytesIO(body), headers=headers) as response:
                assert response.status == (202 if beyond <= 0 else 503)
            stored += beyond <= 0
        await one.wait_until(lambda: len(one.bodies) == stored)


async def test_event_without_room_for_a_dead_letter_blocks_nothing(log: Log, caplog: pytest.LogCaptureFixture) -> None:
    """Knative's sink answers 503 to the dead letter at every retry, and the event is lost."""

    async def reject(_request: web.Request, event_id: str) -> web.Response:
        return web.Response(status=422 if event_id == "1" else 204, headers={"Kne-Reason": "no such system"})

    model = manifests(ordered=True)
    async with subscriber(reject) as one, running_broker(log, model, {ServiceRef("one"): one.url}) as broker:
        headers, body = event_of_size(MAX_RECORD_BYTES, "a", "k")
        async with broker.session.post(broker.broker_url, data=BytesIO(body), headers=headers) as response:
            assert response.status == 202
        assert await broker.publish("2", **{"ce-partitionkey": "k"}) == 202
        await one.wait_until(lambda: one.ids == ["1", "2"])
        assert await dead_letters(log, model) == ()
    assert "one lost event 1: its dead letter is too large" in caplog.text


async def test_largest_event_of_a_publisher_leaves_room_for_its_dead_letter(log: Log) -> None:
    async def reject(_request: web.Request, _event_id: str) -> web.Response:
        return web.Response(status=422, text="x" * 5000, headers={"Kne-Reason": "y" * 500})

    model = manifests()
    async with subscriber(reject) as one, running_broker(log, model, {ServiceRef("one"): one.url}) as broker:
        headers, body = event_of_size(MAX_EVENT_BYTES, "a", "k")
        async with BrokerPublisher(broker.broker_url) as publish:
            await publish([Message(headers, body)])
        await broker.wait_until_finished()
        [letter] = await dead_letters(log, model)
    assert (letter.event.data, letter.reason) == (body, "y" * 500)


@pytest.mark.parametrize("ordered", [False, True])
async def test_delivered_events_and_dead_letters_have_their_position_in_the_topic(log: Log, *, ordered: bool) -> None:
    async def reject_last(_request: web.Request, event_id: str) -> web.Response:
        return web.Response(status=422 if event_id == "9" else 204)

    model = manifests(ordered=ordered)
    async with subscriber(reject_last) as one, running_broker(log, model, {ServiceRef("one"): one.url}) as broker:
        forged = {"ce-knativekafkapartition": "77", "ce-knativekafkaoffset": "78"}
        for number in range(10):
            assert await broker.publish(str(number), **{"ce-partitionkey": str(number % 3)}, **forged) == 202
        await one.wait_until(lambda: len(one.ids) == 10)
        await broker.wait_until_finished()
        records = await log.tail(model.brokers[0].topic, 10)
        stored = {from_record(record.record).attributes["id"]: record for record in records}
        [letter] = await dead_letters(log, model)
    for event_id, headers in zip(one.ids, one.headers, strict=True):
        position = (headers["ce-knativekafkapartition"], headers["ce-knativekafkaoffset"])
        assert position == (str(stored[event_id].partition), str(stored[event_id].offset))
    assert letter.record == f"{stored['9'].partition}/{stored['9'].offset}"


async def test_structured_event_arrives_in_binary_encoding(log: Log) -> None:
    model = manifests()
    event = {"specversion": "1.0", "id": "a", "source": "s", "type": "t", "count": 3, "data": {"name": "Jita"}}
    async with subscriber() as one, running_broker(log, model, {ServiceRef("one"): one.url}) as broker:
        headers = {"content-type": "application/cloudevents+json"}
        async with broker.session.post(broker.broker_url, json=event, headers=headers) as response:
            assert response.status == 202
        await one.wait_until(lambda: one.ids == ["a"])
    assert one.bodies == [b'{"name":"Jita"}']
    assert (one.headers[0]["ce-count"], one.headers[0]["content-type"]) == ("3", "application/json")
