"""`make images-check`: each function starts from its `requirements.txt` alone, as an image has it, without an engine.

A folder becomes the root of a process with a mount namespace of its own: the interpreter and the libraries of this
machine read-only, the function's environment and code as functions/Dockerfile lays them, user 65532, no capabilities,
nothing writable but the scratch that its manifest declares. Needs Linux and root.
"""

import argparse
import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import yaml

from battlescope_local.devtools.project import ROOT, Member, functions
from battlescope_local.manifests import load
from battlescope_local.serving.instances import UVICORN_OPTIONS

UV: Final = Path(sys.executable).with_name("uv")
UNSHARE: Final = "/usr/bin/unshare"
USER: Final = 65532
PLATFORMS: Final = ("x86_64-manylinux_2_28", "aarch64-manylinux_2_28")
IMAGE_PYTHON: Final = "3.13"
DEADLINE_SECONDS: Final = 120
NOWHERE: Final = "127.0.0.1:9"


class RootError(Exception):
    """A function does not start, or its root can be written."""


def can_make_roots() -> bool:
    """Whether this machine lets us mount and change the root."""
    needed = all(shutil.which(program) for program in ("unshare", "chroot", "setpriv", "mount"))
    return sys.platform == "linux" and os.geteuid() == 0 and needed


def check_platforms(function: Member) -> None:
    """Every requirement has a wheel for both platforms of the images; nothing is built.

    Raises:
        CalledProcessError: a requirement has none.
    """
    for platform in PLATFORMS:
        with tempfile.TemporaryDirectory() as target:
            _uv(
                *("pip", "install", "--quiet", "--dry-run", "--target", target, "--only-binary", ":all:"),
                *("--python-platform", platform, "--python-version", IMAGE_PYTHON, "--require-hashes"),
                *("--requirement", function.folder / "requirements.txt"),
            )


def check_start(function: Member) -> str:
    """Start the function in a root of its own, and return what its readiness says.

    Raises:
        RootError: it does not start, or something in the root can be written.
        CalledProcessError: its requirements cannot be installed.
    """
    with tempfile.TemporaryDirectory(prefix="battlescope-root-") as folder:
        root = Path(folder)
        root.chmod(0o755)
        _lay_files(function, root)
        with _started(function, root) as port:
            _wait_until_alive(function.name, port)
            return _readiness(port)


