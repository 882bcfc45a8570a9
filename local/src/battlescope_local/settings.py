"""What the command line and the environment say about this node; the only reader of the environment in local mode."""

import hashlib
import json
import os
import tempfile
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final

from battlescope_local.devtools.project import ROOT

PORT: Final = 3000
CONFIG_MAP: Final = "upstreams"
# Its keys that the environment may set, with BATTLESCOPE_ before them.
UPSTREAMS: Final = (
    "FEED_URL", "ESI_URL", "SDE_URL", "EVEREF_URL", "USER_AGENT", "FEED_MAX_RATE", "FEED_IDLE_SECONDS",
    "EVEREF_MAX_RATE", "ESI_MAX_RATE",
)  # fmt: skip
# What a program needs of our environment to run at all; everything else it is told by its manifest.
PASSED_ON: Final = ("HOME", "LANG", "LC_ALL", "TZ", "SSL_CERT_FILE", "SSL_CERT_DIR", "PYTHONPATH", "PYTHONHOME")


@dataclass(frozen=True, slots=True)
class S3Access:
    endpoint: str
    access_key: str
    secret_key: str = field(repr=False)
    region: str = "us-east-1"


@dataclass(frozen=True, slots=True)
class ExternalServers:
    """Servers that somebody else runs. What is None is started by the node."""

    postgres_url: str | None = None
    redis_url: str | None = None
    s3: S3Access | None = None
    kafka_bootstrap: str | None = None


@dataclass(frozen=True, slots=True)
class Settings:
    """One node: where it lives, what it shows, which manifests it runs. Travels to a background node as JSON.

    `upstream` are the arguments of the stand-in for the outside world, `stood_in` the addresses that lead to it;
    `environment` is what every function and Job gets besides what its manifest gives.
    """

    data: str
    project: str = str(ROOT)
    port: int = PORT
    timers: bool = True
    overrides: Mapping[str, Mapping[str, str]] = field(default_factory=dict[str, Mapping[str, str]])
    upstream: tuple[str, ...] | None = None
    simulated_upstreams: tuple[str, ...] = ("FEED_URL", "ESI_URL", "SDE_URL", "EVEREF_URL")
    fresh: bool = False
    environment: Mapping[str, str] = field(default_factory=dict[str, str])

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @property
    def folder(self) -> Path:
        return Path(self.data)

    @property
    def manifests(self) -> Path:
        return Path(self.project) / "knative" / "base"


def from_json(text: str) -> Settings:
    values = json.loads(text)
    upstream, simulated_upstreams = values.pop("upstream"), tuple(values.pop("simulated_upstreams"))
    return Settings(
        **values, upstream=None if upstream is None else tuple(upstream), simulated_upstreams=simulated_upstreams
    )


def upstreams(but: Collection[str] = (), environ: Mapping[str, str] = os.environ) -> dict[str, Mapping[str, str]]:
    """What the environment overrides of the outside world's ConfigMap."""
    chosen = {name: environ.get(f"BATTLESCOPE_{name}", "") for name in UPSTREAMS if name not in but}
    given = {name: value for name, value in chosen.items() if value}
    return {CONFIG_MAP: given} if given else {}


def given(environ: Mapping[str, str] = os.environ) -> ExternalServers:
    endpoint = environ.get("BATTLESCOPE_S3_ENDPOINT_URL")
    return ExternalServers(
        postgres_url=environ.get("BATTLESCOPE_POSTGRES_URL"),
        redis_url=environ.get("BATTLESCOPE_REDIS_URL"),
        s3=_s3(endpoint, environ) if endpoint else None,
        kafka_bootstrap=environ.get("BATTLESCOPE_KAFKA_BOOTSTRAP"),
    )


def static_data(environ: Mapping[str, str] = os.environ) -> Path | None:
    """CCP's static data as a file, for who replays files."""
    named = environ.get("BATTLESCOPE_SDE")
    return Path(named) if named else None


def _s3(endpoint: str, environ: Mapping[str, str]) -> S3Access:
    try:
        keys = environ["AWS_ACCESS_KEY_ID"], environ["AWS_SECRET_ACCESS_KEY"]
    except KeyError as error:
        message = f"BATTLESCOPE_S3_ENDPOINT_URL is set, so {error.args[0]} must be set too."
        raise ValueError(message) from None
    return S3Access(endpoint, *keys, region=environ.get("AWS_REGION", "us-east-1"))


def base_environment(first_on_path: Path, environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The little of our environment that every child gets."""
    passed = {name: environ[name] for name in PASSED_ON if name in environ}
    return {**passed, "PATH": f"{first_on_path}:{environ.get('PATH', os.defpath)}"}


def data_folder(chosen: str | None, project: Path = ROOT, environ: Mapping[str, str] = os.environ) -> Path:
    """Where this project keeps its state.

    PostgreSQL refuses to run as root, so root's servers run as nobody, who cannot enter a 0700 home: then the state
    goes to a folder of /var/tmp that is named after the project.
    """
    named = chosen or environ.get("BATTLESCOPE_DATA")
    wanted = Path(named).absolute() if named else project / ".battlescope"
    if os.geteuid() != 0 or nobody_may_enter(wanted):
        return wanted
    return _shared_temporary() / f"battlescope-{hashlib.sha256(str(wanted).encode()).hexdigest()[:12]}"


def nobody_may_enter(path: Path) -> bool:
    """Whether any user may walk through all existing folders above `path`."""
    return all(parent.stat().st_mode & 0o001 for parent in path.parents if parent.exists())


def _shared_temporary() -> Path:
    lasting = Path("/var/tmp")  # noqa: S108 -- outlives a reboot; `make_private` refuses a folder that is not ours
    return lasting if lasting.is_dir() else Path(tempfile.gettempdir())


def make_private(folder: Path) -> None:
    """Make `folder` ours alone; root's may be walked through, because PostgreSQL lives in it as nobody."""
    folder.mkdir(parents=True, exist_ok=True)
    if folder.stat().st_uid != os.geteuid() or folder.is_symlink():
        message = f"{folder} belongs to somebody else; choose another folder with --data."
        raise PermissionError(message)
    folder.chmod(0o711 if os.geteuid() == 0 else 0o700)
