"""Values of stored battles, and why battles change."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple


class CauseKind(StrEnum):
    KILLMAIL = "killmail"
    EDIT = "edit"
    RECLUSTER = "recluster"
    VALUE = "value"


class RevisionCause(NamedTuple):
    """Why battles were reclustered: new killmails, an edit, a recluster job or another value of a killmail."""

    kind: CauseKind
    id: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.id}"


@dataclass(frozen=True, slots=True)
class StoredBattle:
    """The columns of a battle's row that reconciliation compares."""

    id: str
    status: str
    last_killmail_at: datetime
    total_kills: int
    total_isk_destroyed: Decimal
    total_participants: int
    revision: int
    deleted: bool


@dataclass(frozen=True, slots=True)
class ClusteringConfig:
    """The settings an administrator may change. `detection/rules.py` gives the reasons of the defaults."""

    window_minutes: int
    gap_max_minutes: int
    min_kills: int
    auto_clustering: bool
    edits_version: int
    values_version: int
