"""Cursors and pages."""

import base64
import json
from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_api import BY_ISK, BY_TIME

from battlescope_events.http_api.errors import ApiError

ID = UUID("00000000-0000-0000-0000-000000000001")
NOW = datetime(2026, 3, 1, 19, 0, 0, 1, tzinfo=UTC)


def forged(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


async def test_pages_follow_each_other_without_gap_or_repetition(api: httpx2.AsyncClient) -> None:
    seen, cursor = [], ""
    while cursor is not None:
        page = (await api.get(f"/api/sample/numbers{cursor}")).json()
        seen += page["items"]
        cursor = page["nextCursor"] and f"?cursor={page['nextCursor']}"
    assert seen == list(range(10))


@given(st.datetimes(timezones=st.just(UTC)), st.uuids())
def test_position_is_decoded_back(time: datetime, row_id: UUID) -> None:
    assert BY_TIME.decode(BY_TIME.encode(time, row_id)) == (time, row_id)


@given(st.decimals(0, 10**17, places=2), st.integers(0, 2**63 - 1))
def test_isk_and_ids_keep_their_digits(isk: Decimal, row_id: int) -> None:
    assert BY_ISK.decode(BY_ISK.encode(isk, row_id)) == (isk, row_id)


def test_first_page_has_no_position() -> None:
    assert BY_TIME.decode(None) is None


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "nonsense",
        "\xe9",
        forged([]),
        forged(7),
        forged(["time:desc"]),
        forged(["time:desc", "yesterday", str(ID)]),
        forged(["time:desc", NOW.isoformat(), "nobody"]),
        forged(["time:desc", NOW.isoformat(), str(ID), 1]),
        forged(["time:asc", NOW.isoformat(), str(ID)]),
        forged(json.loads("[" * 150 + "]" * 150)),
    ],
)
def test_wrong_cursor_is_400(cursor: str) -> None:
    with pytest.raises(ApiError) as raised:
        BY_TIME.decode(cursor)
    assert raised.value.status_code == 400


NO_NUMBERS = [float("nan"), float("inf"), "NaN", "Infinity", "-1", True, None]


@pytest.mark.parametrize("isk", NO_NUMBERS)
def test_position_keeps_the_limits_of_its_types(isk: object) -> None:
    with pytest.raises(ApiError):
        BY_ISK.decode(forged(["isk", isk, 1]))


@pytest.mark.parametrize("row_id", [*NO_NUMBERS, "1", 1.0])
def test_id_of_a_position_is_a_json_integer(row_id: object) -> None:
    with pytest.raises(ApiError):
        BY_ISK.decode(forged(["isk", "1", row_id]))


@pytest.mark.parametrize("time", [*NO_NUMBERS, "infinity", "2026", 0])
def test_time_of_a_position_is_a_time(time: object) -> None:
    with pytest.raises(ApiError):
        BY_TIME.decode(forged(["time:desc", time, str(ID)]))


async def test_cursor_has_a_limit(api: httpx2.AsyncClient) -> None:
    assert (await api.get(f"/api/sample/numbers?cursor={'a' * 501}")).status_code == 400
