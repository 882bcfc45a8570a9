"""The scores of the requirements."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from search_index.domain.scores import activity_score, battle_score

NOW = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("isk", "kills", "participants", "score"),
    [("0", 0, 0, 0), ("9", 0, 0, 100), ("999999999", 2, 10, 900 + 20 + 50), ("0.00", 1, 1, 15)],
)
def test_battle_score(isk: str, kills: int, participants: int, score: int) -> None:
    assert battle_score(Decimal(isk), kills, participants) == score


@pytest.mark.parametrize(
    ("battles", "days", "score"), [(0, 0, 100), (3, 0, 130), (3, 40, 90), (3, 100, 30), (3, 5000, 30), (1, -2, 110)]
)
def test_activity_score(battles: int, days: int, score: int) -> None:
    assert activity_score(battles, NOW - timedelta(days=days), NOW) == score
