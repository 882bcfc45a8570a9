"""A day compared with its list: missing and existing killmails, and refusals of the source."""

import json
from datetime import date, timedelta
from typing import Any

import httpx2
import pytest
from verified_days import HASH, NOW, Rows, Source

from battlescope_events.object_storage.bucket import BucketClient
from battlescope_local.testing.buckets import Bucket
from battlescope_local.testing.upstreams import MockHttp, instant_client
from battlescope_schemas.backfill import BackfillManifest, job_id
from ingest_verify.clients.day_listing import DayListingClient
from ingest_verify.domain import day_listing
from ingest_verify.domain.manifests import MAX_EMBEDDED, missing_killmails_manifest
from ingest_verify.handlers.verification import Verifier
from ingest_verify.persistence.unit_of_work import Database

pytestmark = pytest.mark.postgres
YESTERDAY = date(2026, 11, 25)
KEY = "manifests/verify-2026-11-25.json"


async def test_missing_killmails_become_a_job(verifier: Verifier, rows: Rows, bucket: Bucket, source: Source) -> None:
    rows.ids(1, 2)
    rows.ids(3, day="2026-11-24")  # stored under another day
    source.lists("20261125", [1, 2, 3, 4, 5])
    await verifier.verify_open_days()
    body, etag = bucket.read(KEY)
    job = job_id(KEY, etag)
    assert rows.verification() == ("completed", 5, 3, 2, 2, job, None)
    manifest = BackfillManifest.model_validate_json(body)
    assert (manifest.source, manifest.priority, manifest.reason) == ("embedded", "high", "daily_verification")
    assert manifest.killmails == {YESTERDAY: {4: HASH, 5: HASH}}


async def test_killmail_that_is_stored_with_another_body_is_named_and_not_loaded(
    verifier: Verifier, rows: Rows, bucket: Bucket, source: Source
) -> None:
    rows.ids(1, 2, 3)
    rows.sql("SELECT ensure_killmail_month('2026-11-01Z')")
    for killmail_id, stored_hash in ((1, HASH), (2, "f" * 40)):
        rows.sql(
            "INSERT INTO killmail_events (killmail_id, zkb_hash, system_id, occurred_at, pilot_count, zkb_url, source,"
            " archive_key) VALUES (%s, %s, 30000142, '2026-11-25 12:00Z', 2, '', 'live', 'a#0+1')",
            killmail_id,
            stored_hash,
        )
    source.lists("20261125", [1, 2, 3])
    await verifier.verify_open_days()
    note = "Killmails of the list that are stored with another body, which counts: 1 (2)."
    assert rows.verification() == ("completed", 3, 3, 0, 0, None, note)
    assert bucket.keys() == []


async def test_complete_day_orders_no_backfill(verifier: Verifier, rows: Rows, bucket: Bucket, source: Source) -> None:
    rows.ids(1)
    source.lists("20261125", [1], total=1)
    await verifier.verify_open_days()
    await verifier.verify_open_days()
    assert (rows.verification(), bucket.keys()) == (("completed", 1, 1, 0, 0, None, None), [])
    assert source.requests == ["/history/20261125.json", "/history/totals.json"], (
        "a completed day is not requested again"
    )


async def test_same_missing_killmails_are_the_same_job(verifier: Verifier, rows: Rows, source: Source) -> None:
    source.lists("20261125", [5, 4])
    await verifier.verify_open_days()
    first = rows.verification()
    source.lists("20261125", [4, 5])
    await verifier.verify_day(YESTERDAY)
    assert rows.verification() == first
    rows.ids(4)
    await verifier.verify_day(YESTERDAY)
    assert (rows.verification()[3], rows.verification()[5] != first[5]) == (1, True)


async def test_unpublished_or_incomplete_list_is_retried(
    store: Database, history: DayListingClient, storage: BucketClient, rows: Rows, source: Source
) -> None:
    now = NOW.replace(hour=3)
    verifier = Verifier(store, history, storage, lambda: now, enabled=True)
    await verifier.verify_open_days()
    assert rows.verification()[::6] == ("running", "The source has no list of that day yet.")
    source.lists("20261125", [1], total=2)
    now = NOW.replace(hour=6)
    await verifier.verify_open_days()
    assert rows.verification()[::6] == ("running", "The list has 1 of 2 killmails yet.")
    source.lists("20261125", [1, 2], total=2)
    await verifier.verify_open_days()
    assert rows.verification()[:4] == ("completed", 2, 0, 2)


