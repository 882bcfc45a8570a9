"""Routes events and timer events to their handlers."""

from typing import Any, Final

from battlescope_events.catalog import RETENTION_DUE, VERIFICATION_REQUESTED
from battlescope_events.errors import PermanentError
from battlescope_events.messages import Event
from ingest_verify.handlers.gaps import GapDetector
from ingest_verify.handlers.retention import RetentionCleaner
from ingest_verify.handlers.verification import Verifier

TASK: Final = "task"  # the extension attribute by which a PingSource names its task


async def dispatch(
    event: Event[Any], *, verifier: Verifier, gap_detector: GapDetector, cleaner: RetentionCleaner
) -> None:
    """Timer events only trigger a run: its work is read from the database, so lost or duplicate ones are harmless."""
    if event.type is VERIFICATION_REQUESTED:
        await verifier.verify_day(event.data.date)
    elif event.type is RETENTION_DUE:
        await cleaner.apply_cutoff(event.data.cutoff_date)
    else:
        tasks = {
            "verification": verifier.verify_open_days,
            "gaps": gap_detector.order_missing_days,
            "retention": cleaner.run_daily,
        }
        task = event.extensions.get(TASK, "")
        if task not in tasks:
            raise PermanentError(f"There is no task {task!r}; the tasks are {', '.join(tasks)}.")
        await tasks[task]()
