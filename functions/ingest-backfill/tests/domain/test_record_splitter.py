"""Files of many killmails are split into the raw text of each."""

import gzip
import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest_backfill.domain.record_splitter import LineSplitter, MalformedRecords, split_json_object, split_tar

VALUES = st.dictionaries(st.text(max_size=5), st.text(max_size=9) | st.floats(allow_nan=False) | st.integers())


def pieces(text: Any, size: int) -> list[Any]:
    return [text[n : n + size] for n in range(0, len(text), size)]


@given(st.dictionaries(st.text(max_size=6), VALUES, max_size=4), st.integers(1, 20), st.sampled_from([None, 1]))
def test_members_of_an_object_are_complete_for_any_division_into_pieces(
    document: dict[str, Any], size: int, indent: int | None
) -> None:
    text = json.dumps(document, indent=indent, ensure_ascii=False)
    assert {key: json.loads(member) for key, member in split_json_object(pieces(text, size))} == document


def test_digits_are_not_changed() -> None:
    assert list(split_json_object(['{"1":{"x":1.00', '0e5},"2":{}}'])) == [("1", '{"x":1.000e5}'), ("2", "{}")]


@pytest.mark.parametrize("text", ["[]", '{"1":{}', '{"1":{"a":', "", '{"1":{}}}', '{"1":3}'])
def test_truncated_or_invalid_object_is_malformed(text: str) -> None:
    with pytest.raises(MalformedRecords):
        list(split_json_object([text]))


@given(st.lists(st.binary(min_size=1, max_size=9).filter(lambda b: b.strip() and b"\n" not in b), max_size=6),
       st.integers(1, 30), st.booleans(), st.booleans())  # fmt: skip
def test_lines_are_complete_for_any_division_into_pieces(
    expected: list[bytes], size: int, is_gzip: bool, is_terminated: bool
) -> None:  # fmt: skip
    text = b"\n".join(expected) + (b"\n" if is_terminated else b"")
    content = gzip.compress(text[: len(text) // 2]) + gzip.compress(text[len(text) // 2 :]) if is_gzip else text
    if not is_gzip and content.startswith(b"\x1f\x8b"):
        return
    splitter = LineSplitter()
    content_pieces = pieces(content, max(size, 2))
    lines = [line for piece in content_pieces for part in splitter.feed(piece) for line in part]
    assert lines + splitter.finish() == expected


def test_truncated_or_invalid_gzip_is_malformed() -> None:
    splitter = LineSplitter()
    list(splitter.feed(gzip.compress(b"x" * 999)[:-12]))
    with pytest.raises(MalformedRecords):
        splitter.finish()
    with pytest.raises(MalformedRecords):
        list(LineSplitter().feed(b"\x1f\x8bnothing"))


def test_truncated_archive_is_malformed() -> None:
    with pytest.raises(MalformedRecords):
        list(split_tar(io.BytesIO(b"BZh9 and then nothing")))
