"""No background task fails silently or outlives its end: every place that starts or cancels one is listed here."""

import ast
from collections import Counter
from collections.abc import Collection
from pathlib import Path
from typing import Final

PROJECT: Final = Path(__file__).parents[2]
SOURCES: Final = ("events/src", "functions/*/src", "local/src", "local/upstream/src")
STARTERS: Final = {"create_task", "ensure_future", "start_in_background", "Thread", "run_in_executor", "start_task"}
LOGGED: Final = "start_in_background logs it"
GROUP: Final = "its TaskGroup raises it"
AWAITED: Final = "its caller awaits it"
STARTED: Final[dict[str, tuple[str, ...]]] = {
    "events/src/battlescope_events/access/account_changes.py": (LOGGED,),
    "events/src/battlescope_events/access/denials.py": (LOGGED,),
    "events/src/battlescope_events/access/session_guard.py": (LOGGED,),
    "events/src/battlescope_events/background.py": ("start_in_background itself: a callback logs it", AWAITED),
    "events/src/battlescope_events/postgres/deduplication.py": (LOGGED,),
    "events/src/battlescope_events/postgres/notifications.py": (LOGGED,),
    "functions/account-api/src/account_api/services/maintenance.py": (LOGGED,),
    "functions/ingest-backfill/src/ingest_backfill/sources/base.py": (AWAITED, AWAITED),
    "functions/ingest-poll/src/ingest_poll/sources/feed_reader.py": (
        "`take` gives its result; a closed window cancels it",
    ),
    "functions/ingest-poll/src/ingest_poll/sources/read_ahead.py": (AWAITED,),
    "functions/killmail-api/src/killmail_api/services/live_feed.py": (LOGGED,),
    "functions/killmail-enrich/src/killmail_enrich/main.py": (LOGGED,),
    "functions/killmail-enrich/src/killmail_enrich/names/request_batcher.py": (LOGGED,),
    "functions/killmail-enrich/src/killmail_enrich/names/ticker_service.py": (LOGGED,),
    "functions/search-index/src/search_index/services/grouped_saves.py": (AWAITED,),
    "functions/search-index/src/search_index/services/indexing_loop.py": (LOGGED,),
    "local/src/battlescope_local/demo.py": (AWAITED, AWAITED),
    "local/src/battlescope_local/devloop/dev.py": (AWAITED,),
    "local/src/battlescope_local/eventing/dispatcher.py": (GROUP,) * 3,
    "local/src/battlescope_local/eventing/ping_sources.py": (GROUP,),
    "local/src/battlescope_local/eventing/runtime.py": (GROUP, GROUP),
    "local/src/battlescope_local/log/kafka_consumer.py": (AWAITED,),
    "local/src/battlescope_local/log/kafka_log.py": ("the thread polls the driver, which reports errors by callbacks",),
    "local/src/battlescope_local/log/sqlite_log.py": ("the thread catches every error of SQLite", AWAITED),
    "local/src/battlescope_local/node/event_loop.py": (AWAITED,),
    "local/src/battlescope_local/node/web_app.py": (LOGGED,),
    "local/src/battlescope_local/serving/jobs.py": (GROUP,),
    "local/src/battlescope_local/serving/proxy.py": (LOGGED, LOGGED),
    "local/src/battlescope_local/serving/revision.py": (LOGGED, LOGGED),
    "local/src/battlescope_local/stores/group.py": (GROUP,) * 3,
    "local/src/battlescope_local/stores/supervisor.py": (LOGGED,),
}
# Why a single cancellation, which a driver may lose before Python 3.12, is enough; `end_tasks` repeats it.
CANCELLED: Final[dict[str, str]] = {
    "events/src/battlescope_events/background.py": "end_tasks itself",
    "events/src/battlescope_events/postgres/deduplication.py": "it sleeps, then writes once, and then ends",
    "functions/ingest-poll/src/ingest_poll/sources/feed_reader.py": "it sends one request, and then ends",
    "functions/killmail-api/src/killmail_api/services/live_feed.py": "its loop ends when it is not the current one",
    "functions/killmail-enrich/src/killmail_enrich/main.py": "it connects once, and then ends",
}


def calls_of(path: Path, names: Collection[str]) -> int:
    """How many calls of the file go to something of these names."""
    calls = (node.func for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call))
    called = (call.attr if isinstance(call, ast.Attribute) else getattr(call, "id", "") for call in calls)
    return sum(name in names for name in called)


def test_every_background_task_is_listed_with_how_its_error_is_noticed() -> None:
    files = [
        path for source in SOURCES for root in PROJECT.glob(source) for path in root.rglob("*.py")
        if "testing" not in path.parts
    ]  # fmt: skip
    assert len(files) > 300
    started = Counter({str(path.relative_to(PROJECT)): calls_of(path, STARTERS) for path in files})
    assert +started == Counter({path: len(notices) for path, notices in STARTED.items()})


def test_every_single_cancellation_is_listed_with_why_it_is_enough() -> None:
    files = [path for source in SOURCES[:2] for root in PROJECT.glob(source) for path in root.rglob("*.py")]
    cancelling = {path for path in files if ".cancel()" in path.read_text()}
    assert {str(path.relative_to(PROJECT)) for path in cancelling} == CANCELLED.keys()
