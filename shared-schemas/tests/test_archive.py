"""The archive's promise: one mail back byte for byte from one range, a pack readable as lines, the same bytes again."""

import gzip
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from battlescope_schemas.archive import ArchiveKey, pack, unpack

DAY = date(2026, 11, 20)


@given(st.lists(st.binary(max_size=300), max_size=8))
def test_each_mail_comes_back_byte_for_byte_from_its_range(mails: list[bytes]) -> None:
    packed = pack(DAY, mails)
    for mail, key in zip(mails, packed.keys, strict=True):
        assert unpack(packed.body[key.offset : key.offset + key.length]) == mail
        assert ArchiveKey.parse(str(key)) == key


@given(st.lists(st.binary(max_size=300), min_size=1, max_size=8))
def test_a_whole_pack_prints_one_mail_a_line(mails: list[bytes]) -> None:
    assert gzip.decompress(pack(DAY, mails).body) == b"".join(mail + b"\n" for mail in mails)


@given(st.lists(st.binary(max_size=300), max_size=8))
def test_the_same_batch_is_the_same_object_and_another_is_not(mails: list[bytes]) -> None:
    packed = pack(DAY, mails)
    assert packed == pack(DAY, list(mails))
    assert packed.object_key != pack(DAY, [*mails, b"x"]).object_key
    assert packed.object_key.startswith("raw-killmails/2026/11/20/")


def test_the_range_header_names_exactly_the_member() -> None:
    assert ArchiveKey("a/b.gz", 10, 5).http_range == "bytes=10-14"


@pytest.mark.parametrize("text", ["", "a", "a#1", "a#1+", "#1+2", "a#-1+2", "a#1+2x"])
def test_what_is_no_key_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no archive key"):
        ArchiveKey.parse(text)
