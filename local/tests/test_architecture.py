"""The rules of the codebase, checked against its files; each rule states its reason."""

import ast
import graphlib
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Final

import grimp
import pytest

from battlescope_local.devtools.generate import generated
from battlescope_local.devtools.pins import all_requirements, closure, pins
from battlescope_local.devtools.project import ROOT, Member, functions, members
from battlescope_local.manifests.prerequisites import FILE_NAME as PREREQUISITES

FUNCTIONS = functions()
CRDS = ROOT.parent / "shared" / "crds" / "validate.py"
named = pytest.mark.parametrize("function", FUNCTIONS, ids=lambda member: member.name)


# Layers inside a function, lowest first. A module imports its own layer and those below it, never one above.
# Packages of concept are pure: no clock, no input or output, no driver. That is what makes live, late and backfilled
# killmails give the same battles. Every package of every function stands in exactly one row.
LAYERS: Final = {
    "pure": {
        "domain",
        "detection",
        "edits",
        "enrichment",
        "feed",
        "prices",
        "presenters",
        "reconciliation",
        "schemas",
        "sides",
        "statistics",
        "valuation",
    },
    "adapters": {
        "clients",
        "credentials",
        "market",
        "messaging",
        "names",
        "persistence",
        "repositories",
        "sources",
        "static_data",
    },
    "services": {"services"},
    "entry points": {"handlers", "routers"},
    "composition": set[str](),
}
# Modules beside the packages, and pure modules that live in a package of adapters because they serve only it.
MODULES: Final = {
    "pure": {"errors", "presenters", "enriched_killmail", "model"},
    "adapters": {"store", "repository", "settings", "events"},
    "services": {"dependencies", "rights"},
    "entry points": {"handler", "api"},
    "composition": {"composition", "main", "revaluation"},
}
# Modules of events without side effects, which pure modules import too.
PURE_EVENTS: Final = {
    "battlescope_events.errors",
    "battlescope_events.http_api.request_types",
    "battlescope_events.http_api.validation_messages",
    "battlescope_events.object_storage.keys",
    "battlescope_events.retry",
}
ORDER: Final = list(LAYERS)


def sources() -> Iterator[Path]:
    """Every Python file that is not a test."""
    for member in members():
        yield from (member.folder / "src").rglob("*.py")


def layer_of(module: str) -> str:
    """The layer of a function's module: by its own name, else by its package, else pure (a flat function's domain)."""
    _, *packages, name = module.split(".")
    if name in packages or (not packages and not name):
        return "pure"
    for layer in ORDER:
        if name in MODULES[layer] and (not packages or layer == "pure"):
            return layer
    if packages:
        return next(layer for layer in ORDER if packages[0] in LAYERS[layer])
    return "adapters" if name.endswith("_client") else "pure"


# A function has one name everywhere, so that a log, a topic or a database role leads to its folder.


@named
def test_function_has_the_name_of_its_folder(function: Member) -> None:
    """`make manifests-check` compares that name with the manifests."""
    assert function.folder.name == function.name
    assert (function.folder / "src" / function.package / "main.py").is_file()


# Pure modules have no side effects, so that live, late and backfilled killmails give the same battles.


@cache
def graph() -> grimp.ImportGraph:
    packages = [member.package for member in members()]
    return grimp.build_graph(*packages, include_external_packages=True)


def code_of(function: Member) -> list[str]:
    """The modules of a function that hold code; a package itself holds none."""
    return [m for m in sorted(graph().find_descendants(function.package)) if not graph().find_children(m)]


@named
def test_every_package_has_a_layer(function: Member) -> None:
    packages = {module.split(".")[1] for module in code_of(function) if module.count(".") > 1}
    listed = [package for layer in LAYERS.values() for package in layer]
    assert packages <= set(listed), "add the package to a layer of LAYERS"
    assert len(listed) == len(set(listed))


@named
def test_pure_packages_have_no_side_effects(function: Member) -> None:
    # msgspec and orjson are allowed, because they only convert values, faster than json.
    with_side_effects = {"os", "socket", "random", "subprocess", "asyncio", "logging", "time"}
    allowed = {
        "battlescope_schemas",
        "pydantic",
        "msgspec",
        "orjson",
        function.package,
        *sys.stdlib_module_names,
    } - with_side_effects
    wrong = [
        f"{module} imports {imported}"
        for module in code_of(function)
        if layer_of(module) == "pure"
        for imported in graph().find_modules_directly_imported_by(module)
        if imported.partition(".")[0] not in allowed and imported not in PURE_EVENTS
    ]
    assert not wrong


