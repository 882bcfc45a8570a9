"""The parts of the developer's loop, each alone: log lines, watched files, topics, questions before removal."""

import asyncio
import json
import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from io import StringIO
from pathlib import Path

import psutil
import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer
from project import write_app
from rich.cells import cell_len
from rich.console import Console

from battlescope_local.devloop.file_watcher import changed_files, snapshot, watch_changes
from battlescope_local.devloop.health import run_checks
from battlescope_local.devloop.log_entries import LevelThreshold, LogEntry, parse_line
from battlescope_local.devloop.log_follower import LogFollower
from battlescope_local.devloop.log_view import INDENT, LogView, plain_text, terminal_text, without_noise
from battlescope_local.devloop.reloader import ChangeEffect, Reloader, effect_of
from battlescope_local.devloop.reset import confirm, reset_all
from battlescope_local.devloop.simulated_feed import INITIAL_KILLMAILS, feed_arguments, record_feed_position
from battlescope_local.devloop.topics import read_topics, topic_lines
from battlescope_local.errors import UserError
from battlescope_local.http_client import open_session
from battlescope_local.log.port import Record, Topic
from battlescope_local.log.sqlite_log import sqlite_log
from battlescope_local.manifests.model import Container, Scale, Service
from battlescope_local.node.client import active_folder, system_folder
from battlescope_local.node.state import NodeState
from battlescope_local.processes.children import Processes
from battlescope_local.serving.instances import Launcher
from battlescope_local.serving.revision import Revision, start_revision

TRACE = "0af7651916cd43dd8448eb211c80319c"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (
            json.dumps({"level": "WARNING", "message": "Late.", "trace_id": TRACE, "context": {"battle": "b1"}}),
            LogEntry("WARNING", "Late. battle=b1", TRACE),
        ),
        (
            json.dumps({"level": "ERROR", "message": "No.", "error": {"name": "E", "message": "m", "stack": "a\nb"}}),
            LogEntry("ERROR", "No.", "", ("a", "b")),
        ),
        ("2026-11-28 21:48:47,997 WARNING battlescope_local.serving.revision: gone", LogEntry("WARNING", "gone")),
        ("2026-11-28 21:48:48.008 UTC [7901] FATAL:  the database is starting up",
         LogEntry("ERROR", "the database is starting up")),
        ("7729:M 28 Nov 2026 21:48:46.242 # WARNING StateFile", LogEntry("WARNING", "WARNING StateFile")),
        ("7729:M 28 Nov 2026 21:48:46.242 * Ready", LogEntry("INFO", "Ready")),
        ('[watermill] 2026/11/28 router.go:280: 	level=ERROR msg="Lost" topic=t', LogEntry("ERROR", "Lost")),
        ("INFO:     Waiting for application startup.", LogEntry("DEBUG", "Waiting for application startup.")),
        ("Traceback (most recent call last):", LogEntry("", "Traceback (most recent call last):")),
        ('{"port": 21686}', LogEntry("", '{"port": 21686}')),
        ("{not json", LogEntry("", "{not json")),
    ],
)  # fmt: skip
def test_a_line_of_each_format_is_read(line: str, expected: LogEntry) -> None:
    assert parse_line(line) == expected


@pytest.mark.parametrize(
    ("threshold", "source", "level", "shown"),
    [
        (None, "battle-api", "INFO", True),
        (None, "battle-api", "DEBUG", False),
        (None, "battle-api", "", True),
        (None, "postgres", "INFO", False),
        (None, "postgres", "WARNING", True),
        (None, "seaweedfs", "", False),
        ("INFO", "postgres", "INFO", True),
        ("DEBUG", "seaweedfs", "", True),
        ("ERROR", "battle-api", "WARNING", False),
        ("ERROR", "battle-api", "", False),
    ],
)
def test_what_is_shown_depends_on_level_and_source(threshold: str, source: str, level: str, *, shown: bool) -> None:
    assert LevelThreshold(threshold).shows(source, LogEntry(level, "x")) is shown


@pytest.mark.parametrize("width", [80, 60, 120])
def test_no_line_is_wider_than_the_terminal_and_nothing_is_lost(width: int) -> None:
    message = " ".join(f"word{number}" for number in range(60))
    entry = LogEntry("WARNING", message, TRACE, ("  File 'x.py', line 3", "y" * 200))
    text = terminal_text("a-function-with-a-very-long-name", entry, width).plain
    assert max(cell_len(line) for line in text.splitlines()) <= width
    words = " ".join(text[INDENT:].split()).replace(" ", "")
    assert message.replace(" ", "") in words
    assert TRACE[:8] in words
    assert TRACE not in words
    assert words.count("y") == 200 + 1
    assert all(line.startswith(" " * INDENT) for line in text.splitlines()[1:])


