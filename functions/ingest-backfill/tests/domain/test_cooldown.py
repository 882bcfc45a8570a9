"""How long a source is left alone."""

from datetime import UTC, datetime, timedelta

import pytest

from ingest_backfill.domain.cooldown import CooldownState, next_cooldown

NOW = datetime(2026, 10, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("status", "stated", "manners", "seconds"),
    [
        (429, None, CooldownState(), 10),
        (429, 3, CooldownState(), 10),
        (429, 120, CooldownState(), 120),
        (429, 1e6, CooldownState(), 3600),
        (420, 33, CooldownState(), 33),
        (403, None, CooldownState(), 60),
        (403, None, CooldownState(bans=2), 240),
        (403, None, CooldownState(bans=20), 3600),
        (503, None, CooldownState(), 2),
        (None, None, CooldownState(failures=3), 16),
        (503, None, CooldownState(failures=50), 60),
    ],
)
def test_a_source_is_left_alone_as_long_as_it_wants_and_longer_each_time(
    status: int | None, stated: float | None, manners: CooldownState, seconds: float
) -> None:
    found = next_cooldown(status, stated, manners, NOW)
    assert found.quiet_until == NOW + timedelta(seconds=seconds)
    assert (found.bans > manners.bans) == (status == 403)
    assert (found.failures > manners.failures) == (status != 403)
