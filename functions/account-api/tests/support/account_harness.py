"""Runs account-api inside the test process with its stores, the simulated SSO, and browsers that log in."""

import itertools
import json
import secrets
import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import httpx2
import psycopg

from account_api.clients import esi, sso
from account_api.composition import Outside, compose
from account_api.credentials.token_cipher import TokenCipher, read_keys
from account_api.dependencies import Dependencies
from account_api.events import SOURCE
from account_api.main import BROKER, CONNECTION_OPTIONS, app
from account_api.settings import Settings
from battlescope_events.access.composition import open_guard
from battlescope_events.edge.limits import Usage
from battlescope_events.messages import Message
from battlescope_events.postgres.database import Database, open_pool
from battlescope_events.postgres.outbox import Outbox
from battlescope_events.publisher import RecordingPublisher
from battlescope_events.upstream.esi import Esi
from battlescope_events.upstream.http import external_http
from battlescope_events.valkey.connection import open_valkey
from battlescope_local.testing.http.http_contract import HttpContract, hook
from battlescope_local.testing.upstreams import instant_client
from battlescope_upstream.content.characters import PLAYERS
from battlescope_upstream.hosts.sso import CLIENT_ID
from battlescope_upstream.testing import running_upstream

ORIGIN = "http://127.0.0.1:3000"
DIRECTOR, FC, MEMBER, ALT, OUTSIDER = (player.character_id for player in PLAYERS)
KEY = f"k1:{'11' * 32}"
AGENT = {"user-agent": "BattleScope tests (tests@example.org)"}
_addresses = itertools.count(1)


@dataclass
class Clock:
    """The real time, and what a test adds to it."""

    offset: timedelta = field(default_factory=timedelta)

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.offset

    def advance(self, **delta: float) -> None:
        self.offset += timedelta(**delta)


def change_dependencies(**changes: Any) -> None:
    app.state.dependencies = replace(app.state.dependencies, **changes)


def settings_of(database: str, valkey: str, upstream: str, **changes: Any) -> Settings:
    values: dict[str, Any] = {
        "database_url": database,
        "redis_url": valkey,
        "k_sink": "http://127.0.0.1:9",
        "user_agent": AGENT["user-agent"],
        "sso_url": f"{upstream}/sso",
        "esi_url": f"{upstream}/esi",
        "sso_client_id": CLIENT_ID,
        "public_origins": ORIGIN,
        "session_cookie_secure": False,
        "token_encryption_key": KEY,
        "require_membership": False,
        "bootstrap_superadmin_character_ids": str(DIRECTOR),
    }
    return Settings(**{**values, **changes})


def environment_of(
    database: str, valkey: str, upstream: str, *, sink: str, origin: str = ORIGIN, **changes: str
) -> dict[str, str]:
    """The environment of account-api as a process that browsers reach at `origin`."""
    return {
        "DATABASE_URL": database,
        "REDIS_URL": valkey,
        "K_SINK": sink,
        "USER_AGENT": AGENT["user-agent"],
        "SSO_URL": f"{upstream}/sso",
        "ESI_URL": f"{upstream}/esi",
        "SSO_CLIENT_ID": CLIENT_ID,
        "PUBLIC_ORIGINS": origin,
        "SESSION_COOKIE_SECURE": "false",
        "TOKEN_ENCRYPTION_KEY": KEY,
        "REQUIRE_MEMBERSHIP": "false",
        "BOOTSTRAP_SUPERADMIN_CHARACTER_IDS": str(DIRECTOR),
        **changes,
    }


@asynccontextmanager
async def running_app(settings: Settings, clock: Clock) -> AsyncGenerator[Dependencies]:
    """The production app, except for a publisher that records events and upstream clients that do not wait."""
    publish = RecordingPublisher()
    async with (
        open_pool(settings.database_url, "account-api", max_size=8, options=CONNECTION_OPTIONS) as pool,
        external_http("tests") as http,
        open_valkey(settings.redis_url, time.monotonic, retry_seconds=0.1) as valkey,
        open_guard(settings, clock, publish, SOURCE) as guard,
    ):
        database = Database(pool, "account")
        outside = Outside(
            database=database,
            outbox=Outbox(database, BROKER),
            publish=publish,
            valkey=valkey,
            sso=instant_client(sso.UPSTREAM, http, policy=sso.POLICY),
            esi=esi.EsiClient(Esi(instant_client("esi", http, policy=esi.POLICY), settings.esi_url)),
            guard=guard,
            clock=clock,
            new_id=uuid4,
            random_bytes=secrets.token_bytes,
        )
        cipher = TokenCipher(read_keys(settings.token_encryption_key.get_secret_value()), secrets.token_bytes)
        app.state.dependencies = compose(settings, outside, cipher)
        yield app.state.dependencies


