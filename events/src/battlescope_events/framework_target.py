"""The function that functions-framework calls; it hands each CloudEvent to the shell that is serving it.

The framework loads this file by its path, so it holds nothing but the decorated function.
"""

import functions_framework.aio
from cloudevents.http import CloudEvent

from battlescope_events.framework_adapter import RECEIVER


@functions_framework.aio.cloud_event
async def receive(event: CloudEvent) -> None:
    await RECEIVER.get()(event)
