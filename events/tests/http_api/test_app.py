"""Composition: health, dependencies of routes, names of query parameters, request ids."""

import sys
from collections.abc import AsyncGenerator

import httpx2
import pytest
import pytest_asyncio
from small_api import READ, Dependencies, make_app, router

from battlescope_events.http_api.query_names import canonical_query
from battlescope_events.http_api.routing import ApiRouter, LateRouter


async def test_liveness_checks_the_process_and_readiness_its_dependencies(api: httpx2.AsyncClient) -> None:
    assert (await api.get("/health/readiness")).json() == {"status": "healthy"}
    transport = httpx2.ASGITransport(make_app(Dependencies(is_ready=False)))
    async with httpx2.AsyncClient(transport=transport, base_url="http://api") as client:
        assert (await client.get("/health/liveness")).status_code == 200
        for path in ("/health", "/healthz", "/health/readiness"):
            answer = await client.get(path)
            assert (answer.status_code, answer.json()["reason"]) == (503, "The database does not answer.")


def test_route_gets_the_dependencies_that_the_app_opened_at_startup(served: int) -> None:
    assert httpx2.get(f"http://127.0.0.1:{served}/api/sample/note").json()["revision"] == 7


def prepared_paths(of: ApiRouter) -> list[str]:
    """Of the routes that can handle requests."""
    return [route.path for route in of.routes if hasattr(route, "app")]


async def test_request_prepares_its_own_route_and_the_description_all() -> None:
    async def answer() -> dict[str, str]:
        return {}

    two = ApiRouter(dependencies=[READ])
    for path in ("/api/first", "/api/second"):
        two.add_api_route(path, answer)
    app = make_app(Dependencies(), [two])
    assert prepared_paths(two) == []
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://api") as client:
        for _ in range(2):
            assert (await client.get("/api/first")).json() == {}
        assert prepared_paths(two) == ["/api/first"]
        app.openapi()
        assert prepared_paths(two) == ["/api/first", "/api/second"]
        assert (await client.get("/api/second")).json() == {}


@pytest_asyncio.fixture
async def late(monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[httpx2.AsyncClient]:
    monkeypatch.delitem(sys.modules, "rare_routes", raising=False)
    app = make_app(routers=[LateRouter("rare_routes", "/api/rare"), router])
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://api") as client:
        yield client


async def test_first_request_for_its_paths_imports_a_late_router(late: httpx2.AsyncClient) -> None:
    for path in ("/health/readiness", "/api/sample/note", "/api/nowhere"):
        await late.get(path)
    assert "rare_routes" not in sys.modules
    for _ in range(2):
        assert (await late.get("/api/rare/note")).json() == {"note": "rare"}


async def test_late_route_answers_as_any_other(late: httpx2.AsyncClient) -> None:
    answer = await late.delete("/api/rare/note")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD, PUT")
    assert (await late.put("/api/rare/note", json={})).status_code == 401
    assert (await late.head("/api/rare/note")).status_code == 200
    assert (await late.get("/api/rare/note?x=1")).status_code == 400
    assert (await late.get("/api/rare/note/")).headers["location"] == "/api/rare/note"
    assert (await late.get("/api/rare/nothing")).status_code == 404
    assert {"/api/rare/note", "/api/sample/note"} <= (await late.get("/openapi.json")).json()["paths"].keys()


def test_late_router_states_the_beginnings_of_its_paths() -> None:
    wrong = LateRouter("rare_routes", "/api/other", "/api/rare/notes")
    with pytest.raises(ValueError, match=r"The path /api/rare/note of rare_routes begins with none of"):
        _ = wrong.routes


@pytest.mark.parametrize("query", ["leastValue=8", "least_value=8", "least_value[]=8", "minimum=8", "Minimum=8"])
async def test_every_spelling_of_a_parameter_is_accepted(api: httpx2.AsyncClient, query: str) -> None:
    assert (await api.get(f"/api/sample/numbers?{query}")).json()["items"] == [8, 9]


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("leastvalu=8", "leastvalu: is not a known parameter; the nearest known one is leastValue."),
        ("least_valu=8", "least_valu: is not a known parameter; the nearest known one is leastValue."),
        ("year=2025", "year: is not a known parameter; this path accepts cursor, exact, leastValue, limit,"),
        ("a%E2%80%AEb=1", "a\\u202eb: is not a known parameter; this path accepts "),
        (f"{'x' * 500}=1", f"{'x' * 50}: is not a known parameter"),
        ("name=%00", "name: must not contain the character NUL."),
        ("since=2026", "since: must be a time in ISO 8601, such as 2026-03-01T20:00:00Z."),
        ("exact=1", "exact: must be true or false."),
        ("limit=1_0", "limit: must be a whole number."),
        (f"limit={'9' * 20}", "limit: must be at most 10."),
        (f"limit=-{'9' * 20}", "limit: must be at least 1."),
        (f"limit={'9' * 5_000}", "limit: has too many digits."),
        (f"systemId={'9' * 23}", "systemId: must be at most 999999999999999999."),
        ("system_id=1&system_id=0", "system_id.1: must be at least 1."),
        ("system_id=1&systemId=0", "systemId.1: must be at least 1."),
        ("systemId=0", "systemId: must be at least 1."),
        ("systemId[]=x", "systemId[]: must be a whole number."),
        ("leastValue=x", "leastValue: must be a whole number."),
        ("leastValue=1&least_value=2", "least_value: is given more than once; it takes one value."),
        ("leastValu=8", "leastValu: is not a known parameter; the nearest known one is leastValue."),
        ("SystemId=%00", "SystemId: must not contain the character NUL."),
    ],
)
async def test_other_parameter_or_form_is_400(api: httpx2.AsyncClient, query: str, message: str) -> None:
    response = await api.get(f"/api/sample/numbers?{query}")
    assert response.status_code == 400
    assert response.json()["message"].startswith(message)


async def test_path_without_parameters_says_so(api: httpx2.AsyncClient) -> None:
    response = await api.get("/api/sample/note?a=1")
    assert response.json()["message"] == "a: is not a known parameter; this path accepts none."


@pytest.mark.parametrize(
    ("path", "location"),
    [
        ("/api/sample/note/", "/api/sample/note"),
        ("/api/sample/note//?a=%2F", "/api/sample/note?a=%2F"),
        ("/api/sample/cursors/%C3%A9%0D/?cursor=x", "/api/sample/cursors/%C3%A9%0D?cursor=x"),
    ],
)
async def test_slash_too_many_redirects_relatively(api: httpx2.AsyncClient, path: str, location: str) -> None:
    response = await api.get(path, headers={"host": "evil.example"})
    assert (response.status_code, response.headers["location"]) == (307, location)


@pytest.mark.parametrize("path", ["/nothing/", "//evil.example/", "/"])
async def test_slash_of_an_unknown_path_is_404(api: httpx2.AsyncClient, path: str) -> None:
    assert (await api.get(path)).status_code == 404


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
