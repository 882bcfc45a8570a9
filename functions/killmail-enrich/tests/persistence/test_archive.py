"""Reading killmails out of bundles, and batch objects. The client itself has its tests in `events/`."""

from dataclasses import replace
from datetime import date

import pytest

from battlescope_events.errors import PermanentError, TransientError
from battlescope_events.object_storage.objects import ObjectStorage
from battlescope_local.testing.buckets import Bucket
from battlescope_schemas.archive import ArchiveKey, make_bundle
from killmail_enrich.persistence.archive import Archive

BODIES = [b'{"a":1}', b'{"b":2}', b'{"c":3}']
BUNDLE = make_bundle(date(2026, 11, 1), BODIES)
OTHER = make_bundle(date(2026, 11, 2), [b'{"d":4}'])


async def test_each_killmail_of_a_bundle_is_read_individually(archive: Archive) -> None:
    await archive.put_once(BUNDLE.object_key, BUNDLE.body)
    assert [await archive.killmails([str(key)]) for key in BUNDLE.keys] == [[body] for body in BODIES]


async def test_killmails_of_several_bundles_are_read_in_the_order_of_their_keys(archive: Archive) -> None:
    for bundle in (BUNDLE, OTHER):
        await archive.put_once(bundle.object_key, bundle.body)
    keys = [BUNDLE.keys[2], OTHER.keys[0], BUNDLE.keys[0], BUNDLE.keys[2]]
    expected = [BODIES[2], b'{"d":4}', BODIES[0], BODIES[2]]
    assert await archive.killmails([str(key) for key in keys]) == expected


async def test_wrong_key_does_not_affect_other_killmails(archive: Archive) -> None:
    for bundle in (BUNDLE, OTHER):
        await archive.put_once(bundle.object_key, bundle.body)
    beyond_the_end, misplaced = ArchiveKey(BUNDLE.object_key, 10**6, 10), ArchiveKey(BUNDLE.object_key, 1, 10)
    wrong = [str(beyond_the_end), str(misplaced), "nonsense", f"{OTHER.object_key}#{10**6}+9", f"a//b#0+{10**30}"]
    *errors, killmail = await archive.killmails([*wrong, str(BUNDLE.keys[1])])
    assert all(isinstance(error, PermanentError) for error in errors)
    assert killmail == BODIES[1]


async def test_missing_bundle_is_transient_and_wrong_position_is_permanent(archive: Archive) -> None:
    await archive.put_once(BUNDLE.object_key, BUNDLE.body)
    missing = ArchiveKey("raw-killmails/none", 0, 10)
    with pytest.raises(TransientError, match="does not have bundle raw-killmails/none yet"):
        await archive.killmails([str(BUNDLE.keys[0]), str(missing)])
    (misplaced,) = await archive.killmails([str(ArchiveKey(BUNDLE.object_key, 1, 10))])
    (truncated,) = await archive.killmails([f"{BUNDLE.keys[2].object_key}#{BUNDLE.keys[2].offset}+{10**6}"])
    assert "not a complete gzip member" in str(misplaced)
    assert "ends before" in str(truncated)
    assert isinstance(misplaced, PermanentError)
    assert isinstance(truncated, PermanentError)


async def test_missing_batch_is_permanent_and_missing_bucket_is_transient(
    archive: Archive, archive_bucket: Bucket
) -> None:
    await archive.put_once(BUNDLE.object_key, BUNDLE.body)
    with pytest.raises(PermanentError, match="not the key of a batch object"):
        await archive.batch(BUNDLE.object_key)
    with pytest.raises(PermanentError, match="does not exist"):
        await archive.batch("chunks/none")
    without_bucket = Archive(ObjectStorage(replace(archive_bucket.bucket_access, bucket="no-such-bucket")))
    with pytest.raises(TransientError, match="bucket"):
        await without_bucket.batch("chunks/none")


async def test_existing_batch_is_not_overwritten(archive: Archive) -> None:
    await archive.put_once("chunks/a b.jsonl.gz", b"first")
    await archive.put_once("chunks/a b.jsonl.gz", b"second")
    assert await archive.batch("chunks/a b.jsonl.gz") == b"first"
