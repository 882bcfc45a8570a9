"""The guard: every route declares a right, and the guard decides on it."""

import httpx2
import pytest
from fastapi import params
from fastapi.requests import HTTPConnection
from pydantic import SecretStr
from small_api import READ, TOKEN, WRITE, Dependencies, make_app, router

from battlescope_events.access.owner_guard import OwnerGuard
from battlescope_events.edge.origins import OriginPolicy
from battlescope_events.http_api.errors import ApiError
from battlescope_events.http_api.guard import Caller, Right, Role, public
from battlescope_events.http_api.routing import WEBSOCKET, ApiRoute, ApiRouter, declared_rights


async def answer(guard: object, method: str = "POST", **headers: str) -> httpx2.Response:
    transport = httpx2.ASGITransport(make_app(Dependencies(guard=guard)))
    async with httpx2.AsyncClient(transport=transport, base_url="http://api") as client:
        return await client.request(method, "/api/sample/note", json={"text": "x"}, headers=headers)


@pytest.mark.parametrize("header", [f"Bearer {TOKEN}", f"bearer {TOKEN}"])
async def test_write_needs_the_token(header: str) -> None:
    assert (await answer(OwnerGuard(SecretStr(TOKEN), OriginPolicy()), authorization=header)).status_code == 201


@pytest.mark.parametrize("header", ["", "Bearer wrong", "Bearer ", "Basic YTpi", TOKEN, f"Bearer {TOKEN}x"])
async def test_write_without_the_token_is_401(header: str) -> None:
    response = await answer(OwnerGuard(SecretStr(TOKEN), OriginPolicy()), authorization=header)
    assert (response.status_code, response.headers["www-authenticate"]) == (401, "Bearer")
    assert "Authorization: Bearer" in response.json()["message"]


@pytest.mark.parametrize("token", [None, SecretStr("")])
async def test_writes_are_disabled_without_a_configured_token(token: SecretStr | None) -> None:
    response = await answer(OwnerGuard(token, OriginPolicy()), authorization="Bearer ")
    assert (response.status_code, response.json()["error"]) == (403, "Forbidden")


async def test_reads_are_open() -> None:
    assert (await answer(OwnerGuard(None, OriginPolicy()), "GET")).status_code == 200


async def test_unauthorized_request_learns_nothing_about_its_fields() -> None:
    transport = httpx2.ASGITransport(make_app())
    async with httpx2.AsyncClient(transport=transport, base_url="http://api") as client:
        assert (await client.post("/api/sample/note", json={})).status_code == 401


async def test_another_guard_decides_on_the_declared_right() -> None:
    asked: list[Right] = []

    class Refusing:
        origins = OriginPolicy()

        async def check(self, right: Right, connection: HTTPConnection) -> Caller:
            assert connection.headers["cookie"] == "session=1"
            asked.append(right)
            raise ApiError(403, "No.")

    for method in ("GET", "POST"):
        assert (await answer(Refusing(), method, cookie="session=1")).status_code == 403
    assert asked == [Right("sample", Role.USER), Right("sample", Role.FC, writes=True)]


def test_every_route_declares_its_right() -> None:
    app = make_app()
    described = {(method.upper(), path) for path, methods in app.openapi()["paths"].items() for method in methods}
    assert described == {(method, path) for method, path in app.rights if method != WEBSOCKET}
    assert app.rights[WEBSOCKET, "/api/sample/socket"] == Right("sample", Role.USER)
    assert app.rights["PUT", "/api/sample/note"] == Right("sample", Role.FC, writes=True)
    assert app.rights["GET", "/api/sample/note"] == Right("sample", Role.USER)


def test_route_without_a_right_is_rejected_at_composition() -> None:
    bare = ApiRouter()
    bare.add_api_route("/x", lambda: None)
    with pytest.raises(ValueError, match="declares 0 rights"):
        declared_rights([bare])
    twice = ApiRouter(dependencies=[READ])
    twice.add_api_route("/x", lambda: None, dependencies=[WRITE])
    with pytest.raises(ValueError, match="declares 2 rights"):
        declared_rights([twice])


def test_declared_right_of_a_route_is_looked_for_once() -> None:
    class CountedRoute(ApiRoute):
        @property
        def dependencies(self) -> list[params.Depends]:
            self.reads += 1
            return self._dependencies

        @dependencies.setter
        def dependencies(self, declared: list[params.Depends]) -> None:
            self.reads, self._dependencies = 0, declared

    counted = ApiRouter(dependencies=[READ], route_class=CountedRoute)
    counted.add_api_route("/x", lambda: None)
    assert declared_rights([counted]) == {("GET", "/x"): Right("sample", Role.USER)}
    assert [route.reads for route in counted.routes] == [1]


def test_route_is_public_only_with_a_reason() -> None:
    secret = ApiRouter()
    secret.add_api_route("/api/secret", lambda: None, dependencies=[public()])
    with pytest.raises(ValueError, match="PUBLIC_ROUTES gives no reason"):
        declared_rights([secret])
    login = ApiRouter()
    login.add_api_route("/auth/login", lambda: None, dependencies=[public()])
    assert declared_rights([login]) == {}


def test_websocket_without_a_right_is_rejected_at_composition() -> None:
    bare = ApiRouter()
    bare.add_api_websocket_route("/ws", lambda _: None)
    with pytest.raises(ValueError, match="declares 0 rights"):
        declared_rights([bare])


def test_nested_router_cannot_hide_a_route() -> None:
    outer = ApiRouter()
    outer.include_router(router)
    with pytest.raises(TypeError, match="cannot declare a right"):
        declared_rights([outer])