def _lay_files(function: Member, root: Path) -> None:
    app = root / "app"
    (app / "function").mkdir(parents=True)
    _uv("venv", "--quiet", "--python", sys.executable, app / "venv")
    python, requirements = app / "venv" / "bin" / "python", function.folder / "requirements.txt"
    _uv("pip", "sync", "--quiet", "--python", python, "--only-binary", ":all:", "--require-hashes", requirements)
    for source in (ROOT / "shared-schemas", ROOT / "events", function.folder):
        shutil.copytree(source / "src", app / "src", dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    for part in ("migrations", "site"):
        if (function.folder / part).is_dir():
            shutil.copytree(function.folder / part, app / "function" / part)


@contextmanager
def _started(function: Member, root: Path) -> Generator[int]:
    port = _free_port()
    script = "\n".join([*_mounts(function, root), _command(function, root, port)])
    log = root.with_suffix(".log")
    with log.open("wb") as output:
        process = subprocess.Popen(
            [UNSHARE, "--mount", "--pid", "--fork", "sh", "-euc", script],
            env={"PATH": os.environ["PATH"]}, stdout=output, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
        try:
            yield port
        except RootError as error:
            raise RootError(f"{error}\n{log.read_text()[-2000:]}") from error
        finally:
            # The whole group: changing the user clears the signal by which a child ends with its parent.
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            log.unlink()


def _mounts(function: Member, root: Path) -> Iterator[str]:
    """Commands that make the root: everything of the machine read-only, and the root itself too."""
    yield "mount --make-rprivate /"
    yield f"mount --bind {root} {root}"
    shared = [path for path in ("/usr", "/lib", "/lib64", "/bin", "/etc/ssl", "/dev") if Path(path).exists()]
    for path in dict.fromkeys([*shared, sys.base_prefix]):
        if path != "/usr" and path.startswith("/usr/"):
            continue
        target = root / path.lstrip("/")
        target.mkdir(parents=True, exist_ok=True)
        yield f"mount --rbind {path} {target}"
        yield f"mount -o remount,bind,ro {target}"
    (root / "proc").mkdir()
    yield f"mount -t proc proc {root}/proc"
    if scratch := _scratch(function):
        (root / "tmp").mkdir()
        yield f"mount -t tmpfs -o size={scratch},mode=1777 tmpfs {root / 'tmp'}"
    yield f"mount -o remount,bind,ro {root}"


def _scratch(function: Member) -> str:
    """The size of the function's scratch in the words of mount; empty where its manifest declares none."""
    declaration: Any = yaml.safe_load((ROOT / "knative" / "declarations" / f"{function.name}.yaml").read_text())
    scratch: Any = declaration["resources"].get("scratch", "")
    size: Any = scratch if isinstance(scratch, str) else scratch["value"]
    return str(size).replace("Mi", "m")


def _command(function: Member, root: Path, port: int) -> str:
    """The command of the image, after tries to write that must fail."""
    variables = environment(function) | {
        "PATH": "/app/venv/bin:/usr/bin:/bin",
        "PYTHONPATH": "/app/src",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PORT": str(port),
    }
    app = f"{function.package}.main:app"
    listening = ("--host", "127.0.0.1", "--port", str(port))
    server = shlex.join(["python", "-m", "battlescope_events.server", app, *listening, *UVICORN_OPTIONS])
    tries = " && ".join(
        f"! touch {path}/written 2>/dev/null" for path in ("", "/app", "/app/function", "/app/src", "/usr")
    )
    inner = f"{tries} && cd /app/function && exec {server}"
    rights = f"--reuid={USER} --regid={USER} --clear-groups --no-new-privs --bounding-set=-all --inh-caps=-all"
    pairs = shlex.join(f"{name}={value}" for name, value in sorted(variables.items()))
    return f"exec chroot {root} /usr/bin/setpriv {rights} /usr/bin/env -i {pairs} /bin/sh -c {shlex.quote(inner)}"


def environment(function: Member) -> dict[str, str]:
    """Variables of the manifests, with stores and upstreams that are not there."""
    manifests = load(ROOT / "knative" / "base")
    service = next(service for service in manifests.services if service.name == function.name)
    values = dict[str, str]()
    for name in service.container.env_from_config_maps:
        values |= manifests.config_maps[name]
    values |= {variable.name: variable.value for variable in service.container.env if variable.value is not None}
    values |= {name: f"http://{NOWHERE}" for name in values if name.endswith("_URL")}
    return values | _absent_stores(function)


def _absent_stores(function: Member) -> dict[str, str]:
    return {
        "DATABASE_URL": f"postgresql://{function.name}:none@{NOWHERE}/none",
        "REDIS_URL": f"redis://{NOWHERE}",
        "K_SINK": f"http://{NOWHERE}/sink",
        "S3_ENDPOINT_URL": f"http://{NOWHERE}",
        "S3_REGION": "none",
        "S3_BUCKET": "none",
        "AWS_ACCESS_KEY_ID": "none",
        "AWS_SECRET_ACCESS_KEY": "none",
        "SSO_CLIENT_ID": "none",
        "SSO_CLIENT_SECRET": "none",
        "TOKEN_ENCRYPTION_KEY": f"test:{'00' * 32}",
    }


def _wait_until_alive(name: str, port: int) -> None:
    end = time.monotonic() + DEADLINE_SECONDS
    while time.monotonic() < end:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/health/liveness", timeout=5):
                return
        except OSError:
            time.sleep(0.1)
    raise RootError(f"{name} does not answer /health/liveness.")


def _readiness(port: int) -> str:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health/readiness", timeout=30) as answer:
            return f"ready ({answer.status})"
    except urllib.error.HTTPError as error:
        return f"waits for its stores ({error.code})"


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def _uv(*arguments: str | Path) -> None:
    subprocess.run([str(UV), *map(str, arguments)], check=True, cwd=tempfile.gettempdir())


def main() -> None:
    parser = argparse.ArgumentParser(prog="images-check", description="Start functions as images have them.")
    parser.add_argument("functions", nargs="*", help="without any: all")
    chosen = set(parser.parse_args().functions)
    if not can_make_roots():
        sys.exit("images-check needs Linux and root, for a mount namespace and another user.")
    for function in functions():
        if not chosen or function.name in chosen:
            try:
                check_platforms(function)
                print(f"{function.name}: {check_start(function)}", flush=True)
            except RootError as error:
                sys.exit(str(error))


if __name__ == "__main__":
    main()
