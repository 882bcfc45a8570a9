"""Parameters, bodies, and what answers have beside hits."""

from typing import Any

import httpx2
import pytest

pytestmark = pytest.mark.postgres


@pytest.mark.parametrize("path", ["entities", "systems", "ships", "global"])
@pytest.mark.parametrize("q", ["a", " b ", "", "x" * 101, "a\tb"])
async def test_query_that_is_too_short_too_long_or_no_line_is_400(
    client: httpx2.AsyncClient, path: str, q: str
) -> None:
    response = await client.get(f"/api/search/{path}", params={"q": q})
    assert response.status_code == 400
    assert response.json()["message"].startswith("q: ")


@pytest.mark.parametrize("q", ["%", "_\\", "'; DROP TABLE entities; --", "& | ! ( ) :*", "zzz:* | pandemic", "\\\\'"])
async def test_no_character_has_a_meaning_of_its_own(client: httpx2.AsyncClient, q: str) -> None:
    for path in ("entities", "global"):
        response = await client.get(f"/api/search/{path}", params={"q": f"{q}~"})
        assert response.status_code == 200, response.text
        assert not any(hits for kind, hits in response.json().items() if kind in {"alliances", "battles"})
    assert (await client.post("/api/search/battles", json={"query": f"{q}~"})).status_code == 200


@pytest.mark.parametrize(
    ("path", "body", "message"),
    [
        ("battles", {"filters": {"filter_by": "a:=b"}}, "filters.filter_by"),
        ("battles", {"filters": {"totalKills": {"min": 3, "max": 2}}}, "min must not be greater than max"),
        ("battles", {"filters": {"startTime": {"after": "2026-03-02T00:00:00Z", "before": "2026-03-01T00:00:00Z"}}},
         "after must not be later than before"),
        ("battles", {"filters": {"totalIskDestroyed": {"min": "a lot"}}}, "totalIskDestroyed"),
        *(
            ("battles", {"filters": {"totalIskDestroyed": {"min": amount}}}, "totalIskDestroyed.min: must be an amount")
            for amount in ("1e9", "+1", "1_0", " 1", "1.234", "0x1", 1.5, True, -1)
        ),
        ("battles", {"filters": {"totalIskDestroyed": {"min": 10**15 + 1}}},
         "totalIskDestroyed.min: must be at most 1000000000000000 as a number"),
        ("battles", {"filters": {"allianceIds": ["1 || 2"]}}, "allianceIds"),
        ("battles", {"filters": {"tier": ["huge"]}}, "tier"),
        ("battles", {"sort": {"by": "systemName"}}, "sort.by"),
        ("battles", {"page": {"limit": 101}}, "page.limit"),
        ("killmails", {"filters": {"iskValue": {"min": "2", "max": "1"}}}, "min must not be greater than max"),
        ("killmails", {"query": "a"}, "query"),
    ],
)  # fmt: skip
async def test_only_typed_filters_are_accepted(client: httpx2.AsyncClient, path: str, body: Any, message: str) -> None:
    response = await client.post(f"/api/search/{path}", json=body)
    assert response.status_code == 400, response.text
    assert message in response.json()["message"]


@pytest.mark.parametrize("amount", ["0", "1500000000", "0.25", 0, 1_500_000_000, 10**15])
async def test_isk_is_text_or_a_whole_number(client: httpx2.AsyncClient, amount: Any) -> None:
    body = {"filters": {"totalIskDestroyed": {"min": amount}}}
    assert (await client.post("/api/search/battles", json=body)).status_code == 200


async def test_answer_is_not_sent_again_although_its_time_differs(client: httpx2.AsyncClient) -> None:
    first = await client.get("/api/search/global", params={"q": "pandemic"})
    assert first.headers["cache-control"] == "private, max-age=30"
    again = await client.get(
        "/api/search/global", params={"q": "pandemic"}, headers={"if-none-match": first.headers["etag"]}
    )
    assert again.status_code == 304


async def test_text_that_nothing_can_match_finds_nothing(client: httpx2.AsyncClient) -> None:
    body = (await client.get("/api/search/entities", params={"q": "\u200b\u200b"})).json()
    assert (body["alliances"], body["corporations"], body["characters"]) == ([], [], [])
