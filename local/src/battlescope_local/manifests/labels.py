"""Labels of BattleScope on Services and Jobs."""

from typing import Final

from battlescope_local.manifests.model import Job, Service

DATABASE: Final = "battlescope.dev/database"
OWNER: Final = "battlescope.dev/database-owner"
FUNCTION: Final = "battlescope.dev/function"
PHASE: Final = "battlescope.dev/phase"


def function_of(workload: Service | Job) -> str:
    return workload.labels.get(FUNCTION, workload.name)
