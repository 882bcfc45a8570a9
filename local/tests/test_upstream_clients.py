"""Every client of an upstream obeys a refusal: as long as it lasts, after a restart, and in every function."""

import ast
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Iterator
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import permutations
from types import SimpleNamespace
from typing import Any

import httpx2
import pytest
from pydantic import SecretStr

from account_api.clients import esi as account_esi
from account_api.clients import sso
from battlescope_events.errors import TransientError
from battlescope_events.postgres.cooldowns import PostgresCooldowns
from battlescope_events.postgres.database import Database, open_pool
from battlescope_events.upstream.circuit_breaker import CircuitBreaker
from battlescope_events.upstream.client import RequestPolicy, UpstreamClient
from battlescope_events.upstream.combined_cooldowns import CombinedCooldowns
from battlescope_events.upstream.cooldown import MAX_SECONDS, Cooldowns
from battlescope_events.upstream.esi import Esi, budget_pause
from battlescope_events.upstream.http import ExternalHttp, external_http
from battlescope_events.valkey.connection import Valkey
from battlescope_events.valkey.cooldowns import ValkeyCooldowns
from battlescope_local.devtools.project import functions
from battlescope_local.testing.databases import Databases
from battlescope_local.testing.servers import context_of
from battlescope_local.testing.upstreams import (
    AdjustableClock,
    HostResponse,
    MemoryCooldowns,
    MockHttp,
    ScriptedHost,
    instant_client,
    scripted_host,
)
from battlescope_schemas.entity import EntityType
from ingest_api.clients import esi as api_esi
from ingest_backfill.domain.killmail import SourceEntry
from ingest_backfill.errors import DayNotFound
from ingest_backfill.sources.esi import EsiSource
from ingest_backfill.sources.everef import EverefSource
from ingest_backfill.sources.zkillboard_history import ZkillboardHistorySource
from ingest_poll.errors import KillmailNotFound
from ingest_poll.sources import esi_client as poll_esi
from ingest_poll.sources import feed_client, history_client
from ingest_poll.sources.live_source import STANDBY_UPSTREAM
from ingest_verify.clients import day_listing
from ingest_verify.errors import ListingNotPublished
from killmail_enrich.market import source as market
from killmail_enrich.names import esi_client as enrich_esi
from killmail_enrich.names import ticker_client
from killmail_enrich.names.tickers import Organisation
from killmail_enrich.static_data import download as static_data

DAY: Any = SimpleNamespace(day=date(2026, 10, 2))
ORGANISATION = Organisation(98_000_001, EntityType.CORPORATION, "One")
HASH = "0123456789abcdef0123456789abcdef01234567"
Ask = Callable[[UpstreamClient, str], Awaitable[object]]


@dataclass(frozen=True)
class Client:
    """A client of a function. `ask` sends one request at a time; `modules` take an `UpstreamClient` or `Esi` for it."""

    function: str
    upstream: str
    ask: Ask
    policy: RequestPolicy
    modules: frozenset[str]
    has_breaker: bool = False

    @property
    def name(self) -> str:
        return f"{self.function} asks {self.upstream}"

    async def request(self, http: ExternalHttp, url: str, cooldowns: Cooldowns, clock: AdjustableClock) -> None:
        """Ask once as a process that has just started."""
        await self.ask_once(self.start(http, cooldowns, clock), url)

    def start(self, http: ExternalHttp, cooldowns: Cooldowns, clock: AdjustableClock) -> UpstreamClient:
        return instant_client(
            self.upstream,
            http,
            cooldowns=cooldowns,
            policy=self.policy,
            now=clock,
            breaker=CircuitBreaker() if self.has_breaker else None,
            budget_pause=budget_pause,
        )

    async def ask_once(self, client: UpstreamClient, url: str) -> None:
        with suppress(TransientError, DayNotFound, KillmailNotFound, ListingNotPublished):
            await self.ask(client, url)


async def _ask_everef(client: UpstreamClient, url: str) -> None:
    async with EverefSource(client, url).open(DAY):
        pass


async def _ask_history(client: UpstreamClient, url: str) -> None:
    async with ZkillboardHistorySource(client, url).open(DAY):
        pass


async def _ask_sso(client: UpstreamClient, url: str) -> None:
    access = sso.SsoAccess(url, "client", "secret", "publicData", "http://localhost/auth/callback")
    await sso.SsoClient(client, access).fetch_keys()


async def _ask_market(client: UpstreamClient, url: str) -> None:
    with suppress(market.UnusableListing):
        await market.MarketHistory(url, client).listing()