def test_without_a_terminal_an_entry_is_one_plain_line() -> None:
    assert plain_text("battle-api", LogEntry("INFO", "[red]x[/] " * 30, TRACE)) == (
        f"battle-api      INFO  {'[red]x[/] ' * 30} trace=0af76519"
    )


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def shown(folder: Path, *steps: str, names: tuple[str, ...] = ()) -> str:
    """What a view prints when the node writes these texts one after the other."""
    out = StringIO()
    view = LogView(LogFollower(folder), Console(file=out), LevelThreshold(), names)
    for text in steps:
        with (folder / "node.log").open("a") as log:
            log.write(text)
        view.print_new()
    return out.getvalue()


def test_the_view_leaves_out_what_a_function_has_in_its_own_log(tmp_path: Path) -> None:
    line = "2026-11-28 21:48:47,997 {} x: {}\n"
    text = shown(
        tmp_path,
        line.format("ERROR", "battle-api ended during its start; its last log lines:"),
        "Traceback\nNameError\n",
        line.format("INFO", "next"),
        "a line of its own\n",
    )
    assert [line[INDENT:] for line in text.splitlines()] == [
        "battle-api ended during its start; see its log.",
        "next",
        "a line of its own",
    ]


TRACEBACK = """Traceback (most recent call last):
  File "/v/lib/python3.11/site-packages/uvicorn/server.py", line 5, in run
    config.load()
    ^^^^^^^^^^^^^
  File "/p/functions/a/src/a/main.py", line 3, in <module>
    print(unknown)
          ^^^^^^^
  File "<frozen importlib._bootstrap>", line 690, in _load_unlocked
NameError: name 'unknown' is not defined
"""
OWN = """Traceback (most recent call last):
  File "/p/functions/a/src/a/main.py", line 3, in <module>
    print(unknown)
          ^^^^^^^
NameError: name 'unknown' is not defined
"""


def test_a_stack_trace_is_shown_without_the_frames_of_libraries(tmp_path: Path) -> None:
    text = shown(tmp_path, TRACEBACK)
    assert [line[INDENT:] for line in text.splitlines()] == OWN.splitlines()
    assert without_noise(LogEntry("ERROR", "x", details=tuple(TRACEBACK.splitlines()))).details == tuple(
        OWN.splitlines()
    )


def test_a_follower_gives_each_complete_line_once(tmp_path: Path) -> None:
    log = tmp_path / "logs" / "battle-api.log"
    write(log, "old\n")
    write(tmp_path / "logs" / "battle-api.1.log", "much older\n")
    follower = LogFollower(tmp_path)
    follower.skip_existing()
    with log.open("a") as file:
        file.write("one\ntw")
    assert list(follower.new_lines()) == [("battle-api", "one")]
    with log.open("a") as file:
        file.write("o\n")
    assert list(follower.new_lines()) == [("battle-api", "two")]
    assert list(follower.new_lines()) == []
    log.write_text("new\n")
    assert list(follower.new_lines()) == [("battle-api", "new")]


def test_a_snapshot_sees_sources_and_nothing_else(tmp_path: Path) -> None:
    source = tmp_path / "functions" / "a" / "src" / "a" / "main.py"
    write(source, "x = 1\n")
    write(tmp_path / "functions" / "a" / "tests" / "test_a.py", "")
    before = snapshot(tmp_path)
    write(source.parent / "__pycache__" / "main.py", "")
    write(source.parent / ".main.py", "")
    write(source.parent / "main.py~", "")
    assert set(snapshot(tmp_path)) == {source}
    write(source, "x = 12\n")
    assert changed_files(before, snapshot(tmp_path)) == {source}
    source.unlink()
    assert changed_files(before, snapshot(tmp_path)) == {source}


async def test_files_saved_one_after_the_other_are_one_change() -> None:
    a, b, c = Path("a"), Path("b"), Path("c")
    looks = iter([{}, {a: (1, 1)}, {a: (1, 1), b: (1, 1)}, {a: (1, 1), b: (1, 1)}, {c: (2, 2)}, {c: (2, 2)}])
    found = watch_changes(Path(), lambda _: next(looks), 0)
    assert [await anext(found), await anext(found)] == [{a, b}, {a, b, c}]


