"""Authorization of write requests."""

import httpx2
import pytest
from battle_api_harness import TOKEN, assert_error
from pydantic import SecretStr

from battle_api.main import app

pytestmark = pytest.mark.postgres
FIRST = "00000000-0000-0000-0000-000000000001"
UNKNOWN_ID = "00000000-0000-0000-0000-0000000000aa"
RECLUSTER = "/api/admin/battles/recluster"
CONFIG = "/api/admin/config/clusterer"
RANGE = {"startTime": "2026-03-01T19:00:00Z", "endTime": "2026-03-01T20:30:00Z"}
RENAME = {"kind": "rename", "name": "Siege"}


@pytest.mark.parametrize(
    ("method", "path"), [("POST", RECLUSTER), ("POST", f"{RECLUSTER}/jobs/{UNKNOWN_ID}/cancel"), ("PUT", CONFIG)]
)
async def test_admin_writes_need_the_token(client: httpx2.AsyncClient, method: str, path: str) -> None:
    body = RANGE if path == RECLUSTER else {"minKills": 3} if path == CONFIG else {}
    assert (await client.request(method, path, json=body)).status_code == 401


@pytest.mark.parametrize("header", [None, "Bearer wrong", "Bearer ", "Basic YTpi", TOKEN])
@pytest.mark.parametrize("path", ["/edits", "/edits/00000000-0000-0000-0000-0000000000e1"])
async def test_edits_need_the_token(client: httpx2.AsyncClient, header: str | None, path: str) -> None:
    method = "POST" if path == "/edits" else "DELETE"
    headers = {"authorization": header} if header else {}
    response = await client.request(method, f"/api/battles/{FIRST}{path}", json=RENAME, headers=headers)
    assert_error(response, 401, "Authorization: Bearer")
    assert response.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("token", [None, SecretStr("")])
async def test_writes_are_disabled_without_a_configured_token(
    client: httpx2.AsyncClient, token: SecretStr | None
) -> None:
    app.state.token = token
    response = await client.post(f"/api/battles/{FIRST}/edits", json=RENAME, headers={"authorization": "Bearer "})
    assert_error(response, 403, "DEVELOPMENT_TOKEN")