BACKFILL_POLICY = RequestPolicy(tries=3)
CLIENTS = (
    Client(
        "ingest-poll", feed_client.UPSTREAM,
        lambda client, url: feed_client.FeedClient(client, url, 1e6).fetch_file(1),
        feed_client.request_policy(1e6), frozenset({"ingest_poll.sources.feed_client"}),
    ),
    Client(
        "ingest-poll", STANDBY_UPSTREAM,
        lambda client, url: history_client.ListClient(client, url).fetch_lists({DAY.day}),
        history_client.request_policy(1e6), frozenset({"ingest_poll.sources.history_client"}),
    ),
    Client(
        "ingest-poll", "esi",
        lambda client, url: poll_esi.KillmailClient(Esi(client, url)).fetch_killmail(1, HASH),
        poll_esi.POLICY, frozenset({"ingest_poll.sources.esi_client"}), has_breaker=True,
    ),
    Client(
        "ingest-backfill", "everef", _ask_everef, BACKFILL_POLICY,
        frozenset({"ingest_backfill.sources.everef", "ingest_backfill.sources.base"}),
    ),
    Client(
        "ingest-backfill", "r2z2", _ask_history, BACKFILL_POLICY,
        frozenset({"ingest_backfill.sources.zkillboard_history"}),
    ),
    Client(
        "ingest-backfill", "esi",
        lambda client, url: EsiSource(Esi(client, url)).fetch_body(SourceEntry(b"1", HASH)),
        BACKFILL_POLICY, frozenset({"ingest_backfill.sources.esi"}),
    ),
    Client(
        "ingest-verify", day_listing.UPSTREAM,
        lambda client, url: day_listing.DayListingClient(client, url, AdjustableClock()).fetch_listing(DAY.day),
        day_listing.request_policy(1e6), frozenset({"ingest_verify.clients.day_listing"}),
    ),
    Client(
        "ingest-api", "esi",
        lambda client, url: api_esi.EsiClient(Esi(client, url)).resolve_names([98_000_001]),
        api_esi.POLICY, frozenset({"ingest_api.clients.esi"}), has_breaker=True,
    ),
    Client(
        "killmail-enrich", "esi",
        lambda client, url: enrich_esi.EsiClient(Esi(client, url), time.time).fetch([98_000_001]),
        enrich_esi.POLICY, frozenset({"killmail_enrich.names.esi_client"}), has_breaker=True,
    ),
    Client(
        "killmail-enrich", "esi",
        lambda client, url: ticker_client.TickerClient(Esi(client, url), time.time).fetch(ORGANISATION),
        ticker_client.ticker_policy(1e6), frozenset({"killmail_enrich.names.ticker_client"}), has_breaker=True,
    ),
    Client(
        "account-api", sso.UPSTREAM, _ask_sso, sso.POLICY, frozenset({"account_api.clients.sso"}),
    ),
    Client(
        "account-api", "esi",
        lambda client, url: account_esi.EsiClient(Esi(client, url)).affiliations([90_000_001]),
        account_esi.POLICY, frozenset({"account_api.clients.esi"}), has_breaker=True,
    ),
    Client(
        "killmail-enrich", market.UPSTREAM, _ask_market, market.market_policy(1e6),
        frozenset({"killmail_enrich.market.source"}),
    ),
    Client(
        "killmail-enrich", static_data.UPSTREAM,
        lambda client, url: static_data.StaticDataExport(url, client).latest_build(),
        static_data.POLICY, frozenset({"killmail_enrich.static_data.download"}),
    ),
)  # fmt: skip
each_client = pytest.mark.parametrize("client", CLIENTS, ids=lambda client: client.name)
COMPOSITION = ("main", "composition", "importer")  # they make the clients; `importer` is that of a Job


def _modules_with_clients() -> Iterator[str]:
    for function in functions():
        for path in (function.folder / "src").rglob("*.py"):
            imported = {
                alias.name
                for node in ast.walk(ast.parse(path.read_text()))
                if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("battlescope_events.upstream")
                for alias in node.names
            }
            if imported & {"UpstreamClient", "Esi"} and path.stem not in COMPOSITION:
                yield ".".join(path.relative_to(function.folder / "src").with_suffix("").parts)


def test_every_module_that_requests_an_upstream_is_tested_here() -> None:
    assert set(_modules_with_clients()) == {module for client in CLIENTS for module in client.modules}


REFUSALS = {
    "429 with seconds": (HostResponse(429, {"Retry-After": "90"}), 90),
    "429 with a date": (HostResponse(429, {"Retry-After": "Sat, 03 Oct 2026 12:01:30 GMT"}), 90),
    "429": (HostResponse(429), 10),
    "420": (HostResponse(420, {"X-ESI-Error-Limit-Reset": "33"}), 33),
    "403": (HostResponse(403), 60),
    "503 with seconds": (HostResponse(503, {"Retry-After": "45"}), 45),
}


@pytest.fixture
async def host() -> AsyncGenerator[ScriptedHost]:
    async with scripted_host() as host:
        yield host


@pytest.fixture
async def http() -> AsyncGenerator[ExternalHttp]:
    async with external_http("tests") as http:
        yield http


@pytest.fixture
def clock() -> AdjustableClock:
    return AdjustableClock()


