"""PingSources: timers that send an event to their sink at the times of a cron schedule.

As with Knative, timer events can overlap, missed ones are not sent later, and one whose sink does not respond to five
retries is dropped; so a timer event only triggers a run that reads its work from durable state. Two things differ. A
timer that fires several times a minute also fires when the node starts, so that its function does not wait for the
clock. And there is no random delay of up to half a second, which spreads load in a cluster and has no use here.
"""

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final
from uuid import uuid4
from zoneinfo import ZoneInfo

from croniter import croniter

from battlescope_local.eventing.cloud_event import CloudEvent
from battlescope_local.eventing.delivery import is_retriable, is_success
from battlescope_local.eventing.sender import EventSender
from battlescope_local.http_client import HttpResponse
from battlescope_local.manifests.model import PingSource

logger = logging.getLogger(__name__)

MAX_RETRIES: Final = 5
FIRST_RETRY_PAUSE: Final = 0.05  # seconds, doubled for each retry: 1.55 in total
ATTEMPT_TIMEOUT: Final = 60.0  # seconds
# The wall clock is read at least this often, because the machine can sleep and its clock can be set.
MAX_SLEEP: Final = timedelta(seconds=30)
MINUTE: Final = timedelta(minutes=1)


def next_timer_time(source: PingSource, after: datetime) -> datetime:
    """The first time of the schedule after `after`; in a schedule of six fields the first is seconds."""
    local = after.astimezone(ZoneInfo(source.timezone))
    return croniter(source.schedule, local, second_at_beginning=True).get_next(datetime)


def is_frequent(source: PingSource, after: datetime) -> bool:
    """Whether the timer fires more than once in every minute."""
    next_time = next_timer_time(source, after)
    every_minute = source.schedule.split()[1:] == ["*"] * 5
    return every_minute and next_timer_time(source, next_time) - next_time < MINUTE


def timer_event(source: PingSource, time: datetime, event_id: str) -> CloudEvent:
    """The event as Knative sends it where the manifest has no data: without a body and without a content type."""
    attributes = {
        "specversion": "1.0",
        "id": event_id,
        "type": "dev.knative.sources.ping",
        "source": f"/apis/v1/namespaces/{source.namespace}/pingsources/{source.name}",
        "time": time.isoformat(),
    }
    return CloudEvent({**attributes, **source.extensions})


async def run(
    source: PingSource, sender: EventSender, enabled: Callable[[], bool], now: Callable[[], datetime]
) -> None:
    """Send timer events until cancelled; those due while `enabled` returns false are not sent."""
    due = now() if is_frequent(source, now()) else next_timer_time(source, now())
    async with asyncio.TaskGroup() as tasks:
        while True:
            await sleep_until(due, now)
            if enabled():
                tasks.create_task(send_with_retries(source, sender, timer_event(source, now(), str(uuid4()))))
            due = next_timer_time(source, now())


async def sleep_until(due: datetime, now: Callable[[], datetime]) -> None:
    remaining = due - now()
    while remaining > timedelta():
        await asyncio.sleep(min(remaining, MAX_SLEEP).total_seconds())
        remaining = due - now()


async def send_with_retries(source: PingSource, sender: EventSender, event: CloudEvent) -> None:
    response = await sender.send(source.sink, event, {}, ATTEMPT_TIMEOUT)
    for attempt in range(MAX_RETRIES):
        if isinstance(response, HttpResponse) and not is_retriable(response.status):
            break
        await asyncio.sleep(FIRST_RETRY_PAUSE * 2**attempt)
        response = await sender.send(source.sink, event, {}, ATTEMPT_TIMEOUT)
    if not (isinstance(response, HttpResponse) and is_success(response.status)):
        logger.warning("Dropped timer event of %s after retries: %s", source.name, response)
