"""Every error has the same body, whichever code raises it, and none contains internal details."""

from typing import Any

import httpx2
import pytest

KEYS = {"error", "message", "requestId"}
BEARER = {"authorization": "Bearer a-token-for-tests"}


def assert_error(response: httpx2.Response, status: int, error: str, message: str) -> None:
    assert (response.status_code, response.headers["content-type"]) == (status, "application/json")
    assert response.json() == {"error": error, "message": message, "requestId": response.headers["x-request-id"]}
    assert response.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, "BadRequest"),
        (401, "Unauthorized"),
        (403, "Forbidden"),
        (404, "NotFound"),
        (409, "Conflict"),
        (410, "Gone"),
        (412, "PreconditionFailed"),
        (428, "PreconditionRequired"),
        (500, "InternalServerError"),
        (503, "ServiceUnavailable"),
    ],
)
async def test_api_error_has_its_status_and_message(api: httpx2.AsyncClient, status: int, error: str) -> None:
    assert_error(await api.get(f"/api/sample/failures/{status}"), status, error, "A reason.")


async def test_too_many_requests_say_when_to_come_back(api: httpx2.AsyncClient) -> None:
    response = await api.get("/api/sample/failures/limited")
    assert (response.status_code, response.headers["retry-after"]) == (429, "30")
    assert response.json().keys() == {*KEYS, "retryAfter"}
    assert (response.json()["error"], response.json()["retryAfter"]) == ("TooManyRequests", 30)


async def test_cause_can_have_a_name_of_its_own(api: httpx2.AsyncClient) -> None:
    response = await api.get("/api/sample/failures/sessions")
    assert_error(response, 503, "sessions-unavailable", "Sessions cannot be checked now.")


@pytest.mark.parametrize(
    ("name", "status", "error"),
    [
        ("store", 503, "ServiceUnavailable"),
        ("data", 500, "InternalServerError"),
        ("bug", 500, "InternalServerError"),
    ],
)
async def test_error_of_the_service_names_no_internals(
    api: httpx2.AsyncClient, name: str, status: int, error: str
) -> None:
    response = await api.get(f"/api/sample/failures/{name}", headers={"x-request-id": "r-1"})
    assert (response.status_code, response.json()["error"], response.json()["requestId"]) == (status, error, "r-1")
    assert response.headers["x-request-id"] == "r-1"
    assert "secret" not in response.text
    assert "hunter2" not in response.text


async def test_overload_says_when_to_come_back(api: httpx2.AsyncClient) -> None:
    response = await api.get("/api/sample/failures/overload")
    assert_error(
        response, 503, "ServiceUnavailable", "Too many requests wait for an answer; try again in a few seconds."
    )
    assert response.headers["retry-after"] == "5"
    assert "retry-after" not in (await api.get("/api/sample/failures/store")).headers


async def test_outcome_of_the_domain_has_its_own_answer(api: httpx2.AsyncClient) -> None:
    assert (await api.get("/api/sample/failures/moved")).status_code == 308


@pytest.mark.parametrize("path", ["/api/sample/nothing", "/", "/api/sample/note/%00", "/api/../etc/passwd"])
async def test_unknown_path_is_404(api: httpx2.AsyncClient, path: str) -> None:
    assert_error(await api.get(path), 404, "NotFound", "There is nothing at this path.")


async def test_wrong_method_is_405_and_lists_the_right_ones(api: httpx2.AsyncClient) -> None:
    response = await api.request("DELETE", "/api/sample/numbers")
    message = "This path does not accept this method; the header Allow lists those that it accepts."
    assert_error(response, 405, "MethodNotAllowed", message)
    assert response.headers["allow"] == "GET, HEAD"
    assert (await api.request("PATCH", "/api/sample/note")).headers["allow"] == "GET, HEAD, POST, PUT"
    assert (await api.request("BREW", "/api/sample/note")).status_code == 405


async def test_head_answers_as_get_without_the_body(api: httpx2.AsyncClient) -> None:
    shown, head = await api.get("/api/sample/note"), await api.head("/api/sample/note")
    assert (head.status_code, head.content, head.headers["etag"]) == (200, b"", shown.headers["etag"])
    assert head.headers["content-length"] == str(len(shown.content))
    missing = await api.head("/api/sample/nothing")
    assert (missing.status_code, missing.content) == (404, b"")


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "text: is required."),
        ({"text": "x" * 21}, "text: must have at most 20 characters."),
        ({"text": "x", "lines": [1, -1]}, "lines.1: must be at least 0."),
        ([], "The body must be an object."),
    ],
)
async def test_invalid_body_names_the_field(api: httpx2.AsyncClient, body: Any, message: str) -> None:
    assert_error(await api.post("/api/sample/note", json=body, headers=BEARER), 400, "BadRequest", message)


async def test_invalid_query_names_the_parameter(api: httpx2.AsyncClient) -> None:
    message = "limit: must be at most 10."
    assert_error(await api.get("/api/sample/numbers?limit=11"), 400, "BadRequest", message)


@pytest.mark.parametrize(
    "body", [b"{", b"\xff", b"[" * 1000, b'{"text": NaN}', b'{"\\ud800": 1}', b'{"text": "\\ud800"}', b"null", b""]
)
async def test_broken_body_is_400(api: httpx2.AsyncClient, body: bytes) -> None:
    headers = {**BEARER, "content-type": "application/json"}
    response = await api.post("/api/sample/note", content=body, headers=headers)
    assert (response.status_code, response.json().keys()) == (400, KEYS), response.text


async def test_every_route_describes_its_errors(api: httpx2.AsyncClient) -> None:
    description = (await api.get("/openapi.json")).json()
    assert description["components"]["schemas"].keys() >= {"Problem"}
    assert not description["components"]["schemas"].keys() & {"HTTPValidationError", "ValidationError"}
    for path in description["paths"].values():
        for method, operation in path.items():
            own = {"304"} if method == "get" else {"415"}
            expected = {"400", "401", "403", "413", "414", "429", "500", "503"} | own
            assert expected <= operation["responses"].keys()
            assert "422" not in operation["responses"]
            assert operation["responses"]["400"] == {"$ref": "#/components/responses/BadRequest"}
    for response in description["components"]["responses"].values():
        schema = response["content"]["application/json"]["schema"]
        assert schema == {"$ref": "#/components/schemas/Problem"}
    write = description["paths"]["/api/sample/note"]["put"]
    assert write["security"] == [{"session": []}, {"accessToken": []}]
    assert write["x-required-role"] == "sample:fc"
