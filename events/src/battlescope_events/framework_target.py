"""The target of functions-framework: passes each CloudEvent to the function of the running app.

The framework loads this file by its path, so it holds only the decorated function.
"""

import functions_framework.aio
from cloudevents.http import CloudEvent

from battlescope_events.framework_adapter import RECEIVER


@functions_framework.aio.cloud_event
async def receive(event: CloudEvent) -> None:
    await RECEIVER.get()(event)
