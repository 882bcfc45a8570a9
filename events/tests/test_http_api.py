"""The conventions of HTTP functions: one error body, request ids, health."""

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from battlescope_events.errors import TransientError
from battlescope_events.http_api.conventions import add_conventions


class OutOfRangeError(Exception):
    pass


ERRORS: dict[str, Exception] = {
    "gone": HTTPException(404, "There is no battle 7."),
    "store": TransientError("PostgreSQL at secret-host does not answer."),
    "range": OutOfRangeError("limit is at most 100."),
    "bug": KeyError("password=hunter2"),
}


async def fail(request: Request) -> JSONResponse:
    raise ERRORS[request.path_params["error"]]


def app() -> Starlette:
    async def ready() -> None:
        raise TransientError("The database does not answer.")

    made = Starlette(routes=[Route("/{error}", fail)])
    add_conventions(made, ready=ready, invalid={OutOfRangeError: str})
    return made


async def get(path: str) -> httpx2.Response:
    transport = httpx2.ASGITransport(app=app(), raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url="http://api.example") as client:
        return await client.get(path, headers={"x-request-id": "r-1"})


@pytest.mark.parametrize(
    ("path", "status", "error", "message"),
    [
        ("/gone", 404, "NotFound", "There is no battle 7."),
        ("/store", 503, "ServiceUnavailable", "A part of the service does not answer; try again shortly."),
        ("/range", 400, "BadRequest", "limit is at most 100."),
        ("/bug", 500, "InternalServerError", "Internal server error; quote the request id when you report it."),
        ("/a/b", 404, "NotFound", "Not Found"),
    ],
)
async def test_every_error_has_the_same_body_without_internals(
    path: str, status: int, error: str, message: str
) -> None:
    answer = await get(path)
    assert answer.status_code == status
    assert answer.json() == {"error": error, "message": message, "requestId": "r-1"}
    assert answer.headers["x-request-id"] == "r-1"


async def test_liveness_checks_the_process_and_readiness_its_dependencies() -> None:
    assert (await get("/health/liveness")).status_code == 200
    answer = await get("/health/readiness")
    assert (answer.status_code, answer.json()["reason"]) == (503, "The database does not answer.")
