"""The subscription to changes of accounts begins, passes changes on, and ends at any moment."""

import asyncio
from uuid import UUID, uuid4

import pytest
import redis
from guarded_api import Line, until

from battlescope_events.access.account_changes import subscription
from battlescope_schemas.accounts.session import ACCOUNT_CHANGES_CHANNEL, AccountChange

pytestmark = pytest.mark.stores


class Listener:
    def __init__(self) -> None:
        self.is_subscribed, self.begun = False, 0
        self.changed: list[UUID] = []

    def subscription_began(self) -> None:
        self.is_subscribed, self.begun = True, self.begun + 1

    def subscription_ended(self) -> None:
        self.is_subscribed = False

    def account_changed(self, account_id: UUID) -> None:
        self.changed.append(account_id)


async def test_it_ends_at_any_moment(valkey: str) -> None:
    """The driver loses a cancellation that arrives at some moments of its connecting."""
    for number in range(40):
        listener = Listener()
        async with asyncio.timeout(20), subscription(valkey, listener):
            await asyncio.sleep(number * 0.0003)
        assert not listener.is_subscribed


async def test_it_passes_changes_on_and_skips_what_is_none(line: Line, valkey: str) -> None:
    listener, account_id = Listener(), uuid4()
    async with subscription(line.url, listener):
        with redis.Redis.from_url(valkey) as client:
            for round_ in (1, 2):
                await until(lambda: listener.is_subscribed)
                assert listener.begun == round_
                for text in ("", "{}", "nonsense", AccountChange(account_id=account_id).model_dump_json()):
                    client.publish(ACCOUNT_CHANGES_CHANNEL, text)
                await until(lambda: len(listener.changed) == round_)  # noqa: B023  # it is awaited in the same round
                await line.cut()
                await until(lambda: not listener.is_subscribed)
                await line.mend()
    assert listener.changed == [account_id, account_id]
