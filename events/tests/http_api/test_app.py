"""Composition: health, dependencies of routes, names of query parameters, request ids."""

import httpx2
import pytest
from small_api import Dependencies, make_app

from battlescope_events.http_api.query_names import canonical_query


async def test_liveness_checks_the_process_and_readiness_its_dependencies(api: httpx2.AsyncClient) -> None:
    assert (await api.get("/health/readiness")).json() == {"status": "healthy"}
    transport = httpx2.ASGITransport(make_app(Dependencies(is_ready=False)))
    async with httpx2.AsyncClient(transport=transport, base_url="http://api.example") as client:
        assert (await client.get("/health/liveness")).status_code == 200
        for path in ("/health", "/healthz", "/health/readiness"):
            answer = await client.get(path)
            assert (answer.status_code, answer.json()["reason"]) == (503, "The database does not answer.")


def test_route_gets_the_dependencies_that_the_app_opened_at_startup(served: int) -> None:
    assert httpx2.get(f"http://127.0.0.1:{served}/api/sample/note").json()["revision"] == 7


@pytest.mark.parametrize("query", ["leastValue=8", "least_value=8", "least_value[]=8", "minimum=8", "Minimum=8"])
async def test_every_spelling_of_a_parameter_is_accepted(api: httpx2.AsyncClient, query: str) -> None:
    assert (await api.get(f"/api/sample/numbers?{query}")).json()["items"] == [8, 9]


def test_query_keeps_values_and_their_order() -> None:
    assert canonical_query("systemId=1&b=&systemId=2&name=a%26%C3%A9") == "system_id=1&b=&system_id=2&name=a%26%C3%A9"


@pytest.mark.parametrize("request_id", ["r-1", "a" * 100, "4bf92f35-77b3:1.2_x"])
async def test_plain_request_id_is_kept(api: httpx2.AsyncClient, request_id: str) -> None:
    response = await api.get("/api/sample/note", headers={"x-request-id": request_id})
    assert response.headers["x-request-id"] == request_id


@pytest.mark.parametrize("request_id", ["", "a" * 101, "a b", "<script>", "a\x7f", "\xe9", '"}{'])
async def test_foreign_request_id_is_replaced(api: httpx2.AsyncClient, request_id: str) -> None:
    response = await api.get("/api/sample/failures/404", headers=[(b"x-request-id", request_id.encode("latin-1"))])
    assert len(response.headers["x-request-id"]) == 36
    assert response.json()["requestId"] == response.headers["x-request-id"]
