"""Which work an event or a tick asks for."""

from typing import Any, Final

from battlescope_events.catalog import RETENTION_DUE, VERIFICATION_REQUESTED
from battlescope_events.errors import PermanentError
from battlescope_events.messages import Event
from ingest_verify.handlers.gaps import GapDetector
from ingest_verify.handlers.retention import RetentionCleaner
from ingest_verify.handlers.verification import Verifier

TASK: Final = "task"  # the extension by which a timer says what it is for


async def handle(event: Event[Any], *, verifier: Verifier, gaps: GapDetector, cleaner: RetentionCleaner) -> None:
    """Ticks only wake: what is to be done stands in the rows, so lost and repeated ones change nothing."""
    if event.type is VERIFICATION_REQUESTED:
        await verifier.verify_day(event.data.date)
    elif event.type is RETENTION_DUE:
        await cleaner.apply_cutoff(event.data.cutoff_date)
    else:
        ticks = {"verification": verifier.verify_open_days, "gaps": gaps.order_missing_days, "retention": cleaner.run_daily}
        task = event.extensions.get(TASK, "")
        if task not in ticks:
            raise PermanentError(f"There is no task {task!r}; there are {', '.join(ticks)}.")
        await ticks[task]()