def test_each_file_has_its_effect() -> None:
    root, names = Path("/p"), {"a", "b"}

    def of(*paths: str) -> ChangeEffect:
        return effect_of(root, [root / path for path in paths], names)

    assert of("functions/a/src/a/main.py") == ChangeEffect(frozenset("a"))
    assert of("functions/unknown/src/x.py") == ChangeEffect()
    assert of("events/src/e.py") == of("shared-schemas/src/s.py") == ChangeEffect(frozenset("ab"))
    assert of("knative/base/x.yaml", "local/src/y.py").restart == (
        root / "knative/base/x.yaml",
        root / "local/src/y.py",
    )
    assert of("functions/a/migrations/1.sql") == ChangeEffect(migrations=(root / "functions/a/migrations/1.sql",))


class Counted:
    """A function that counts how often it was replaced."""

    def __init__(self) -> None:
        self.count = 0

    def replace_instances(self) -> int:
        self.count += 1
        return 1


def test_a_function_with_a_syntax_error_waits_for_its_correction_and_others_do_not(tmp_path: Path) -> None:
    services = {"a": Counted(), "b": Counted()}
    reloader = Reloader(tmp_path, services)
    broken, sound = tmp_path / "functions/a/src/x.py", tmp_path / "functions/a/src/y.py"
    other = tmp_path / "functions/b/src/x.py"
    write(broken, "def (\n")
    for path in (sound, other):
        write(path, "x = 1\n")
    reloader.apply({broken, other})
    assert (services["a"].count, services["b"].count) == (0, 1)
    reloader.apply({sound})
    assert services["a"].count == 0, "the other file still has its error"
    shared = tmp_path / "events/src/e.py"
    write(shared, "x = 1\n")
    reloader.apply({shared})
    assert (services["a"].count, services["b"].count) == (0, 2)
    write(broken, "x = 1\n")
    reloader.apply({broken})
    assert (services["a"].count, services["b"].count) == (1, 2)


@asynccontextmanager
async def service(folder: Path, scale: Scale = Scale()) -> AsyncGenerator[tuple[Revision, ClientSession]]:  # noqa: B008 -- frozen
    base = {"PATH": os.environ["PATH"], "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    echo = Service("echo-api", Container("image", readiness_path="/ready"), scale)
    async with open_session() as client:
        launcher = Launcher(echo, Processes(folder / "run", folder / "logs"), client, folder, base)
        async with start_revision(echo, launcher, client) as one:

            async def answer(request: web.Request) -> web.StreamResponse:
                return await one.handle(request, request.raw_path)

            app = web.Application()
            app.router.add_route("*", "/{path:.*}", answer)
            async with TestServer(app) as server, ClientSession(server.make_url("/")) as user:
                yield one, user
    assert not list((folder / "run").iterdir())


async def pid(client: ClientSession, path: str = "/") -> int:
    async with client.post(path) as answer:
        assert answer.status == 200, await answer.text()
        return json.loads(await answer.text())["pid"]


async def test_a_replaced_instance_answers_what_it_holds_and_ends(tmp_path: Path) -> None:
    write_app(tmp_path)
    async with service(tmp_path) as (one, client):
        old = await pid(client)
        held = asyncio.create_task(pid(client, "/slow"))
        async with asyncio.timeout(20):
            while one.status().in_flight == 0:  # noqa: ASYNC110 -- another task
                await asyncio.sleep(0.01)
        assert one.replace_instances() == 1
        new = await pid(client)
        assert await held == old != new
        async with asyncio.timeout(20):
            while psutil.pid_exists(old):  # noqa: ASYNC110 -- another process
                await asyncio.sleep(0.01)
        assert one.status().pids == (new,)


async def test_an_instance_replaced_while_it_starts_never_answers(tmp_path: Path) -> None:
    write_app(tmp_path, text="import signal, os\nos.kill(os.getpid(), signal.SIGSTOP)\nraise SystemExit('old code')")
    async with service(tmp_path) as (one, client):
        waiting = asyncio.create_task(pid(client))
        async with asyncio.timeout(20):
            while not (old := one.status().pids) or psutil.Process(old[0]).status() != psutil.STATUS_STOPPED:  # noqa: ASYNC110 -- another process
                await asyncio.sleep(0.01)
        write_app(tmp_path)
        one.replace_instances()
        assert await waiting != old[0]


async def test_replacing_what_sleeps_starts_nothing(tmp_path: Path) -> None:
    write_app(tmp_path)
    async with service(tmp_path) as (one, _):
        assert one.replace_instances() == 0
        assert one.status().instances == 0


async def test_topics_with_their_lag_are_read_beside_the_running_log(tmp_path: Path) -> None:
    with pytest.raises(UserError):
        read_topics(tmp_path)
    async with sqlite_log(tmp_path / "log") as log:
        await log.create_topics([Topic("fights", 2)])
        for key in (b"a", b"a", b"a"):
            await log.produce("fights", Record(key, b"{}"))
        [topic] = read_topics(tmp_path)
        busy = next(one.number for one in topic.partitions if one.end)
        await log.commit_offsets("readers", "fights", {busy: 1})
        lines = list(topic_lines(read_topics(tmp_path)))
    ends, lag = ("3 0", "2 0") if busy == 0 else ("0 3", "0 2")
    assert lines == [
        "fights: 2 partitions, 3 records", f"  ends: {ends}", f"  readers: lag 2 (by partition: {lag})",
    ]  # fmt: skip


async def test_a_feed_goes_on_where_it_was(tmp_path: Path) -> None:
    def start(**options: bool) -> str:
        arguments = feed_arguments(tmp_path, **options)
        return arguments[arguments.index("--head-start") + 1]

    async def state(_: web.Request) -> web.Response:
        return web.json_response({"first": 1000, "next": 1900})

    assert start() == str(INITIAL_KILLMAILS)
    app = web.Application()
    app.router.add_get("/control/state", state)
    async with TestServer(app) as server:
        (tmp_path / "secrets.json").write_text(json.dumps({"port-upstream": str(server.port)}))
        keeping = asyncio.create_task(record_feed_position(tmp_path))
        async with asyncio.timeout(20):
            while start() != "900":  # noqa: ASYNC110 -- another task
                await asyncio.sleep(0.01)
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)
    assert start(fresh=True) == str(INITIAL_KILLMAILS)


