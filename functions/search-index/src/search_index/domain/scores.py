"""Scores by which hits are ranked after how well their text matches."""

from datetime import datetime
from decimal import Decimal
from math import log10
from typing import Final

_RECENT_DAYS: Final = 100
_POINTS_OF_A_BATTLE: Final = 10


def battle_score(isk_destroyed: Decimal, kills: int, participants: int) -> int:
    """The size of a battle: ten times the ISK count as much as ten killmails or twenty pilots."""
    return round(log10(float(isk_destroyed) + 1) * 100 + kills * 10 + participants * 5)


def activity_score(battle_count: int, last_seen_at: datetime, now: datetime) -> int:
    """Ten points for each battle, and up to a hundred for how recently the last one was."""
    days = (now - last_seen_at).total_seconds() / 86_400
    return round(battle_count * _POINTS_OF_A_BATTLE + min(_RECENT_DAYS, max(0.0, _RECENT_DAYS - days)))
