"""PingSources: a timer each, that sends an event to its sink at the times of a cron schedule.

As Knative's: ticks may overlap, missed ones are not caught up, and a tick whose sink stays silent through five retries
is lost; so a tick means "wake up and look". Two things differ. A timer that ticks several times a minute ticks at once
when the node starts, so that nobody waits for what is only an occasion to look. And the original's random delay of up
to half a second is left out, which spreads load in a cluster and would only blur a single machine.
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
from battlescope_local.eventing.delivery import is_retried, is_success
from battlescope_local.eventing.sender import EventSender
from battlescope_local.http_client import Answer
from battlescope_local.manifests.model import PingSource

logger = logging.getLogger(__name__)

RETRIES: Final = 5
FIRST_RETRY: Final = 0.05  # seconds, doubled each time: 1.55 in all
ATTEMPT: Final = 60.0  # seconds a sink may take
# A machine may sleep, or its clock be set: look at the wall clock at least this often while waiting.
LOOK: Final = timedelta(seconds=30)
MINUTE: Final = timedelta(minutes=1)


def next_tick(source: PingSource, after: datetime) -> datetime:
    """The first time of the schedule after `after`; six fields begin with seconds."""
    local = after.astimezone(ZoneInfo(source.timezone))
    return croniter(source.schedule, local, second_at_beginning=True).get_next(datetime)


def is_frequent(source: PingSource, at: datetime) -> bool:
    """Whether it ticks more than once in every minute."""
    following = next_tick(source, at)
    every_minute = source.schedule.split()[1:] == ["*"] * 5
    return every_minute and next_tick(source, following) - following < MINUTE


def tick(source: PingSource, time: datetime, identity: str) -> CloudEvent:
    attributes = {
        "specversion": "1.0",
        "id": identity,
        "type": "dev.knative.sources.ping",
        "source": f"/apis/v1/namespaces/{source.namespace}/pingsources/{source.name}",
        "time": time.isoformat(),
    }
    if source.content_type:
        attributes["datacontenttype"] = source.content_type
    return CloudEvent({**attributes, **source.extensions}, source.data)


async def run(
    source: PingSource, courier: EventSender, enabled: Callable[[], bool], now: Callable[[], datetime]
) -> None:
    """Tick until cancelled. While `enabled` says no, time passes without ticks."""
    due = now() if is_frequent(source, now()) else next_tick(source, now())
    async with asyncio.TaskGroup() as tasks:
        while True:
            await sleep_until(due, now)
            if enabled():
                tasks.create_task(send(source, courier, tick(source, now(), str(uuid4()))))
            due = next_tick(source, now())


async def sleep_until(due: datetime, now: Callable[[], datetime]) -> None:
    remaining = due - now()
    while remaining > timedelta():
        await asyncio.sleep(min(remaining, LOOK).total_seconds())
        remaining = due - now()


async def send(source: PingSource, courier: EventSender, event: CloudEvent) -> None:
    answer = await courier.send(source.sink, event, {}, ATTEMPT)
    for attempt in range(RETRIES):
        if isinstance(answer, Answer) and not is_retried(answer.status):
            break
        await asyncio.sleep(FIRST_RETRY * 2**attempt)
        answer = await courier.send(source.sink, event, {}, ATTEMPT)
    if not (isinstance(answer, Answer) and is_success(answer.status)):
        logger.warning("The tick of %s is lost: %s", source.name, answer)
