"""The PostgreSQL server: roles, databases and the user that runs it."""

import os
from collections.abc import Callable
from pathlib import Path

import psutil
import psycopg
import pytest

from battlescope_local.processes.children import Processes
from battlescope_local.stores import postgres as postgres_store
from battlescope_local.stores.ports import Ports
from battlescope_local.stores.state_file import StateFile

pytestmark = pytest.mark.stores


async def test_function_can_connect_only_to_its_own_database(postgres: str, store_secrets: StateFile) -> None:
    databases = [
        postgres_store.DatabaseSpec("one", "one-owner", ("one-reader",)),
        postgres_store.DatabaseSpec("two", "two-owner"),
    ]
    urls = await postgres_store.provision(postgres, databases, store_secrets)
    again = await postgres_store.provision(postgres, databases, store_secrets)
    assert urls == again
    async with await psycopg.AsyncConnection.connect(urls["one-owner", "one"], autocommit=True) as owner:
        await owner.execute("CREATE EXTENSION pg_trgm")
        await owner.execute("CREATE TABLE battles (id int)")
    async with await psycopg.AsyncConnection.connect(urls["one-reader", "one"]) as reader:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            await reader.execute("SELECT * FROM battles")
    foreign = urls["one-reader", "one"].replace("/one?", "/two?")
    with pytest.raises(psycopg.OperationalError, match="permission denied"):
        await psycopg.AsyncConnection.connect(foreign)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to change the user")
async def test_root_runs_postgresql_as_nobody_from_a_copy(
    nobodys_folder: Callable[[], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = nobodys_folder()
    monkeypatch.setattr(postgres_store, "is_traversable_by_all", lambda _: False)
    state_file = StateFile(folder / "secrets.json")
    processes = Processes(folder / "run", folder / "logs")
    _, server = postgres_store.prepare_server(folder / "postgres", processes, Ports(state_file), state_file)
    keeper = await server.start()
    assert server.child is not None
    process = psutil.Process(server.child.pid)
    assert process.uids().real == postgres_store.NOBODY_UID
    assert Path(process.exe()).is_relative_to(folder)
    keeper.cancel()
    await server.stop()
