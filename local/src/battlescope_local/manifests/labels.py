"""BattleScope's labels on Services and Jobs."""

from typing import Final

from battlescope_local.manifests.model import Job, Service

DATABASE_LABEL: Final = "battlescope.dev/database"
DATABASE_OWNER_LABEL: Final = "battlescope.dev/database-owner"
FUNCTION_LABEL: Final = "battlescope.dev/function"
PHASE_LABEL: Final = "battlescope.dev/phase"
BACKGROUND_SUFFIX: Final = "-background"  # of a function's second Service, for work that may wait


def function_of(workload: Service | Job) -> str:
    """Name of the function that a Service or Job belongs to."""
    return workload.labels.get(FUNCTION_LABEL, workload.name)
