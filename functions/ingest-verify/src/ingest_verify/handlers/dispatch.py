"""Which work an event or a tick asks for."""

from typing import Any, Final

from battlescope_events.catalog import RETENTION_DUE, VERIFICATION_REQUESTED
from battlescope_events.errors import PermanentError
from battlescope_events.messages import Event
from ingest_verify.handlers.gaps import GapDetector
from ingest_verify.handlers.retention import Cleaner
from ingest_verify.handlers.verification import Verifier

TASK: Final = "task"  # the extension by which a timer says what it is for


async def handle(event: Event[Any], *, verifier: Verifier, gaps: GapDetector, cleaner: Cleaner) -> None:
    """Ticks only wake: what is to be done stands in the rows, so lost and repeated ones change nothing."""
    if event.type is VERIFICATION_REQUESTED:
        await verifier.asked(event.data.date)
    elif event.type is RETENTION_DUE:
        await cleaner.due(event.data.cutoff_date)
    else:
        ticks = {"verification": verifier.tick, "gaps": gaps.tick, "retention": cleaner.tick}
        task = event.extensions.get(TASK, "")
        if task not in ticks:
            raise PermanentError(f"There is no task {task!r}; there are {', '.join(ticks)}.")
        await ticks[task]()
