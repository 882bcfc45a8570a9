"""ETags, If-None-Match and If-Match."""

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_api import TOKEN

from battlescope_events.http_api.conditional import check_if_match, content_etag, matches_weakly, quoted
from battlescope_events.http_api.errors import ApiError

BEARER = {"authorization": f"Bearer {TOKEN}"}
TAG = '"a"'
TAGS = st.text(st.characters(min_codepoint=0x23, max_codepoint=0x7E)).map(lambda text: f'"{text}"')


@pytest.mark.parametrize("header", [TAG, f"W/{TAG}", "*", f'"b", {TAG}', f'"b",W/{TAG}', f' , "b,c" ,, {TAG} ,', " * "])
def test_if_none_match_compares_weakly(header: str) -> None:
    assert matches_weakly(header, TAG)


@pytest.mark.parametrize(
    "header", ["", "a", '"b"', '"a', 'a"', 'w/"a"', '"a" "a"', '*, "a"', '""', f"{TAG}x", f"x{TAG}"]
)
def test_other_or_malformed_if_none_match_does_not_match(header: str) -> None:
    assert not matches_weakly(header, TAG)


@given(st.lists(TAGS, max_size=5), st.lists(TAGS, max_size=5), TAGS)
def test_tag_is_found_anywhere_in_a_list(before: list[str], after: list[str], tag: str) -> None:
    assert matches_weakly(", ".join([*before, tag, *after]), tag)


@pytest.mark.parametrize("header", [None, "*", TAG, f'"b", {TAG}'])
def test_if_match_lets_the_current_tag_through(header: str | None) -> None:
    check_if_match(header, TAG, "changed")


@pytest.mark.parametrize(
    ("header", "status"), [('"b"', 412), (f"W/{TAG}", 412), ('""', 412), ("a", 400), ("", 400), ('"a', 400)]
)
def test_if_match_rejects_others(header: str, status: int) -> None:
    with pytest.raises(ApiError) as raised:
        check_if_match(header, TAG, "The note has changed.")
    assert raised.value.status_code == status
    assert status == 400 or raised.value.detail == "The note has changed."


async def test_unchanged_body_is_not_sent_again(api: httpx2.AsyncClient) -> None:
    first = await api.get("/api/sample/note")
    assert first.headers["cache-control"] == "private, max-age=60"
    assert first.headers["etag"] == content_etag(first.content)
    again = await api.get(
        "/api/sample/note", headers=[("if-none-match", '"x"'), ("if-none-match", first.headers["etag"])]
    )
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", first.headers["etag"])
    assert again.headers["cache-control"] == "private, max-age=60"


@pytest.mark.parametrize(
    ("if_match", "status"), [(None, 428), ('"7"', 200), ('"6"', 412), ("*", 400), ("7", 400), ('"6", "7"', 200)]
)
async def test_write_must_name_the_version(api: httpx2.AsyncClient, if_match: str | None, status: int) -> None:
    headers = BEARER | ({} if if_match is None else {"if-match": if_match})
    response = await api.put("/api/sample/note", json={"text": "x"}, headers=headers)
    assert response.status_code == status, response.text
    assert status != 200 or (response.headers["etag"], response.headers["cache-control"]) == ('"7"', "no-store")


def test_version_is_quoted() -> None:
    assert quoted(7) == '"7"'