async def test_health_names_what_does_not_answer() -> None:
    status = {
        "stores": {"postgres": {"state": "ready"}, "s3": {"state": "restarting"}},
        "services": [{"name": name, "instances": count} for name, count in (("up", 1), ("broken", 1), ("none", 0))],
        "triggers": [{"dead_lettered": 2}, {"dead_lettered": 1}],
    }

    async def told(_: web.Request) -> web.Response:
        return web.json_response(status)

    async def ready(request: web.Request) -> web.Response:
        return web.Response() if request.match_info["name"] == "up" else web.Response(status=503, text="no database")

    app = web.Application()
    app.router.add_get("/node/status", told)
    app.router.add_get("/services/{name}/health/readiness", ready)
    async with TestServer(app) as server:
        node = NodeState(1, 0.0, "", str(server.make_url("/")), "token")
        found = await asyncio.to_thread(lambda: list(run_checks(node, start=False)))
        asked = await asyncio.to_thread(lambda: list(run_checks(node, start=True)))
    assert {one.name for one in found if not one.healthy} == {"s3", "broken"}
    assert {one.name for one in asked if not one.healthy} == {"s3", "broken", "none"}
    assert {one.name: one.condition for one in found}["broken"] == "503: no database"
    assert found[-1].condition == "3 since the start"


@pytest.mark.parametrize(("answer", "agreed"), [("y", True), ("YES", True), ("", False), ("n", False)])
def test_removal_is_asked_for_at_a_terminal(answer: str, monkeypatch: pytest.MonkeyPatch, *, agreed: bool) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("builtins.input", lambda _: answer)
    if agreed:
        confirm("everything.", yes=False)
    else:
        with pytest.raises(UserError, match="Nothing was deleted"):
            confirm("everything.", yes=False)


def test_a_folder_that_no_node_used_is_never_removed(tmp_path: Path) -> None:
    precious = tmp_path / "home" / "thesis.txt"
    write(precious, "x")
    with pytest.raises(UserError, match="does not look like"):
        reset_all(precious.parent, yes=True)
    assert precious.is_file()
    assert active_folder(tmp_path) == tmp_path
    assert system_folder(tmp_path, "dev") == tmp_path / "dev"
