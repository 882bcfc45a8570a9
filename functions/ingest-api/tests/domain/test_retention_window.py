"""The retention window."""

from ingest_api_harness import NOW

from ingest_api.domain.retention_window import cutoff, next_cleanup


def test_cutoff_is_clamped_to_short_months() -> None:
    assert cutoff(NOW.replace(month=3, day=31).date(), 1).isoformat() == "2026-02-28"
    assert cutoff(NOW.replace(month=1, day=1).date(), 1).isoformat() == "2025-12-01"
    assert next_cleanup(NOW.replace(hour=1)).isoformat() == "2026-11-26T02:00:00+00:00"