async def test_verification_is_given_up_after_two_days(
    store: Database, history: DayListingClient, storage: BucketClient, rows: Rows, source: Source
) -> None:
    now = NOW
    verifier = Verifier(store, history, storage, lambda: now, enabled=True)
    source.lists("20261124", [], total=7)
    await verifier.verify_day(date(2026, 11, 24))
    await verifier.verify_open_days()
    now = NOW + timedelta(days=2, minutes=1)
    await verifier.verify_open_days()
    assert rows.verification()[0] == "failed"
    assert rows.verification("2026-11-24")[:2] == ("completed", 0), "after the time limit an incomplete list is used"


@pytest.mark.parametrize(
    "response",
    [httpx2.Response(429), httpx2.Response(403), httpx2.Response(500), httpx2.Response(200, content=b"<html>"),
     httpx2.Response(200, json={"1": "x"}), httpx2.Response(200, json=[1]), httpx2.Response(200, json=3)],
)  # fmt: skip
async def test_refusing_source_is_not_requested_until_the_next_timer_event(
    verifier: Verifier, rows: Rows, source: Source, response: httpx2.Response
) -> None:
    await verifier.verify_day(date(2026, 11, 20))
    source.requests.clear()
    source.responses["/history/20261125.json"] = response
    await verifier.verify_open_days()
    assert source.requests == ["/history/20261125.json"], "the older day is not requested any more"
    assert rows.verification()[0] == "running"
    assert rows.verification()[6] is not None


async def test_only_requested_days_are_verified_when_disabled(
    store: Database, history: DayListingClient, storage: BucketClient, rows: Rows, source: Source
) -> None:
    verifier = Verifier(store, history, storage, lambda: NOW, enabled=False)
    await verifier.verify_open_days()
    assert source.requests == []
    source.lists("20261120", [])
    await verifier.verify_day(date(2026, 11, 20))
    assert rows.verification("2026-11-20")[:2] == ("completed", 0)


async def test_transport_error_keeps_the_day_open(store: Database, storage: BucketClient, rows: Rows) -> None:
    def fail(_: httpx2.Request) -> httpx2.Response:
        raise httpx2.ConnectError("no route")

    upstream = instant_client("r2z2", MockHttp(fail), now=lambda: NOW)
    listings = DayListingClient(upstream, "http://source.invalid", lambda: NOW)
    await Verifier(store, listings, storage, lambda: NOW, enabled=True).verify_open_days()
    assert "does not respond" in rows.verification()[6]


@pytest.mark.parametrize(
    "document",
    [{"7": HASH}, [{"killmail_id": 7, "hash": HASH}], [{"killmail_id": 7, "killmail_hash": HASH}]],
)
def test_both_formats_of_a_list_are_parsed(document: Any) -> None:
    assert day_listing.parse_listing(json.dumps(document).encode()) == {7: HASH}


def test_unreadable_totals_are_ignored() -> None:
    assert day_listing.day_total(b'{"20261125": 7}', YESTERDAY) == 7
    assert [day_listing.day_total(body, YESTERDAY) for body in (b"<html>", b"[]", b'{"20261125": "7"}', b"{}")] == [
        None
    ] * 4


def test_manifest_of_too_many_missing_killmails_names_the_source_instead() -> None:
    _, body = missing_killmails_manifest(YESTERDAY, dict.fromkeys(range(MAX_EMBEDDED + 1), HASH))
    manifest = BackfillManifest.model_validate_json(body)
    assert (manifest.source, manifest.killmails) == ("r2z2", None)
    _, largest = missing_killmails_manifest(YESTERDAY, dict.fromkeys(range(10**9, 10**9 + MAX_EMBEDDED), HASH))
    assert len(largest) < 5_000_000
