"""`make setup` where only pip knows a company's CA and index: an index on the loopback with a CA of its own."""

import base64
import hashlib
import os
import re
import shlex
import shutil
import ssl
import stat
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[3]
UV: Final = Path(sys.executable).parent / "uv"
# A build backend without dependencies: what `pip install --editable` of a member needs.
BACKEND: Final = """
import shutil
def build_editable(folder, config_settings=None, metadata_directory=None):
    shutil.copy("../member-1-py3-none-any.whl", folder)
    return "member-1-py3-none-any.whl"
def get_requires_for_build_editable(config_settings=None):
    return []
"""
MEMBER: Final = """
[project]
name = "member"
version = "1"
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
"""


def write_wheel(folder: Path, name: str, scripts: dict[str, str] | None = None) -> str:
    """Write a wheel of an empty package with these commands; returns the SHA-256 of its bytes."""
    info = f"{name}-1.dist-info"
    files = {
        f"{name}.py": "",
        **{f"{name}-1.data/scripts/{command}": text for command, text in (scripts or {}).items()},
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{path},sha256={_digest(text)},{len(text)}\n" for path, text in files.items())
    path = folder / f"{name}-1-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        for file, text in {**files, f"{info}/RECORD": f"{record}{info}/RECORD,,\n"}.items():
            entry = zipfile.ZipInfo(file)
            entry.external_attr = (stat.S_IFREG | (0o755 if "/scripts/" in file else 0o644)) << 16
            wheel.writestr(entry, text)
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _digest(text: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("setup")


@pytest.fixture(scope="module")
def ca(folder: Path) -> tuple[Path, Path]:
    """A CA, and the certificate with key of a server on the loopback that it has signed."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl makes the certificates, and is not installed.")
    (folder / "server.ext").write_text("subjectAltName=IP:127.0.0.1\n")
    for command in (
        "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ca.key -out ca.pem -subj /CN=company",
        "req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout server.key -out server.csr -subj /CN=index",
        "x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out server.pem -extfile server.ext -days 2",
    ):
        subprocess.run([openssl, *command.split()], cwd=folder, check=True, capture_output=True)
    chain = folder / "chain.pem"
    chain.write_text((folder / "server.pem").read_text() + (folder / "server.key").read_text())
    return folder / "ca.pem", chain


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """The server of a test logs nothing."""


class _QuietServer(ThreadingHTTPServer):
    def handle_error(self, *_: object) -> None:
        """Clients that refuse the certificate are part of the test."""


@pytest.fixture(scope="module")
def index(folder: Path, ca: tuple[Path, Path]) -> Iterator[tuple[str, dict[str, str]]]:
    """The address of an index with the packages uv and thing, and the SHA-256 of each."""
    files = folder / "index"
    hashes: dict[str, str] = {}
    for name, scripts in (("uv", {"uv": f'#!/bin/sh\nexec "{UV}" "$@"\n'}), ("thing", None)):
        package = files / "simple" / name
        package.mkdir(parents=True)
        hashes[name] = write_wheel(package, name, scripts)
        wheel = f"{name}-1-py3-none-any.whl"
        (package / "index.html").write_text(f'<!doctype html><a href="{wheel}">{wheel}</a>')
    server = _QuietServer(("127.0.0.1", 0), partial(_Quiet, directory=str(files)))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(ca[1])
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"https://127.0.0.1:{server.server_port}/simple", hashes
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@dataclass(frozen=True)
class Setup:
    """A project of one member, and the environment in which only pip knows CA and index."""

    project: Path
    environment: dict[str, str]

    def run(self) -> None:
        subprocess.run(
            ["make", "setup", "MEMBERS=member", f"PYTHON={sys.executable}"],
            cwd=self.project, env=self.environment, check=True,
        )  # fmt: skip

    def installed(self) -> set[str]:
        return {path.name for path in self.project.glob(".venv/lib/*/site-packages/*.py")}


@pytest.fixture(scope="module")
def setup(folder: Path, ca: tuple[Path, Path], index: tuple[str, dict[str, str]]) -> Setup:
    """Shared, because a setup takes seconds: each test begins with one, which has nothing to do after another."""
    url, hashes = index
    project = folder / "a project"
    (project / "member" / "src").mkdir(parents=True)
    shutil.copy(ROOT / "Makefile", project)
    (project / "member" / "pyproject.toml").write_text(MEMBER)
    (project / "member" / "backend.py").write_text(BACKEND)
    write_wheel(project, "member")
    (project / "pyproject.toml").write_text("")
    (project / "requirements.lock").write_text(
        "".join(f"{name}==1 \\\n    --hash=sha256:{digest}\n" for name, digest in sorted(hashes.items()))
    )
    (folder / "pip.conf").write_text(f"[global]\nindex-url = {url}\nretries = 0\ncert = {ca[0]}\n")
    environment = {
        "PATH": os.environ["PATH"], "HOME": str(folder), "PIP_CONFIG_FILE": str(folder / "pip.conf"),
        "PIP_NO_CACHE_DIR": "1", "UV_CACHE_DIR": str(folder / "cache"), "UV_SYSTEM_CERTS": "false",
    }  # fmt: skip
    return Setup(project, environment)


def test_setup_uses_the_ca_and_the_index_that_only_pip_knows(setup: Setup, index: tuple[str, dict[str, str]]) -> None:
    strange = [str(UV), "pip", "install", "--dry-run", "--python", sys.executable, "--default-index", index[0], "thing"]
    without_ca = subprocess.run(
        strange, env=setup.environment | {"UV_HTTP_RETRIES": "0"}, capture_output=True, check=False
    )
    assert b"invalid peer certificate" in without_ca.stderr
    setup.run()
    assert setup.installed() == {"thing.py", "uv.py", "member.py"}


def test_interrupted_setup_is_repeatable(setup: Setup) -> None:
    """An update that fails is unfinished; what is half written then, pip and uv take for installed."""
    setup.run()
    lock = setup.project / "requirements.lock"
    complete = lock.read_text()
    lock.write_text(complete.replace("thing==1", "thing==2"))
    with pytest.raises(subprocess.CalledProcessError):
        setup.run()
    lock.write_text(complete)
    uv = setup.project / ".venv" / "bin" / "uv"
    uv.write_text("half")
    uv.chmod(0o644)
    next(setup.project.glob(".venv/lib/*/site-packages/thing.py")).unlink()
    setup.run()
    assert setup.installed() == {"thing.py", "uv.py", "member.py"}


def test_makefile_quotes_the_folder_of_the_project(tmp_path: Path) -> None:
    """The commands of every target in a folder with a space, where Node is as far as a real installation has it."""
    project = tmp_path / "my project"
    python = project / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    shutil.copy(ROOT / "Makefile", project)
    for file in ("requirements.lock", "pyproject.toml", "spa/package-lock.json", "spa/e2e/package-lock.json"):
        (project / file).parent.mkdir(parents=True, exist_ok=True)
        (project / file).touch()
    python.write_text(f'#!/bin/sh\necho "{project}/node"\n')
    python.chmod(0o755)
    targets = re.findall(r"^([a-z][a-z0-9-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    commands = subprocess.run(
        ["make", "-n", "MEMBERS=", *targets], cwd=project, capture_output=True, text=True, check=True
    ).stdout
    words = [word for line in commands.splitlines() if str(project) in line for word in shlex.split(line)]
    assert any(str(project) in word for word in words)
    assert not [word for word in words if word.endswith(f"{tmp_path}/my")]


@pytest.mark.parametrize("target", ["status", "logs", "stop", "down", "health"])
def test_command_before_setup_names_it(tmp_path: Path, target: str) -> None:
    shutil.copy(ROOT / "Makefile", tmp_path)
    ended = subprocess.run(["make", target], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert "BattleScope is not installed; run `make setup`." in ended.stderr
    assert "No such file" not in ended.stderr


def dry_run(*arguments: str) -> str:
    return subprocess.run(["make", "-n", *arguments], cwd=ROOT, capture_output=True, text=True, check=True).stdout


def test_empty_port_is_the_default() -> None:
    assert "--port 3000" in dry_run("demo", "PORT=")
    assert "--port 3001" in dry_run("demo", "PORT=3001")


def test_rollback_asks_for_a_function(tmp_path: Path) -> None:
    (tmp_path / "Makefile").write_text((ROOT / "Makefile").read_text().replace("rollback: $(READY)", "rollback:"))
    ended = subprocess.run(["make", "rollback"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert ended.stderr.startswith("Name the function: set FUNCTION=")
    assert "exit 2" not in dry_run("rollback", "FUNCTION=battle-api")
