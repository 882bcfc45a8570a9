"""What is known of battles and of the mails around a new one before it is filed. Values only."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from battle_cluster.domain.killmail import Killmail


class Location(NamedTuple):
    """Where a mail happened, and whether it was told as history."""

    system_id: int
    region_id: int
    security_type: str
    historical: bool


class StoredKillmail(NamedTuple):
    """What never changes about a stored mail."""

    mail: Killmail
    place: Location


class CauseKind(StrEnum):
    KILLMAIL = "killmail"
    EDIT = "edit"
    RECLUSTER = "recluster"


class RevisionCause(NamedTuple):
    """Why battles were looked at anew: mails that arrived, an edit, or a job."""

    kind: CauseKind
    id: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.id}"


@dataclass(frozen=True, slots=True)
class StoredBattle:
    """A battle as the database has it."""

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
    """What administrators may set; `rules.py` has the reasons of the defaults."""

    window_minutes: int
    gap_max_minutes: int
    min_kills: int
    auto_clustering: bool
    edits_version: int
