"""Archive bundles: one killmail per range byte for byte, a bundle as lines, and deterministic bytes."""

import gzip
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from battlescope_schemas.archive import (
    MAX_BATCH_BYTES,
    MAX_KILLMAIL_BYTES,
    ArchiveKey,
    BatchWriter,
    compress_batch,
    decompress_batch,
    make_bundle,
    read_member,
)

DAY = date(2026, 11, 20)


@given(st.lists(st.binary(max_size=300), max_size=8))
def test_each_killmail_is_read_byte_for_byte_from_its_range(killmails: list[bytes]) -> None:
    packed = make_bundle(DAY, killmails)
    for killmail, key in zip(killmails, packed.keys, strict=True):
        assert read_member(packed.body[key.offset : key.offset + key.length]) == killmail
        assert ArchiveKey.parse(str(key)) == key


@given(st.lists(st.binary(max_size=300), min_size=1, max_size=8))
def test_bundle_decompresses_to_one_killmail_per_line(killmails: list[bytes]) -> None:
    assert gzip.decompress(make_bundle(DAY, killmails).body) == b"".join(killmail + b"\n" for killmail in killmails)


@given(st.lists(st.binary(max_size=300), max_size=8))
def test_object_key_depends_on_the_content(killmails: list[bytes]) -> None:
    packed = make_bundle(DAY, killmails)
    assert packed == make_bundle(DAY, list(killmails))
    assert packed.object_key != make_bundle(DAY, [*killmails, b"x"]).object_key
    assert packed.object_key.startswith("raw-killmails/2026/11/20/")


def test_range_header_covers_exactly_the_member() -> None:
    assert ArchiveKey("a/b.gz", 10, 5).http_range == "bytes=10-14"


@pytest.mark.parametrize("text", ["", "a", "a#1", "a#1+", "#1+2", "a#-1+2", "a#1+2x"])
def test_invalid_archive_key_is_rejected(text: str) -> None:
    with pytest.raises(ValueError, match="no archive key"):
        ArchiveKey.parse(text)


def test_batch_is_gzip_of_its_lines_and_the_same_however_it_is_written() -> None:
    lines = [b"one", b"two", b"three"] * 100
    text = b"".join(line + b"\n" for line in lines)
    writer = BatchWriter()
    writer.add(lines[:7])
    writer.add(lines[7:])
    assert writer.count == 300
    assert gzip.decompress(writer.finish()) == gzip.decompress(compress_batch(text)) == text
    assert compress_batch(text) == compress_batch(text)


def test_batch_is_decompressed_up_to_its_limit() -> None:
    assert decompress_batch(compress_batch(b"a\nb\n"), max_bytes=4) == b"a\nb\n"
    with pytest.raises(ValueError, match="more than 3 bytes"):
        decompress_batch(compress_batch(b"a\nb\n"), max_bytes=3)


def test_batch_is_less_than_the_memory_of_a_pod() -> None:
    zeros = gzip.compress(bytes(MAX_BATCH_BYTES + 1), 1)
    with pytest.raises(ValueError, match=f"more than {64 * 2**20} bytes"):
        decompress_batch(zeros)


def test_killmail_is_read_up_to_its_limit() -> None:
    assert read_member(gzip.compress(b"abc"), max_bytes=3) == b"abc"
    with pytest.raises(OSError, match="more than 2 bytes"):
        read_member(gzip.compress(b"abc"), max_bytes=2)
    longest = bytes(MAX_KILLMAIL_BYTES)
    assert read_member(gzip.compress(longest, 1)) == longest
    with pytest.raises(OSError, match=f"more than {16 * 2**20} bytes"):
        read_member(gzip.compress(longest + b"0", 1))


@pytest.mark.parametrize("member", [b"", b"no gzip", gzip.compress(b"a")[:-1], gzip.compress(b"a")[:-9]])
def test_bytes_that_are_no_whole_member_are_rejected(member: bytes) -> None:
    with pytest.raises(OSError, match="gzip member"):
        read_member(member)


@pytest.mark.parametrize("content", [b"", b"no gzip", compress_batch(b"a\n")[:-1]])
def test_content_that_is_no_whole_batch_is_rejected(content: bytes) -> None:
    with pytest.raises(ValueError, match="The batch"):
        decompress_batch(content)
