"""Texts of single mails are cut out of larger ones, byte for byte."""

import gzip
import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest_backfill.domain.record_splitter import MalformedRecords, LineSplitter, split_json_object, split_tar

VALUES = st.dictionaries(st.text(max_size=5), st.text(max_size=9) | st.floats(allow_nan=False) | st.integers())


def pieces(text: Any, size: int) -> list[Any]:
    return [text[n : n + size] for n in range(0, len(text), size)]


@given(st.dictionaries(st.text(max_size=6), VALUES, max_size=4), st.integers(1, 20), st.sampled_from([None, 1]))
def test_members_of_an_object_come_whole_however_it_is_cut(
    document: dict[str, Any], size: int, indent: int | None
) -> None:
    text = json.dumps(document, indent=indent, ensure_ascii=False)
    assert {key: json.loads(member) for key, member in split_json_object(pieces(text, size))} == document


def test_digits_stay_as_they_were() -> None:
    assert list(split_json_object(['{"1":{"x":1.00', '0e5},"2":{}}'])) == [("1", '{"x":1.000e5}'), ("2", "{}")]


@pytest.mark.parametrize("text", ["[]", '{"1":{}', '{"1":{"a":', "", '{"1":{}}}', '{"1":3}'])
def test_half_an_object_is_broken(text: str) -> None:
    with pytest.raises(MalformedRecords):
        list(split_json_object([text]))


@given(st.lists(st.binary(min_size=1, max_size=9).filter(lambda b: b.strip() and b"\n" not in b), max_size=6),
       st.integers(1, 30), st.booleans(), st.booleans())  # fmt: skip
def test_lines_come_whole_however_they_are_cut(
    wanted: list[bytes], size: int, packed: bool, ended: bool  # noqa: FBT001  # hypothesis gives by place
) -> None:  # fmt: skip
    text = b"\n".join(wanted) + (b"\n" if ended else b"")
    whole = gzip.compress(text[: len(text) // 2]) + gzip.compress(text[len(text) // 2 :]) if packed else text
    if not packed and whole.startswith(b"\x1f\x8b"):
        return
    lines = LineSplitter()
    cut = pieces(whole, max(size, 2))
    found = [line for piece in cut for part in lines.feed(piece) for line in part]
    assert found + lines.finish() == wanted


def test_half_a_gzip_is_broken() -> None:
    lines = LineSplitter()
    list(lines.feed(gzip.compress(b"x" * 999)[:-12]))
    with pytest.raises(MalformedRecords):
        lines.finish()
    with pytest.raises(MalformedRecords):
        list(LineSplitter().feed(b"\x1f\x8bnothing"))


def test_half_an_archive_is_broken() -> None:
    with pytest.raises(MalformedRecords):
        list(split_tar(io.BytesIO(b"BZh9 and then nothing")))
