"""A battle as a file."""

import csv
import io

import httpx2
import pytest
from battle_api_harness import ApiHarness

pytestmark = pytest.mark.postgres
FIRST = "/api/battles/00000000-0000-0000-0000-000000000001"


async def test_json_is_the_detail(client: httpx2.AsyncClient) -> None:
    response = await client.get(f"{FIRST}/export")
    assert response.json() == (await client.get(FIRST)).json()
    name = 'attachment; filename="battle-00000000-0000-0000-0000-000000000001.json"'
    assert response.headers["content-disposition"] == name


async def test_csv_has_a_row_for_each_killmail(client: httpx2.AsyncClient) -> None:
    response = await client.get(f"{FIRST}/export?format=csv")
    assert response.headers["content-type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(response.text)))
    assert [row["killmail_id"] for row in rows] == ["1", "2", "3"]
    assert (rows[0]["system"], rows[0]["isk"], rows[0]["final_blow"]) == ("Jita", "1.25", "Ann")
    again = await client.get(f"{FIRST}/export?format=csv", headers={"if-none-match": response.headers["etag"]})
    assert again.status_code == 304


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)"])
async def test_name_is_no_formula_in_a_spreadsheet(harness: ApiHarness, name: str) -> None:
    harness.sql("UPDATE entity_names SET name = %s WHERE entity_type = 'character'", name)
    response = await harness.api.get(f"{FIRST}/export?format=csv")
    assert {row["final_blow"] for row in csv.DictReader(io.StringIO(response.text))} == {f"'{name}"}
