"""The feed's host: files, sequence.json and the history by day."""

import json

from upstream_client import FIRST, upstream


async def test_feed_file_appears_when_due_and_never_changes() -> None:
    async with upstream(speed="2/s") as (client, clock):
        assert await client.status(f"/ephemeral/{FIRST}.json") == 404
        clock.now += 1.2
        _, body, headers = await client.get(f"/ephemeral/{FIRST + 1}.json")
        assert headers["Content-Type"].startswith("application/json")
        assert await client.status(f"/ephemeral/{FIRST + 2}.json") == 404
        clock.now += 100
        assert (await client.get(f"/ephemeral/{FIRST + 1}.json"))[1] == body
        assert (await client.get(f"/control/raw/{FIRST + 1}"))[1] == body
        published = await client.json(f"/control/published?from={FIRST + 1}")
        assert published[str(FIRST + 1)] == 1_800_000_001.25
        assert str(FIRST) not in published
        assert json.loads(body)["uploaded_at"] == 1_800_000_001
        assert (await client.json("/control/state"))["finished"]
        sequences = await client.json("/control/sequences")
        assert sequences[str(FIRST + 1)] == json.loads(body)["killmail_id"]


async def test_exact_head_setting_changes_sequence_json() -> None:
    async with upstream() as (client, _):
        assert await client.json("/ephemeral/sequence.json") == {"sequence": FIRST + 52}
        assert await client.change_faults(exact_head=True) == 200
        assert await client.json("/ephemeral/sequence.json") == {"sequence": FIRST + 59}
        assert (await client.json("/control/dials"))["exact_head"] is True
        assert await client.change_faults(exact_haed=True) == 400


async def test_history_lists_hashes_and_bodies_by_id() -> None:
    async with upstream() as (client, _):
        assert await client.json("/history/totals.json") == {"20260307": 60}
        hashes, bodies = [await client.json(f"/history/{kind}20260307.json") for kind in ("", "raw/")]
        assert hashes.keys() == bodies.keys()
        file = await client.json(f"/ephemeral/{FIRST}.json")
        killmail_id = str(file["killmail_id"])
        assert (file["hash"], file["esi"]) == (hashes[killmail_id], bodies[killmail_id])
        _, _, headers = await client.get("/history/20260307.json")
        assert (await client.get("/history/20260307.json", If_None_Match=headers["ETag"]))[0] == 304
        assert await client.status("/history/20260308.json") == 404


async def test_history_of_a_day_appears_six_hours_after_its_end() -> None:
    async with upstream() as (client, clock):
        clock.now = 1_772_948_000.0  # 2026-03-08 05:33
        assert await client.status("/history/20260307.json") == 404
        assert await client.json("/history/totals.json") == {}
        clock.now += 1800
        assert await client.status("/history/20260307.json") == 200


async def test_wrong_sequence_fault_affects_the_feed_but_not_the_control_api() -> None:
    async with upstream(wrong_sequence=1.0) as (client, _):
        assert (await client.json(f"/ephemeral/{FIRST + 9}.json"))["sequence_id"] == FIRST + 8
        assert (await client.json(f"/control/raw/{FIRST + 9}"))["sequence_id"] == FIRST + 9


async def test_silent_feed_goes_on_behind_its_last_file_and_its_live_list_names_what_it_hides() -> None:
    async with upstream(speed="2/s", live_history=True) as (client, clock):
        clock.now += 3
        head = await client.json("/ephemeral/sequence.json")
        last = max(map(int, await client.json("/control/sequences")))
        await client.change_faults(feed_silent=True)
        clock.now += 100
        assert await client.status(f"/ephemeral/{last}.json") == 200
        assert await client.status(f"/ephemeral/{last + 1}.json") == 404
        assert await client.json("/ephemeral/sequence.json") == head
        assert len(await client.json("/history/20260307.json")) == 60
        await client.change_faults(unlisted=0.5)
        assert 10 < len(await client.json("/history/20260307.json")) < 50
        await client.change_faults(feed_silent=False)
        assert await client.status(f"/ephemeral/{FIRST + 59}.json") == 200


async def test_feed_that_is_down_wrong_or_goes_back_does_not_affect_its_lists() -> None:
    async with upstream(live_history=True, feed_down=True) as (client, _):
        assert [await client.status(f"/ephemeral/{name}.json") for name in ("sequence", FIRST)] == [503, 503]
        await client.change_faults(feed_down=False, feed_html=True, head_back=20)
        assert (await client.get(f"/ephemeral/{FIRST}.json"))[1].startswith(b"<!DOCTYPE html>")
        assert await client.json("/ephemeral/sequence.json") == {"sequence": FIRST + 32}
        assert len(await client.json("/history/20260307.json")) == 60
