"""Every place that tries again has a limit or a pause that grows to a cap, an end, and a place where it is seen.

The code and the manifests are searched for whatever tries again: calls of `retry` and `exponential`, options of
libraries, loops that sleep or that go on after an error, counters in SQL, constants named after tries, and deliveries,
Jobs and probes of manifests. A new one fails here until it is in one of the tables.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest
import yaml

from battlescope_events import consumer
from battlescope_events.object_storage import access
from battlescope_local.eventing import ping_sources, sender
from battlescope_local.manifest_generator import eventing
from battlescope_local.serving import revision
from battlescope_local.stores import supervisor
from ingest_backfill.handlers import day_worker
from ingest_poll.feed import feed_state
from ingest_poll.handlers import polling
from ingest_poll.persistence import listings
from killmail_enrich.names import model as names

PROJECT: Final = Path(__file__).parents[2]
NAMED: Final = re.compile(r"(^|_)(RETRY|RETRIES|TRIES|ATTEMPTS?|BACKOFF)(_|$)")
COUNTED: Final = re.compile(r"(attempts|tries)\s*\+\s*1")
OPTIONS: Final = frozenset({"retries", "retry", "retry_config", "tries"})
SLEEPS: Final = frozenset({"sleep", "_sleep", "wait_for"})
ENDS: Final = (ast.Raise, ast.Return, ast.Break)
# Simulated upstreams and tools for tests run in no deployment.
LEFT_OUT: Final = frozenset({"battlescope_upstream", "testing"})


class Retry(NamedTuple):
    """One way of trying again. `limit`: how often or how long; `pause`: between two tries, with its cap.

    end: what becomes of the work after the last try. seen: where an operator sees it.
    """

    sites: tuple[str, ...]
    limit: str
    pause: str
    end: str
    seen: str


POLL: Final = "ingest_poll."
BACKFILL: Final = "ingest_backfill."
EVENTS: Final = "battlescope_events."
LOCAL: Final = "battlescope_local."
ACCOUNTS: Final = "account_api."
ACCESS: Final = f"{EVENTS}access."
RETRIES: Final = {
    "request to an upstream": Retry(
        (f"{EVENTS}retry:retry", f"{EVENTS}upstream.client:UpstreamClient._request",
         f"{EVENTS}upstream.client:MAX_RETRY_SECONDS", f"{POLL}sources.esi_client:", f"{BACKFILL}main:UPSTREAM_TRIES",
         f"{BACKFILL}main:_policy", "killmail_enrich.names.esi_client:", "killmail_enrich.static_data.download:",
         f"{ACCOUNTS}clients.esi:"),
        "tries of its RequestPolicy, 3 at most", "1 s doubled to 10 s, with jitter",
        "cooldown or circuit breaker; the caller gets UpstreamUnavailable", "log; upstream_cooldowns",
    ),
    "cooldown of an upstream": Retry(
        (f"{EVENTS}upstream.cooldown:next_cooldown",),
        "none: the next request comes after the cooldown", "1 to 60 s after failures, 1 min to 1 h after bans",
        "an answer clears it", "log (error for a ban); upstream_cooldowns with its reason",
    ),
    "interrupted download": Retry(
        (f"{EVENTS}upstream.client:UpstreamClient._download",),
        "while each request adds bytes, within the policy's total time and size", "the policy's rate",
        "a failed try of the request", "log",
    ),
    "request to object storage": Retry(
        (f"{EVENTS}object_storage.access:ATTEMPTS", f"{EVENTS}object_storage.access:RETRY_SECONDS",
         f"{EVENTS}object_storage.bucket:BucketClient._client", f"{EVENTS}object_storage.objects:ObjectStorage._store"),
        "3, within 20 s", "exponential, with jitter", "TransientError: the delivery is repeated", "log; dead letter",
    ),
    "connection to Valkey": Retry(
        (f"{EVENTS}valkey.connection:RETRY_SECONDS", f"{EVENTS}valkey.connection:_driver"),
        "none: it is a cache", "5 s without a request after an error; the driver itself does not retry",
        "the database answers instead", "log, once for each outage",
    ),
    "event that a function fails": Retry(
        (f"{EVENTS}consumer:MAX_ATTEMPTS", f"{EVENTS}postgres.deduplication:COUNT_ATTEMPT"),
        "18 deliveries begun, also those that ended with the process", "that of the Trigger",
        "422: dead letter", "log; `battlescope dead-letters`",
    ),
    "file of the feed": Retry(
        (f"{POLL}feed.feed_state:MAX_TRIES", f"{POLL}feed.feed_state:_after_unusable"),
        "10 for an unusable body", "1 s doubled to 60 s, full jitter",
        "gap for the backfill, the body is refused", "log; feed_gaps; dead letter",
    ),
    "feed, archive or ESI that fails": Retry(
        (f"{POLL}feed.feed_state:after_failure", f"{POLL}handlers.polling:FeedPoller._poll"),
        "none: it is the next poll; the standby takes over", "1 s doubled to 60 s, full jitter; cooldowns",
        "an answer ends it", "/api/ingestion/health; log",
    ),
    "rewritten file of the feed": Retry(
        (f"{POLL}persistence.feed_files:POSTPONE_REREAD",),
        "10",
        "1 min doubled, 17 h in all",
        "the first content stays",
        "feed_rereads",
    ),
    "listed killmail that ESI lacks": Retry(
        tuple(f"{POLL}persistence.listings:{n}" for n in ("MAX_LISTING_TRIES", "POSTPONE_LISTED")),
        "6", "10 min doubled, 10 h in all",
        "left to the backfill", "unavailable_listings with the reason; /api/ingestion/health",
    ),
    "lease of the poller": Retry(
        tuple(f"{POLL}handlers.polling:{n}" for n in ("FeedPoller._take_lease", "LEASE_RETRY_SECONDS", "LEASE_TRIES")),
        "130, 13 s in all", "0.1 s", "the timer event is not needed", "log",
    ),
    "lease of a day": Retry(
        (f"{BACKFILL}handlers.day_worker:DayWorker._take_lease", f"{BACKFILL}handlers.day_worker:LEASE_RETRY_SECONDS",
         f"{BACKFILL}handlers.day_worker:LEASE_TRIES"),
        "the length of a lease and 2 s", "0.5 s", "the event is not needed", "historical_job_dates",
    ),
    "day of a backfill": Retry(
        (f"{BACKFILL}handlers.day_worker:MAX_FRUITLESS_ATTEMPTS",
         f"{BACKFILL}handlers.day_worker:MAX_UNANSWERED_ATTEMPTS",
         f"{BACKFILL}persistence.schedule:REQUEST_DAYS", f"{BACKFILL}persistence.days:START_NEXT_STEP"),
        "without progress 20, of a source that does not answer 1,500 (a day), of a broken file 5",
        "timer event, a minute; cooldown of the source", "the day fails", "error of the day and of its job",
    ),
    "chunk beside another writer": Retry(
        (f"{BACKFILL}handlers.chunk_writer:ChunkWriter._write_new",),
        "each time fewer killmails are new", "none: the other transaction has ended", "nothing new is left",
        "historical_job_dates",
    ),
    "transaction that needs more locks": Retry(
        ("battle_cluster.handlers.regroup:retry_with_more_locks",), "each time more of a finite set of keys is held",
        "none: it waits for the locks", "all locks are held", "log of slow events",
    ),
    "name that ESI does not know yet": Retry(
        ("killmail_enrich.names.model:RETRY_SECONDS",), "11, 7 days", "5 min to 24 h", "stays without a name",
        "pendingNames of the readiness answer",
    ),
    "import of static data before its schema": Retry(
        ("killmail_enrich.static_data.importer:wait_for_schema",), "SCHEMA_CHECKS", "that of its call, capped",
        "the Job fails and is repeated by its backoffLimit", "log; Job",
    ),
    "delivery of an event on one machine": Retry(
        (f"{LOCAL}eventing.dispatcher:Dispatcher._attempt_with_retries", f"{LOCAL}manifest_generator.eventing:RETRIES",
         f"{LOCAL}manifest_generator.eventing:BACKOFF_DELAY"),
        "5, as the Trigger declares", "0.5 s doubled", "dead letter", "`battlescope status` (retried, dead)",
    ),
    "reply or dead letter that its Broker does not accept": Retry(
        (f"{LOCAL}eventing.sender:EventSender.send_until_accepted", f"{LOCAL}eventing.sender:RETRY_PAUSES"),
        "none: the event would be lost", "0.2 to 5 s", "it is accepted", "log (error) each time",
    ),
    "timer event": Retry(
        (f"{LOCAL}eventing.ping_sources:send_with_retries", f"{LOCAL}eventing.ping_sources:MAX_RETRIES",
         f"{LOCAL}eventing.ping_sources:FIRST_RETRY_PAUSE"),
        "5", "50 ms doubled", "dropped; the next one follows", "log (warning)",
    ),
    "log of Kafka that does not respond": Retry(
        (f"{LOCAL}log.kafka_consumer:retry_until_reachable", f"{LOCAL}log.kafka_consumer:RETRY_PAUSE",
         f"{LOCAL}log.kafka_consumer:MAX_RETRY_PAUSE"),
        "none: nothing works without it", "0.5 s doubled to 10 s", "it responds", "log (warning) each time",
    ),
    "instance that refuses the connection": Retry(
        (f"{LOCAL}serving.revision:Revision._try_instances", f"{LOCAL}serving.revision:MAX_ATTEMPTS"),
        "3, only what may be repeated", "none: another instance", "502 or 503", "log; answer",
    ),
    "store that does not start": Retry(
        (f"{LOCAL}stores.supervisor:SupervisedProcess._first_start",), "5", "50 ms doubled", "`up` ends with the error",
        "terminal",
    ),
    "store that ended": Retry(
        (f"{LOCAL}stores.supervisor:SupervisedProcess._supervise",), "none: nothing works without it",
        "50 ms doubled to 5 s", "it is ready", "`battlescope status` (restarts); log (error at the cap)",
    ),
    "record of the simulated feed's position": Retry(
        (f"{LOCAL}devloop.simulated_feed:record_feed_position",), "none: it runs beside `dev`", "fixed interval",
        "the end of `dev`", "the next `dev` begins earlier",
    ),
    "day of market prices": Retry(
        ("killmail_enrich.market.loader:MarketLoader.load",), "3 for an unusable file; none for a source that fails",
        "1 h for an unusable file; 10 min doubled to 24 h for a source that fails", "the day counts as a gap",
        "refusedMarketDays, failingPriceSources of the readiness answer; market_days with the reason",
    ),
    "subscription to changes of accounts": Retry(
        (f"{ACCESS}account_changes:_subscribe_forever", f"{ACCESS}account_changes:RETRY_SECONDS",
         f"{ACCESS}account_changes:_driver.connect"),
        "none: without it nothing is cached", "0.5 s; the driver itself does not retry", "it is subscribed",
        "log, once for each outage; 503 sessions-unavailable",
    ),
    "record of a denial": Retry(
        (f"{ACCESS}denials:DenialRecorder._publish_forever", f"{ACCESS}denials:DenialRecorder._publish_pending",
         f"{ACCESS}denials:RETRY_SECONDS"),
        "at most 1,000 records wait", "5 s; the publisher itself does not retry", "published, or lost with the process",
        "log: a warning for each outage, an error for each lost record",
    ),
    "subscription to notifications of PostgreSQL": Retry(
        (f"{EVENTS}postgres.notifications:_listen_forever", f"{EVENTS}postgres.notifications:RETRY_SECONDS"),
        "none: without it nothing is kept", "1 s", "it is subscribed",
        "log, once for each outage; answers with Warning 110, or 503",
    ),
    "session of a stream while Valkey does not answer": Retry(
        (f"{ACCESS}session_guard:SessionGuard._reason_of_end", f"{ACCESS}session_guard:_RETRY_SECONDS"),
        "until what is known is 60 s old", "0.2 s", "the stream ends", "the reason in the stream's last frame",
    ),
    "live log or database that a stream needs": Retry(
        ("killmail_api.main:LOG_RETRY_SECONDS", "killmail_api.services.live_feed:LiveFeed._run"),
        "none: streams go on by what still answers", "0.5 s to Valkey, 2 s between reads of the database",
        "it answers", "log, once for each outage; `status` of heartbeats and snapshots",
    ),
    "client of a stream": Retry(
        ("killmail_api.services.streams:RETRY_MS", "killmail_api.services.streams:RETRY_SPREAD_MS",
         "killmail_api.services.streams:Streams.events"),
        "none: the client decides", "2 to 5 s, so that streams that end together do not return together",
        "it is connected", "the client",
    ),
    "command that account-api sends to Valkey": Retry(
        (f"{ACCOUNTS}credentials.valkey_store:require", f"{ACCOUNTS}credentials.valkey_store:RETRY_SECONDS"),
        "3, half a second", "0.25 s", "TransientError: 503", "answer; log",
    ),
    "maintenance of accounts": Retry(
        (f"{ACCOUNTS}services.maintenance:_repeat",), "none: it runs at an interval", "15 s", "it works",
        "log (warning)",
    ),
    "copy of a document that a stopped search engine lacks": Retry(
        ("search_index.services.indexing_loop:IndexingLoop._runs",), "none: it stays queued",
        "1 s after the next event, or five minutes", "it is copied", "log (warning); engine_queue",
    ),
    "nice level of a session": Retry(
        (f"{LOCAL}processes.priority:ATTEMPTS", f"{LOCAL}processes.priority:stand_back"),
        "20", "0.1 s, in which the kernel takes one", "the process has a full share", "`/proc/PID/autogroup`",
    ),
    "Job of a manifest": Retry((f"{LOCAL}manifest_generator.jobs:RETRIES",), "backoffLimit 6, activeDeadlineSeconds",
        "10 s doubled (Kubernetes)", "the Job fails", "Job; release.py waits for it"),
}  # fmt: skip
# What the search shows and is no retry, with the reason.
WAITS: Final = {
    "waits for a result that another process makes": (
        f"{EVENTS}http_api.saved_requests:wait_until_finished", f"{LOCAL}backfill.progress:_poll_job",
        f"{LOCAL}job_progress:_poll",
        f"{LOCAL}login:_confirmed_token", f"{LOCAL}devloop.sample_data:_wait_for_queues",
        f"{LOCAL}node.client:stop_node", f"{LOCAL}deploy.image_root:_wait_until_alive",
        f"{LOCAL}serving.instances:Launcher._until_ready", f"{LOCAL}serving.revision:Revision._drain",
        f"{LOCAL}stores.supervisor:SupervisedProcess._launch",
    ),
    "a display or a task at an interval": (
        f"{LOCAL}demo:_print_lines", f"{LOCAL}demo:_show_battles", f"{LOCAL}devloop.commands:_logs",
        f"{LOCAL}devloop.dev:_show_logs", f"{LOCAL}devloop.file_watcher:watch_changes",
        f"{LOCAL}eventing.dispatcher:Dispatcher._commit_regularly", f"{LOCAL}eventing.ping_sources:sleep_until",
        f"{LOCAL}serving.revision:_scale", f"{ACCESS}stream_slots:StreamSlots.wait_until_lost",
    ),
    "lets other tasks run": (
        "battle_cluster.handlers.regroup:_build_in_turns",
        "killmail_enrich.handlers.event_loop:parts_between_other_tasks", "killmail_enrich.market.day_prices:_prices_of",
    ),
    "goes on with the next item": (
        f"{LOCAL}deploy.image_root:main",
        f"{LOCAL}backfill.manifest:_killmails_by_day", f"{LOCAL}devloop.file_watcher:_files",
        f"{LOCAL}devloop.health:waiting_notes", f"{LOCAL}devloop.reloader:syntax_errors",
        f"{BACKFILL}handlers.chunk_writer:_parse", "killmail_enrich.handlers.killmail:KillmailHandler._read",
        "killmail_enrich.handlers.valuations:ValuationHandler._bodies", "killmail_enrich.market.folder:_read",
        "killmail_enrich.market.source:read_folder_day", "killmail_enrich.prices.price_file:read_price_file",
        f"{ACCOUNTS}credentials.access_token_verifier:_read_keys", f"{ACCOUNTS}credentials.token_cipher:read_keys",
        f"{ACCOUNTS}services.characters:CharacterService.revoke",
        "search_index.clients.typesense_engine:TypesenseEngine._drop",
    ),
    "an order of an operator": (
        f"{LOCAL}devloop.commands:_outbox", f"{LOCAL}devloop.parked_messages:RETRY",
        "ingest_api.repositories.jobs:RETRY", "ingest_api.repositories.jobs:RETRY_DATES",
        "ingest_api.routers.jobs:retry",
    ),
    "the description of a header": (f"{EVENTS}http_api.description:_RETRY_AFTER",),
    "the time or the limits of one try": (
        f"{LOCAL}eventing.ping_sources:ATTEMPT_TIMEOUT", f"{LOCAL}eventing.sender:ATTEMPT_TIMEOUT",
        f"{LOCAL}manifest_checks.rules.delivery:LEAST_RETRY_SECONDS",
        f"{LOCAL}manifest_checks.rules.delivery:MOST_RETRY_SECONDS",
    ),
}  # fmt: skip
LISTED: Final = [site for retry in RETRIES.values() for site in retry.sites] + [
    site for sites in WAITS.values() for site in sites
]


def name_of(function: ast.expr) -> str:
    match function:
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return name
        case _:
            return ""


def tries_again(node: ast.AST, *, in_loop: bool) -> bool:
    """Whether the node itself shows a retry, or what looks like one."""
    match node:
        case ast.Call():
            called = name_of(node.func)
            has_option = any(keyword.arg in OPTIONS for keyword in node.keywords)
            return called in {"retry", "exponential"} or has_option or (in_loop and called in SLEEPS)
        case ast.Try():
            return in_loop and any(not isinstance(handler.body[-1], ENDS) for handler in node.handlers)
        case ast.With() | ast.AsyncWith():
            calls = [item.context_expr.func for item in node.items if isinstance(item.context_expr, ast.Call)]
            return in_loop and any(name_of(called) == "suppress" for called in calls)
        case _:
            return False


def sites_of(node: ast.AST, names: tuple[str, ...] = (), *, in_loop: bool = False) -> Iterator[str]:
    """The qualified names of functions below the node that try again; empty for the module itself."""
    for child in ast.iter_child_nodes(node):
        if tries_again(child, in_loop=in_loop):
            yield ".".join(names)
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield from sites_of(child, (*names, child.name))
        else:
            yield from sites_of(child, names, in_loop=in_loop or isinstance(child, ast.For | ast.AsyncFor | ast.While))


def constants_of(module: ast.Module) -> Iterator[str]:
    """Constants that are named after tries, or that hold SQL which counts them."""
    for node in module.body:
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            texts = [part.value for part in ast.walk(node) if isinstance(part, ast.Constant)]
            if NAMED.search(node.target.id) or any(isinstance(t, str) and COUNTED.search(t) for t in texts):
                yield node.target.id


def scan(source: str) -> set[str]:
    module = ast.parse(source)
    return {*sites_of(module), *constants_of(module)}


def scanned() -> set[str]:
    sites = set[str]()
    for path in sorted(PROJECT.glob("*/**/src/**/*.py")):
        package = path.relative_to(PROJECT).parts
        if not LEFT_OUT & set(package) and ".venv" not in package and "build" not in package:
            module = ".".join(package[package.index("src") + 1 :]).removesuffix(".py")
            sites |= {f"{module}:{site}" for site in scan(path.read_text())}
    return sites


def test_every_place_that_tries_again_is_in_exactly_one_table() -> None:
    assert sorted(scanned()) == sorted(LISTED)


def test_every_retry_states_its_limit_pause_end_and_where_it_is_seen() -> None:
    assert [name for name, retry in RETRIES.items() if not all(retry)] == []
    # Without a limit only where work would be lost or nothing works without it; then the pause has a cap.
    unlimited = {name: retry for name, retry in RETRIES.items() if retry.limit.startswith("none")}
    assert [name for name, retry in unlimited.items() if not re.search(r"\d|interval", retry.pause)] == []


def test_figures_of_the_table_are_those_of_the_code() -> None:
    assert (access.ATTEMPTS, consumer.MAX_ATTEMPTS, len(names.RETRY_SECONDS)) == (3, 18, 11)
    assert (feed_state.MAX_TRIES, listings.MAX_LISTING_TRIES, polling.LEASE_TRIES) == (10, 6, 130)
    worker = (day_worker.MAX_FRUITLESS_ATTEMPTS, day_worker.MAX_UNANSWERED_ATTEMPTS, day_worker.MAX_MALFORMED)
    assert worker == (20, 1500, 5)
    assert (eventing.RETRIES, ping_sources.MAX_RETRIES, revision.MAX_ATTEMPTS) == (5, 5, 3)
    assert (supervisor.MAX_FIRST_STARTS, supervisor.LONGEST_PAUSE, sender.RETRY_PAUSES[-1]) == (5, 5.0, 5.0)


@pytest.mark.parametrize(
    "source",
    [
        "async def f():\n    while True:\n        await sleep(1)",
        "async def f():\n    for _ in range(3):\n        await asyncio.wait_for(g(), 1)",
        "def f():\n    while True:\n        try:\n            return g()\n        except OSError:\n            pass",
        "def f():\n    while True:\n        with suppress(OSError):\n            g()",
        "def f():\n    return retry(g, on=OSError)",
        "def f():\n    return exponential(1, n, 60)",
        "def f():\n    return Client(retries=3)",
    ],
)
def test_search_finds_a_new_retry(source: str) -> None:
    assert scan(source) == {"f"}


@pytest.mark.parametrize("source", ["MAX_TRIES: Final = 3", 'A: Final = "UPDATE t SET tries = tries + 1"'])
def test_search_finds_a_new_constant(source: str) -> None:
    assert len(scan(source)) == 1


def test_search_skips_what_tries_once() -> None:
    assert scan("async def f():\n    await sleep(1)\n    for x in y:\n        try:\n            g(x)\n"
                "        except OSError:\n            raise Other from None") == set()  # fmt: skip


# Manifests.

DELIVERY: Final = {"retry": 5, "backoffPolicy": "exponential", "backoffDelay": "PT0.5S"}
MANIFESTS: Final = [path for path in sorted((PROJECT / "knative").rglob("*.yaml")) if "declarations" not in path.parts]


def objects_of(path: Path) -> Iterator[dict[str, Any]]:
    documents = yaml.load_all(path.read_text(), Loader=yaml.CSafeLoader)
    yield from (document for document in documents if isinstance(document, dict))


def retries_of(value: Any) -> Iterator[dict[str, Any]]:
    """The mappings in a manifest that have an option of retries."""
    if isinstance(value, dict):
        if {"retry", "backoffPolicy", "backoffDelay", "backoffLimit", "restartPolicy"} & value.keys():
            yield value
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from retries_of(item)


def test_every_delivery_and_job_of_the_manifests_ends() -> None:
    deliveries = jobs = 0
    for path in MANIFESTS:
        for retry in (retry for document in objects_of(path) for retry in retries_of(document)):
            if "retry" in retry or "backoffPolicy" in retry or "backoffDelay" in retry:
                assert {name: retry.get(name) for name in DELIVERY} == DELIVERY, path
                assert "deadLetterSink" in retry, path
                deliveries += 1
            elif "backoffLimit" in retry:
                assert retry["backoffLimit"] <= 6, path
                assert retry["activeDeadlineSeconds"] <= 1200, path
                jobs += 1
            else:
                assert retry["restartPolicy"] == "Never", path
    assert deliveries >= 15
    assert jobs >= 4


def test_every_trigger_states_its_delivery() -> None:
    triggers = [o for path in MANIFESTS for o in objects_of(path) if o.get("kind") == "Trigger"]
    assert triggers
    assert [o["metadata"]["name"] for o in triggers if "delivery" not in o["spec"]] == []


def test_documentation_has_the_row() -> None:
    assert "every retry" in (PROJECT / "docs" / "faults.md").read_text()
