"""After a whole flow no token and no cookie stands in logs, the database, Valkey, events or the list of processes."""

import asyncio
import json
import subprocess
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import httpx2
import psycopg
import pytest
import redis
from account_harness import (
    ALT,
    DIRECTOR,
    KEY,
    MEMBER,
    OUTSIDER,
    Browser,
    environment_of,
    simulated_upstream,
)

from battlescope_local.testing.databases import Database
from battlescope_local.testing.processes import FunctionProcess
from battlescope_upstream.content import sso_grants
from battlescope_upstream.hosts.sso import Sso

CLIENT_SECRET = "client-secret-0123456789"


class Events(ThreadingHTTPServer):
    """A Broker that keeps the bytes of what it accepts."""

    def __init__(self) -> None:
        self.received = b""
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                server.received += str(self.headers).encode() + body
                self.send_response(202)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_request(self, code: int | str = "-", size: int | str = "-") -> None: ...

        super().__init__(("127.0.0.1", 0), Handler)
        Thread(target=self.serve_forever, daemon=True).start()


@pytest.fixture
def secrets_seen(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Every token and code that the simulated SSO gives out."""
    seen: set[str] = set()
    make_token, issue_code = Sso._access_token, sso_grants.Grants.issue_code
    issue_refresh = sso_grants.Grants.issue_refresh_token

    def keep(value: str | None) -> str | None:
        seen.update({value} if value else ())
        return value

    monkeypatch.setattr(Sso, "_access_token", lambda *args: keep(make_token(*args)))
    monkeypatch.setattr(sso_grants.Grants, "issue_code", lambda *args: keep(issue_code(*args)))
    monkeypatch.setattr(sso_grants.Grants, "issue_refresh_token", lambda *args: keep(issue_refresh(*args)))
    return seen


def environment(database: str, valkey: str, upstream: str, sink: str) -> dict[str, str]:
    changes = {"SSO_CLIENT_SECRET": CLIENT_SECRET, "LOG_LEVEL": "DEBUG"}
    return environment_of(database, valkey, upstream, sink=sink, **changes)


def list_processes() -> str:
    return subprocess.run(["ps", "axww", "-o", "args"], capture_output=True, text=True, check=True).stdout


def dump_of_valkey(url: str) -> str:
    with redis.Redis.from_url(url, decode_responses=True) as client:
        return json.dumps({key: client.get(key) if client.type(key) == "string" else "" for key in client.scan_iter()})


def dump_of_database(owner: str, postgres_tables: list[str]) -> str:
    with psycopg.connect(owner) as connection:
        rows = [connection.execute(f"SELECT t::text FROM {table} t".encode()).fetchall() for table in postgres_tables]
    return str(rows)


TABLES = ["accounts", "characters", "account_roles", "access_tokens", "outbox_messages", "upstream_cooldowns"]


def parts(secret: str) -> set[str]:
    """The secret and pieces of it; the header of a JWT is the same in every token, and no secret."""
    if secret.startswith("eyJ"):
        return {secret, *secret.split(".")[1:]}
    return {secret, secret[:24], secret[-24:]}


async def whole_flow(harness_of: Callable[[], Browser], seen: set[str]) -> None:
    """Logins, a link, a failure, tokens, an export, an unlink and a logout; collects cookies and tokens."""
    admin, member, failing = harness_of(), harness_of(), harness_of()
    await admin.log_in(DIRECTOR)
    await member.log_in(MEMBER)
    seen.update(b.token for b in (admin, member) if b.token)
    begun = await member.begin("/auth/login", add_character="true")
    seen.add(member.http.cookies.get("battlescope_login"))
    await member.finish(await member.choose(begun, ALT))
    created = (await member.change("POST", "/api/me/access-tokens", json={"name": "script", "canWrite": True})).json()
    seen.add(created["token"])
    await harness_of().get("/api/me", headers={"authorization": f"Bearer {created['token']}"})
    callback = await failing.choose(await failing.begin(), OUTSIDER)
    failing.http.cookies.clear()
    await failing.finish(callback)
    await member.get("/api/me/export")
    await member.change("POST", "/auth/logout", headers={"origin": "https://evil.example"})
    characters = (await member.me())["characters"]
    await member.change("DELETE", f"/api/me/characters/{characters[1]['id']}")
    account = (await member.me())["id"]
    await admin.change("POST", f"/api/admin/accounts/{account}/block", json={"reason": "spy"})
    await admin.change("POST", "/auth/logout")


async def test_no_token_and_no_cookie_is_stored_or_logged(
    clone: Database, valkey: str, new_process: Callable[..., FunctionProcess], secrets_seen: set[str]
) -> None:
    events = Events()
    sink = f"http://127.0.0.1:{events.server_address[1]}"
    async with simulated_upstream(mails=1, speed="0") as upstream, httpx2.AsyncClient() as outside:
        process = new_process("account_api.main:app", environment(clone.url("account-api"), valkey, upstream, sink))
        process.start()
        await asyncio.to_thread(process.wait_until_ready)
        clients: list[httpx2.AsyncClient] = []

        def browser() -> Browser:
            headers = {"x-forwarded-for": f"10.9.0.{len(clients) + 1}"}
            clients.append(httpx2.AsyncClient(base_url=process.url, headers=headers))
            return Browser(clients[-1], outside)

        await whole_flow(browser, secrets_seen)
        processes = await asyncio.to_thread(list_processes)
        for client in clients:
            await client.aclose()
    process.terminate()
    places = {
        "log": process.log(),
        "database": dump_of_database(clone.owner, TABLES),
        "Valkey": dump_of_valkey(valkey),
        "events": events.received.decode(),
        "processes": processes,
    }
    events.shutdown()
    events.server_close()
    assert "account.blocked" in places["events"]
    assert "Mira Talvos" in places["database"]
    assert len(secrets_seen) >= 12
    secrets = {*secrets_seen, CLIENT_SECRET, KEY.partition(":")[2]}
    found = {(place, part[:6]) for place, text in places.items() for s in secrets for part in parts(s) if part in text}
    assert found == set()