class Browser:
    """A client with cookies and an address of its own; it sends its Origin with every change, as browsers do."""

    def __init__(self, http: httpx2.AsyncClient, outside: httpx2.AsyncClient) -> None:
        self.http, self._outside = http, outside

    async def get(self, path: str, **options: Any) -> httpx2.Response:
        return await self.http.get(path, **options)

    async def change(self, method: str, path: str, **options: Any) -> httpx2.Response:
        headers = {"origin": ORIGIN, **options.pop("headers", {})}
        return await self.http.request(method, path, headers=headers, **options)

    async def me(self) -> dict[str, Any]:
        response = await self.get("/api/me")
        assert response.status_code == 200, response.text
        return response.json()

    async def begin(self, path: str = "/auth/login", **query: str) -> str:
        """The address of the SSO to which a login leads."""
        response = await self.get(path, params=query)
        assert response.status_code == 302, response.text
        return response.headers["location"]

    async def choose(self, authorize_url: str, character: int | None) -> str:
        """The address of the callback, after a person chose this character."""
        page = await self._outside.get(authorize_url)
        assert page.status_code == 200, page.text
        query = {name: values[0] for name, values in parse_qs(urlsplit(authorize_url).query).items()}
        form = {**query, "character": "" if character is None else str(character)}
        address = authorize_url.partition("?")[0]
        chosen = await self._outside.post(address, data=form)
        assert chosen.status_code == 303, chosen.text
        return chosen.headers["location"]

    async def finish(self, callback_url: str) -> httpx2.Response:
        return await self.get(callback_url.removeprefix(ORIGIN))

    async def log_in(self, character: int, path: str = "/auth/login", **query: str) -> httpx2.Response:
        """The answer of the callback."""
        return await self.finish(await self.choose(await self.begin(path, **query), character))

    @property
    def token(self) -> str | None:
        return self.http.cookies.get("battlescope_session")


@dataclass
class AccountHarness:
    dependencies: Dependencies
    owner: str
    upstream: str
    outside: httpx2.AsyncClient
    clock: Clock
    browsers: list[Browser] = field(default_factory=list[Browser])
    contract: HttpContract = field(default_factory=lambda: HttpContract(app.openapi()))

    async def browser(self) -> Browser:
        number = next(_addresses)
        headers = {"x-forwarded-for": f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"}
        client = httpx2.AsyncClient(
            transport=httpx2.ASGITransport(app, raise_app_exceptions=False),
            base_url=ORIGIN,
            headers=headers,
            event_hooks={"response": [hook(self.contract)]},
        )
        self.browsers.append(Browser(client, self.outside))
        return self.browsers[-1]

    async def logged_in(self, character: int) -> Browser:
        browser = await self.browser()
        response = await browser.log_in(character)
        assert "error" not in response.headers["location"], response.headers["location"]
        return browser

    async def sso(self, **order: Any) -> dict[str, Any]:
        """Change the simulated SSO."""
        response = await self.outside.post(f"{self.upstream}/control/sso", json=order)
        assert response.status_code == 200, response.text
        return response.json()

    def sql(self, statement: str, *params: object) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.owner, autocommit=True) as connection:
            cursor = connection.execute(statement.encode(), params)
            return cursor.fetchall() if cursor.description else []

    @property
    def published(self) -> list[Message]:
        return self.dependencies.changes._publish.messages

    def records(self, action: str | None = None) -> list[Mapping[str, Any]]:
        """The payloads of the audit records that were published, of one action or all."""
        payloads = [json.loads(m.body) for m in self.published if m.type.endswith("audit.recorded.v1")]
        return [payload for payload in payloads if action in {None, payload["action"]}]

    async def close(self) -> None:
        for browser in self.browsers:
            await browser.http.aclose()


@asynccontextmanager
async def open_harness(
    database_url: str, owner: str, valkey: str, upstream: str, **changes: Any
) -> AsyncGenerator[AccountHarness]:
    clock = Clock()
    settings = settings_of(database_url, valkey, upstream, **changes)
    async with running_app(settings, clock) as dependencies, httpx2.AsyncClient() as outside:
        harness = AccountHarness(dependencies, owner, upstream, outside, clock)
        await dependencies.access_tokens.restore()  # as maintenance does at the start
        yield harness
        await harness.close()


simulated_upstream = running_upstream


class Unlimited:
    """Counts nothing: a contract test makes more requests in a minute than a person may."""

    async def count(self, limit: Any, who: str) -> Usage:
        return Usage(limit, allowed=True, remaining=limit.requests, reset=60)


def lift_limits(harness: AccountHarness) -> None:
    harness.dependencies.guard._limits = Unlimited()
