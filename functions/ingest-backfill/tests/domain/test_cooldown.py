"""Cooldown of a source after each kind of refusal and failure."""

from datetime import UTC, datetime, timedelta

import pytest

from ingest_backfill.domain.cooldown import CooldownState, next_cooldown

NOW = datetime(2026, 10, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("status", "retry_after", "cooldown", "seconds"),
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
def test_cooldown_follows_retry_after_and_grows_with_each_refusal(
    status: int | None, retry_after: float | None, cooldown: CooldownState, seconds: float
) -> None:
    following = next_cooldown(status, retry_after, cooldown, NOW)
    assert following.quiet_until == NOW + timedelta(seconds=seconds)
    assert (following.bans > cooldown.bans) == (status == 403)
    assert (following.failures > cooldown.failures) == (status != 403)
