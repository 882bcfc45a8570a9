"""What an answer of the event sink means."""

from datetime import UTC, datetime

import httpx2
import pytest

from battlescope_events.catalog import ENTITY_UPDATED
from battlescope_events.faults import Permanent, Transient
from battlescope_events.publish import Sink
from battlescope_schemas.entity import EntityType, EntityUpdated

NEWS = EntityUpdated(
    entity_type=EntityType.ALLIANCE, entity_id=99000001, entity_name="A", updated_at=datetime(2026, 1, 1, tzinfo=UTC)
)
MESSAGE = ENTITY_UPDATED.message(NEWS, source="killmail-enrich", key="k", time=datetime(2026, 1, 1, tzinfo=UTC))


async def publish(answer: int | Exception) -> httpx2.Request:
    seen: list[httpx2.Request] = []

    def respond(request: httpx2.Request) -> httpx2.Response:
        seen.append(request)
        if isinstance(answer, Exception):
            raise answer
        return httpx2.Response(answer)

    async with httpx2.AsyncClient(transport=httpx2.MockTransport(respond)) as client:
        await Sink(client, "http://broker.example/ns/killmails")([MESSAGE])
    return seen[0]


async def test_202_means_that_the_event_is_durable() -> None:
    request = await publish(202)
    assert request.headers["ce-id"] == MESSAGE.id
    assert request.content == MESSAGE.body


@pytest.mark.parametrize("answer", [404, 429, 500, 503, httpx2.ConnectError("refused"), httpx2.ReadTimeout("slow")])
async def test_what_may_pass_is_transient(answer: int | Exception) -> None:
    with pytest.raises(Transient, match="event sink"):
        await publish(answer)


@pytest.mark.parametrize("answer", [400, 413])
async def test_what_the_broker_never_takes_is_permanent(answer: int) -> None:
    with pytest.raises(Permanent, match=f"for good with status {answer}"):
        await publish(answer)
