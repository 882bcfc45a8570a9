"""What is known of battles and of the mails around a new one before it is filed. Values only."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple


class Place(NamedTuple):
    """Where a stored mail stands. `touched` mails are regrouped; the others only surround them."""

    killmail_id: int
    system_id: int
    component_id: str | None
    region_id: int
    security_type: str
    historical: bool
    touched: bool


@dataclass(frozen=True, slots=True)
class Stored:
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
class Configuration:
    """What administrators may set; `rules.py` has the reasons of the defaults."""

    window_minutes: int
    gap_max_minutes: int
    min_kills: int