@each_client
@pytest.mark.parametrize("refusal", REFUSALS)
async def test_no_request_is_sent_before_a_refusal_is_over(
    client: Client, refusal: str, host: ScriptedHost, http: ExternalHttp, clock: AdjustableClock
) -> None:
    host.response, seconds = REFUSALS[refusal]
    cooldowns = MemoryCooldowns()
    await client.request(http, host.url, cooldowns, clock)
    assert len(host.requests) == 1, "a refusal is not retried"
    clock.advance(seconds - 0.001)
    await client.request(http, host.url, cooldowns, clock)
    assert len(host.requests) == 1
    clock.advance(0.001)
    await client.request(http, host.url, cooldowns, clock)
    assert len(host.requests) == 2


@each_client
@pytest.mark.parametrize("status", [403, 420, 429])
@pytest.mark.parametrize("times", [1, 5, 1_100])  # a pause that doubles is no float any more after 1,024
async def test_any_number_of_refusals_in_a_row_is_bounded(
    client: Client, status: int, times: int, clock: AdjustableClock
) -> None:
    requests = 0

    def refuse(_: httpx2.Request) -> httpx2.Response:
        nonlocal requests
        requests += 1
        return httpx2.Response(status)

    cooldowns, waits = MemoryCooldowns(), list[float]()
    upstream_client = client.start(MockHttp(refuse), cooldowns, clock)
    for _ in range(times):
        await client.ask_once(upstream_client, "http://host")
        quiet_until = cooldowns.states[client.upstream].quiet_until
        assert quiet_until is not None
        waits.append((quiet_until - clock()).total_seconds())
        clock.now = max(clock.now, quiet_until)
    assert requests == times
    assert min(waits) >= 10
    assert max(waits) <= MAX_SECONDS
    assert waits == sorted(waits)


# On real stores, under the role of each function.


@pytest.fixture
def urls(databases: Databases) -> Generator[Callable[[str], str]]:
    """The URL of a function's database for its role."""
    clones = {context: databases.clone(context) for context in {context_of(client.function) for client in CLIENTS}}
    yield lambda function: clones[context_of(function)].url(function)
    for clone in clones.values():
        databases.drop(clone)


SHARED = {"esi", market.UPSTREAM}  # asked by functions of several contexts
StartCooldowns = Callable[[Client], Awaitable[Cooldowns]]


@pytest.fixture
async def start_cooldowns(urls: Callable[[str], str], valkey: str) -> AsyncGenerator[StartCooldowns]:
    """The memory of a function's process that has just started."""
    async with AsyncExitStack() as stack:

        async def start(client: Client) -> Cooldowns:
            url = SecretStr(urls(client.function))
            pool = await stack.enter_async_context(open_pool(url, client.function, max_size=1))
            own = PostgresCooldowns(Database(pool, client.function))
            if client.upstream not in SHARED:
                return own
            connection = Valkey(valkey, time.monotonic)
            stack.push_async_callback(connection.close)
            return CombinedCooldowns(own, ValkeyCooldowns(connection))

        yield start


SAME_UPSTREAM = [(one, other) for one, other in permutations(CLIENTS, 2) if one.upstream == other.upstream]


@pytest.mark.stores
@pytest.mark.postgres
@pytest.mark.parametrize(("banned", "other"), SAME_UPSTREAM, ids=lambda client: client.name)
async def test_ban_holds_after_a_restart_and_for_another_function(
    banned: Client,
    other: Client,
    start_cooldowns: StartCooldowns,
    host: ScriptedHost,
    http: ExternalHttp,
    clock: AdjustableClock,
) -> None:
    host.response = HostResponse(403)
    for wait in (60, 120):
        host.requests.clear()
        await banned.request(http, host.url, await start_cooldowns(banned), clock)
        assert len(host.requests) == 1
        clock.advance(wait - 0.001)
        for client in (banned, other):
            await client.request(http, host.url, await start_cooldowns(client), clock)
        assert len(host.requests) == 1
        clock.advance(0.001)
    host.response = HostResponse(404)
    await other.request(http, host.url, await start_cooldowns(other), clock)
    assert len(host.requests) > 1
    assert (await (await start_cooldowns(other)).load(other.upstream)).bans == 0


@pytest.mark.postgres
async def test_ban_of_esi_holds_after_a_restart_without_valkey(
    urls: Callable[[str], str], host: ScriptedHost, http: ExternalHttp, clock: AdjustableClock
) -> None:
    host.response = HostResponse(403)
    for client in (client for client in CLIENTS if client.upstream == "esi"):
        host.requests.clear()
        clock.now += timedelta(days=1)
        for _ in range(2):
            async with open_pool(SecretStr(urls(client.function)), "test", max_size=1) as pool:
                nobody = Valkey("redis://127.0.0.1:1/0", time.monotonic)
                own = PostgresCooldowns(Database(pool, client.function))
                await client.request(http, host.url, CombinedCooldowns(own, ValkeyCooldowns(nobody)), clock)
                await nobody.close()
        assert len(host.requests) == 1, client.name