@named
def test_no_layer_imports_a_higher_layer(function: Member) -> None:
    """Handlers import persistence, messaging and clients; these import pure packages; never the reverse."""
    wrong = [
        f"{module} ({layer_of(module)}) imports {imported} ({layer_of(imported)})"
        for module in code_of(function)
        for imported in graph().find_modules_directly_imported_by(module)
        if imported.startswith(f"{function.package}.")
        and ORDER.index(layer_of(imported)) > ORDER.index(layer_of(module))
    ]
    assert not wrong


@pytest.mark.parametrize("member", members(), ids=lambda member: member.name)
def test_imports_have_no_cycles(member: Member) -> None:
    """No module of a cycle can be read, tested or moved alone. Applies to modules, and to packages of one member."""
    modules = graph().find_descendants(member.package) | {member.package}
    inside: dict[str, set[str]] = {module: set() for module in modules}
    for module in modules:
        for imported in graph().find_modules_directly_imported_by(module) & modules:
            inside[module].add(imported)
    graphlib.TopologicalSorter(inside).prepare()
    graphlib.TopologicalSorter(_between_packages(inside)).prepare()


def _between_packages(modules: Mapping[str, set[str]]) -> dict[str, set[str]]:
    """The same imports between the packages and modules directly below the member's package."""
    parts: dict[str, set[str]] = {}
    for module, imported in modules.items():
        part = ".".join(module.split(".")[:2])
        parts.setdefault(part, set()).update({".".join(name.split(".")[:2]) for name in imported} - {part})
    return parts


@named
def test_only_persistence_knows_sql(function: Member) -> None:
    drivers = {"psycopg", "psycopg_pool"}
    knows = {
        module
        for module in graph().find_descendants(function.package)
        for imported in graph().find_modules_directly_imported_by(module)
        if imported.partition(".")[0] in drivers
    }
    allowed = re.compile(r"\.(store|repository|(persistence|repositories|names|static_data)\.[a-z_]+)$")
    assert [module for module in knows if not allowed.search(module)] == []


# Object storage has one client, so that its retries, timeouts, errors and settings are the same everywhere.
KNOWS_S3_LIBRARIES: Final = {
    "battlescope_local.testing.buckets",  # tests arrange and inspect objects without the client under test
}


def test_only_object_storage_knows_its_libraries() -> None:
    knows = {
        module
        for module in graph().modules
        if module.startswith(tuple(member.package for member in members()))
        for imported in graph().find_modules_directly_imported_by(module)
        if imported.partition(".")[0] in {"boto3", "botocore", "obstore"}
    }
    mechanism = {module for module in knows if module.startswith("battlescope_events.object_storage.")}
    assert knows - mechanism == KNOWS_S3_LIBRARIES
    assert mechanism == {f"battlescope_events.object_storage.{name}" for name in ("bucket", "objects")}


@named
def test_only_persistence_runs_statements(function: Member) -> None:
    """A handler or a route that knows statements and their parameters changes with every table."""
    # A pipeline of Valkey, which writes sessions in one transaction, is run by `execute` too.
    allowed = re.compile(
        r"/(store|repository|(persistence|repositories|names|static_data)/[a-z_]+|credentials/sessions)\.py$"
    )
    wrong = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in (function.folder / "src").rglob("*.py")
        if not allowed.search(str(path))
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in {"execute", "executemany", "rows", "scalar", "column"}
    ]
    assert not wrong


# Requests to the outside: one client, which is limited in rate, time and size and obeys refusals.
HTTP_CLIENTS: Final = {"httpx2", "httpx", "requests", "aiohttp", "urllib3", "urllib.request", "http.client"}
OTHER_HTTP: Final = {
    "battlescope_local": "the node serves, and requests its own services and stores; it starts no upstream traffic",
    "battlescope_upstream": "serves the simulated upstreams",
}


def test_only_the_upstream_mechanism_requests_the_outside() -> None:
    wrong = {
        f"{importer} imports {client}"
        for client in HTTP_CLIENTS & graph().modules
        for importer in graph().find_modules_that_directly_import(client)
        if not importer.startswith("battlescope_events.upstream.") and importer.partition(".")[0] not in OTHER_HTTP
    }
    assert wrong == set()


# Short modules and functions are read, long ones are skimmed.


def test_modules_and_functions_are_short() -> None:
    """Over 500 lines is more than one concept; a file is never cut for a line count alone."""
    assert [str(path.relative_to(ROOT)) for path in sources() if path.read_text().count("\n") > 500] == []
    assert [function for path in sources() for function in long_functions(path)] == []


