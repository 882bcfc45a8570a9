"""How long a source is left alone."""

from datetime import UTC, datetime, timedelta

import pytest

from ingest_backfill.domain.cooldown import Manners, after

NOW = datetime(2026, 10, 1, tzinfo=UTC)


@pytest.mark.parametrize(("status", "stated", "manners", "seconds"), [
    (429, None, Manners(), 10), (429, 3, Manners(), 10), (429, 120, Manners(), 120), (429, 1e6, Manners(), 3600),
    (420, 33, Manners(), 33), (403, None, Manners(), 60), (403, None, Manners(bans=2), 240),
    (403, None, Manners(bans=20), 3600), (503, None, Manners(), 2), (None, None, Manners(failures=3), 16),
    (503, None, Manners(failures=50), 60),
])  # fmt: skip
def test_a_source_is_left_alone_as_long_as_it_wants_and_longer_each_time(
    status: int | None, stated: float | None, manners: Manners, seconds: float
) -> None:
    found = after(status, stated, manners, NOW)
    assert found.quiet_until == NOW + timedelta(seconds=seconds)
    assert (found.bans > manners.bans) == (status == 403)
    assert (found.failures > manners.failures) == (status != 403)
