"""Every denial becomes an audit record, by one mechanism, bounded for each caller, and none waits for the Broker."""

import asyncio
import json
from collections.abc import Sequence
from typing import Any

import pytest
from guarded_api import OWN, Instance, instance, until

from battlescope_events.access import denials
from battlescope_events.access.denials import RECORDS_A_MINUTE
from battlescope_events.errors import TransientError
from battlescope_events.messages import Message
from battlescope_events.publisher import PublishingInterrupted, RecordingPublisher
from battlescope_local.testing.sessions import AccountWriter

pytestmark = pytest.mark.stores
NOTE = "/api/sample/note"


def records(publish: RecordingPublisher) -> list[dict[str, Any]]:
    assert all(message.type == "com.battlescope.audit.recorded.v1" for message in publish.messages)
    return [json.loads(message.body) for message in publish.messages]


async def denied(api: Instance, headers: dict[str, str], count: int = 1) -> None:
    for _ in range(count):
        response = await api.client.put(NOTE, headers={**headers, "origin": OWN}, json={"text": "x"})
        assert response.status_code == 403


async def test_denials_of_rights_blocks_and_foreign_pages_are_recorded(valkey: str, accounts: AccountWriter) -> None:
    user, blocked = accounts.log_in(roles={"sample": 10}), accounts.log_in(roles={"sample": 40}, is_blocked=True)
    publish = RecordingPublisher()
    async with instance(valkey, publish=publish) as api:
        await denied(api, {**user.headers, "user-agent": "Firefox/1"})
        await denied(api, blocked.headers)
        foreign = {**user.headers, "origin": "https://evil.example", "x-forwarded-for": "198.51.100.9"}
        assert (await api.client.put(NOTE, headers=foreign, json={})).status_code == 403
        preflight = {"origin": "https://evil.example", "access-control-request-method": "PUT"}
        assert (await api.client.options(NOTE, headers=preflight)).status_code == 403
        assert (await api.client.get(NOTE, headers=user.headers)).status_code == 200
        assert (await api.client.get(NOTE)).status_code == 401  # nobody was denied: he has not logged in
    of_right, of_block, of_page = records(publish)
    assert (of_right["actor"], of_right["ip"], of_right["userAgent"]) == (
        str(user.account_id),
        "192.0.2.7",
        "Firefox/1",
    )
    assert of_right["metadata"] == {
        "service": "sample", "path": NOTE, "feature": "sample", "role": "fc",
        "reason": "This needs the role fc in sample.",
    }  # fmt: skip
    assert (of_block["actor"], of_block["metadata"]["reason"]) == (str(blocked.account_id), "This account is blocked.")
    assert (of_page.get("actor"), of_page["ip"]) == (None, "198.51.100.9")
    assert of_page["metadata"]["reason"] == "foreign_page"


async def test_one_caller_causes_few_records_and_the_rest_is_counted(valkey: str, accounts: AccountWriter) -> None:
    noisy, other = accounts.log_in(roles={"sample": 10}), accounts.log_in(roles={"sample": 10})
    publish = RecordingPublisher()
    async with instance(valkey, publish=publish) as api:
        await denied(api, noisy.headers, RECORDS_A_MINUTE + 7)
        await denied(api, other.headers)
        await until(lambda: len(publish.messages) == RECORDS_A_MINUTE + 1)
        api.clock.offset += 61
        await denied(api, noisy.headers, 2)
    last, newest = records(publish)[-2:]
    assert (last["actor"], last["metadata"]["leftOut"]) == (str(noisy.account_id), 7)
    assert "leftOut" not in newest["metadata"]


class SlowBroker(RecordingPublisher):
    """Takes one message, then does not answer until it is back."""

    def __init__(self) -> None:
        super().__init__()
        self.is_away, self.attempts = True, 0

    async def __call__(self, messages: Sequence[Message]) -> None:
        self.attempts += 1
        if not self.is_away:
            return await super().__call__(messages)
        if self.attempts > 1:
            raise TransientError("The event sink does not answer.")
        self.messages.append(messages[0])
        raise PublishingInterrupted("The event sink does not answer.", {messages[0].id}, {})


async def test_records_wait_for_the_broker_and_requests_do_not(
    valkey: str, accounts: AccountWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(denials, "RETRY_SECONDS", 0.05)
    login, publish = accounts.log_in(roles={"sample": 10}), SlowBroker()
    async with asyncio.timeout(30), instance(valkey, publish=publish) as api:
        await denied(api, login.headers, 3)
        await until(lambda: publish.attempts > 3)
        await denied(api, login.headers)
        publish.is_away = False
        await until(lambda: len(publish.messages) == 4)
    assert len({message.id for message in publish.messages}) == 4


async def test_a_broker_that_is_away_loses_no_more_than_the_bound(
    valkey: str, accounts: AccountWriter, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(denials, "MAX_PENDING", 2)
    login, publish = accounts.log_in(roles={"sample": 10}), SlowBroker()
    publish.attempts = 1
    async with instance(valkey, publish=publish) as api:
        await denied(api, login.headers, 4)
    assert publish.messages == []
    assert "is lost" in caplog.text
    assert "2 records of denials are lost" in caplog.text