def long_functions(path: Path) -> Iterator[str]:
    """Functions of more than 50 lines below their docstring."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[1] if ast.get_docstring(node) and len(node.body) > 1 else node.body[0]
            if (node.end_lineno or 0) - first.lineno >= 50:
                yield f"{path.relative_to(ROOT)}: {node.name}"


def test_folder_has_at_most_fifteen_modules() -> None:
    """A longer list has to be searched; a shorter one can be known."""
    folders = Counter(path.parent for path in sources() if path.name != "__init__.py")
    assert {str(folder.relative_to(ROOT)): count for folder, count in folders.items() if count > 15} == {}


def test_no_handler_catches_all_exceptions() -> None:
    """A handler that catches and logs every exception hides it from the broker, which would retry or dead-letter."""
    assert [handler for path in sources() for handler in handlers_of_everything(path)] == []


def handlers_of_everything(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ExceptHandler):
            names = {getattr(n, "id", "") for n in ast.walk(node.type)} if node.type else {"Exception"}
            if "Exception" in names:
                yield f"{path.relative_to(ROOT)}:{node.lineno}"


def test_every_module_has_a_docstring() -> None:
    assert [
        path for path in sources() if path.name != "__init__.py" and not ast.get_docstring(ast.parse(path.read_text()))
    ] == []


DIRECTORIES: Final = ("", "shared-schemas", "events", "knative", "terraform", "local", "local/upstream")


@pytest.mark.parametrize("directory", [*DIRECTORIES, *(f"functions/{f.name}" for f in FUNCTIONS)])
def test_every_directory_has_a_readme(directory: str) -> None:
    assert (ROOT / directory / "README.md").is_file()


# Generated files are committed, and up to date.


def test_generated_files_are_fresh() -> None:
    stale = [
        str(path.relative_to(ROOT)) for path, text in generated() if not path.is_file() or path.read_text() != text
    ]
    assert stale == [], "run `make generate`"


def test_lock_satisfies_every_member() -> None:
    assert closure(all_requirements(), pins())


def tracked_files() -> list[Path]:
    names = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False, text=True).stdout
    return [ROOT / name for name in names.split("\0") if name and (ROOT / name).is_file()]


def test_tree_names_no_registry() -> None:
    """A lock with a URL fails for everyone who uses another package index."""
    hosts = ["pypi" + ".org", "python" + "hosted", "registry." + "npmjs", "deb." + "debian", "proxy." + "golang"]
    assert [file for file in tracked_files() if any(host in file.read_text(errors="ignore") for host in hosts)] == []


def test_no_file_has_a_conflict_marker() -> None:
    """A merge of documents that nobody resolved breaks no other test."""
    marker = re.compile(r"^(<{7}|>{7}) ", re.MULTILINE)
    assert [file for file in tracked_files() if marker.search(file.read_text(errors="ignore"))] == []


@named
def test_migrations_have_versions_of_their_own(function: Member) -> None:
    """dbmate records the version alone: of two migrations with one version, the second never runs."""
    versions = [file.name.partition("_")[0] for file in (function.folder / "migrations").glob("*.sql")]
    assert len(versions) == len(set(versions))


@named
def test_function_starts_with_only_its_own_requirements(function: Member, tmp_path: Path) -> None:
    """The image contains only the function's own requirements; an import of anything else would fail there."""
    uv, python = Path(sys.executable).with_name("uv"), tmp_path / "venv" / "bin" / "python"
    folders = [ROOT / "shared-schemas", ROOT / "events", function.folder]
    for command in (
        [uv, "venv", "-q", "--python", sys.executable, tmp_path / "venv"],
        [uv, "pip", "sync", "-q", "--python", python, "--require-hashes", function.folder / "requirements.txt"],
    ):
        subprocess.run(list(map(str, command)), check=True, cwd=tmp_path)
    paths = ":".join(str(folder / "src") for folder in folders)
    process = subprocess.run(
        [str(python), "-c", f"import {function.package}.main"],
        env={"PYTHONPATH": paths}, cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert process.returncode == 0, process.stderr


# A cluster gets the manifests.


@pytest.mark.skipif(not CRDS.is_file(), reason="../shared/crds is absent: the CRDs are not part of the project")
def test_manifests_match_the_schemas_of_a_cluster() -> None:
    paths = [path for folder in ("base", "cluster") for path in (ROOT / "knative" / folder).rglob("*.yaml")]
    files = [str(path) for path in paths if path.name != PREREQUISITES]
    process = subprocess.run([sys.executable, str(CRDS), *files], capture_output=True, text=True, check=False)
    assert process.returncode == 0, process.stdout


def test_support_modules_of_tests_have_unique_names() -> None:
    """Test folders are not packages, so that of two support modules with one name only the first is importable."""
    modules: dict[str, list[Path]] = {}
    for path in ROOT.glob("**/tests/**/*.py"):
        if ".venv" not in path.parts and not path.name.startswith(("test_", "conftest", "__init__")):
            modules.setdefault(path.name, []).append(path)
    assert {name: paths for name, paths in modules.items() if len(paths) > 1} == {}
