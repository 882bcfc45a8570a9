"""A day compared with the list of the source: what is missing, what is known, and when the source says no."""

import json
from datetime import date, timedelta
from typing import Any

import httpx2
import pytest
from verified_days import HASH, NOW, Bucket, Rows, Source

from battlescope_schemas.backfill import BackfillManifest, job_id
from ingest_verify.clients.day_listing import DayListingClient
from ingest_verify.clients.object_storage import ObjectStorage
from ingest_verify.domain import day_listing
from ingest_verify.handlers.verification import Verifier
from ingest_verify.persistence.transaction import Store

pytestmark = pytest.mark.postgres
YESTERDAY = date(2026, 11, 25)
KEY = "manifests/verify-2026-11-25.json"


async def test_what_is_missing_becomes_a_job(verifier: Verifier, rows: Rows, bucket: Bucket, source: Source) -> None:
    rows.ids(1, 2)
    rows.ids(3, day="2026-11-24")  # known, though it was thought to belong to another day
    source.lists("20261125", [1, 2, 3, 4, 5])
    await verifier.verify_open_days()
    body, etag = bucket.read(KEY)
    job = job_id(KEY, etag)
    assert rows.verification() == ("completed", 5, 3, 2, 2, job, None)
    manifest = BackfillManifest.model_validate_json(body)
    assert (manifest.source, manifest.priority, manifest.reason) == ("embedded", "high", "daily_verification")
    assert manifest.killmails == {YESTERDAY: {4: HASH, 5: HASH}}


async def test_a_day_that_is_whole_orders_nothing(
    verifier: Verifier, rows: Rows, bucket: Bucket, source: Source
) -> None:
    rows.ids(1)
    source.lists("20261125", [1], total=1)
    await verifier.verify_open_days()
    await verifier.verify_open_days()
    assert (rows.verification(), bucket.keys()) == (("completed", 1, 1, 0, 0, None, None), [])
    assert source.asked == ["/history/20261125.json", "/history/totals.json"], "what is done is not asked again"


async def test_the_same_missing_mails_are_the_same_job(verifier: Verifier, rows: Rows, source: Source) -> None:
    source.lists("20261125", [5, 4])
    await verifier.verify_open_days()
    first = rows.verification()
    source.lists("20261125", [4, 5])
    await verifier.verify_day(YESTERDAY)
    assert rows.verification() == first
    rows.ids(4)
    await verifier.verify_day(YESTERDAY)
    assert (rows.verification()[3], rows.verification()[5] != first[5]) == (1, True)


async def test_a_list_that_is_not_there_yet_is_waited_for(
    store: Store, history: DayListingClient, storage: ObjectStorage, rows: Rows, source: Source
) -> None:
    time = NOW.replace(hour=3)
    verifier = Verifier(store, history, storage, lambda: time, enabled=True)
    await verifier.verify_open_days()
    assert rows.verification()[::6] == ("running", "The source has no list of that day yet.")
    source.lists("20261125", [1], total=2)
    time = NOW.replace(hour=6)
    await verifier.verify_open_days()
    assert rows.verification()[::6] == ("running", "The list has 1 of 2 mails yet.")
    source.lists("20261125", [1, 2], total=2)
    await verifier.verify_open_days()
    assert rows.verification()[:4] == ("completed", 2, 0, 2)


async def test_what_never_comes_is_given_up(
    store: Store, history: DayListingClient, storage: ObjectStorage, rows: Rows, source: Source
) -> None:
    time = NOW
    verifier = Verifier(store, history, storage, lambda: time, enabled=True)
    source.lists("20261124", [], total=7)
    await verifier.verify_day(date(2026, 11, 24))
    await verifier.verify_open_days()
    time = NOW + timedelta(days=2, minutes=1)
    await verifier.verify_open_days()
    assert rows.verification()[0] == "failed"
    assert rows.verification("2026-11-24")[:2] == ("completed", 0), "a piece is better than nothing in the end"


@pytest.mark.parametrize(
    "answer",
    [httpx2.Response(429), httpx2.Response(403), httpx2.Response(500), httpx2.Response(200, content=b"<html>"),
     httpx2.Response(200, json={"1": "x"}), httpx2.Response(200, json=[1]), httpx2.Response(200, json=3)],
)  # fmt: skip
async def test_a_source_that_says_no_is_left_alone_until_the_next_tick(
    verifier: Verifier, rows: Rows, source: Source, answer: httpx2.Response
) -> None:
    await verifier.verify_day(date(2026, 11, 20))
    source.asked.clear()
    source.answers["/history/20261125.json"] = answer
    await verifier.verify_open_days()
    assert source.asked == ["/history/20261125.json"], "the older day is not asked for any more"
    assert rows.verification()[0] == "running"
    assert rows.verification()[6] is not None


async def test_switched_off_only_what_was_asked_for_is_done(
    store: Store, history: DayListingClient, storage: ObjectStorage, rows: Rows, source: Source
) -> None:
    verifier = Verifier(store, history, storage, lambda: NOW, enabled=False)
    await verifier.verify_open_days()
    assert source.asked == []
    source.lists("20261120", [])
    await verifier.verify_day(date(2026, 11, 20))
    assert rows.verification("2026-11-20")[:2] == ("completed", 0)


async def test_a_transport_that_fails_is_no_fault_of_ours(store: Store, storage: ObjectStorage, rows: Rows) -> None:
    def broken(_: httpx2.Request) -> httpx2.Response:
        raise httpx2.ConnectError("no route")

    async with httpx2.AsyncClient(transport=httpx2.MockTransport(broken)) as client:
        history = DayListingClient(client, "http://source.invalid", store, lambda: NOW, rate=1e6)
        await Verifier(store, history, storage, lambda: NOW, enabled=True).verify_open_days()
    assert "does not answer" in rows.verification()[6]


@pytest.mark.parametrize(
    "document",
    [{"7": HASH}, [{"killmail_id": 7, "hash": HASH}], [{"killmail_id": 7, "killmail_hash": HASH}]],
)
def test_both_shapes_of_a_list_are_read(document: Any) -> None:
    assert day_listing.parse_listing(json.dumps(document).encode()) == {7: HASH}


def test_totals_that_nobody_can_read_say_nothing() -> None:
    assert day_listing.day_total(b'{"20261125": 7}', YESTERDAY) == 7
    assert [day_listing.day_total(body, YESTERDAY) for body in (b"<html>", b"[]", b'{"20261125": "7"}', b"{}")] == [
        None
    ] * 4


def test_a_day_of_which_all_is_missing_names_its_list_instead() -> None:
    _, body = day_listing.missing_killmails_manifest(YESTERDAY, dict.fromkeys(range(day_listing.MAX_EMBEDDED + 1), HASH))
    manifest = BackfillManifest.model_validate_json(body)
    assert (manifest.source, manifest.killmails) == ("r2z2", None)
    _, largest = day_listing.missing_killmails_manifest(YESTERDAY, dict.fromkeys(range(10**9, 10**9 + day_listing.MAX_EMBEDDED), HASH))
    assert len(largest) < 5_000_000
