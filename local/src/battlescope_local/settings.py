"""Settings of a node from the command line and the environment; no other module of local mode reads the environment."""

import hashlib
import json
import os
import tempfile
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final

from battlescope_events.object_storage.access import BucketAccess
from battlescope_local.devtools.project import ROOT

DEFAULT_PORT: Final = 3000
LOOPBACK: Final = "127.0.0.1"
ACCESS_KEYS: Final = ("PUBLIC_ORIGINS", "CORS_ORIGINS", "TRUSTED_HOPS")
NODE_LOG_FILE: Final = "node.log"
LOG_FORMAT: Final = "%(asctime)s %(levelname)s %(name)s: %(message)s"
UPSTREAMS_CONFIG_MAP: Final = "upstreams"
HISTORY_CONFIG_MAP: Final = "history"
RETENTION_KEY: Final = "DATA_RETENTION_MONTHS"
ALL_MONTHS: Final = "1200"  # older than every killmail
# Keys of that ConfigMap that the environment can set as BATTLESCOPE_<key>.
UPSTREAM_KEYS: Final = (
    "FEED_URL", "ESI_URL", "SDE_URL", "EVEREF_URL", "SSO_URL", "USER_AGENT", "FEED_MAX_RATE",
    "FEED_IDLE_SECONDS", "EVEREF_MAX_RATE", "ESI_MAX_RATE",
    "STANDBY_SOURCE", "STANDBY_URL", "STANDBY_MAX_RATE", "STANDBY_IDLE_SECONDS",
    "LINGER_SECONDS", "BATCH_THRESHOLD", "CATCH_UP_SECONDS",
    "FAILOVER_SILENCE_SECONDS", "FAILOVER_ERROR_SECONDS", "FAILOVER_RECOVERY_SECONDS",
    "MARKET_HISTORY_URL", "MARKET_HISTORY_MAX_RATE", "TICKER_MAX_RATE",
)  # fmt: skip
# Variables that every program needs in order to run; all others come from its manifest.
INHERITED_VARIABLES: Final = (
    "HOME",
    "LANG",
    "LC_ALL",
    "TZ",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "PYTHONPATH",
    "PYTHONHOME",
)


@dataclass(frozen=True, slots=True)
class S3Access:
    endpoint: str
    access_key: str
    secret_key: str = field(repr=False)
    region: str = "us-east-1"

    def bucket(self, name: str) -> BucketAccess:
        """Access to one of the server's buckets."""
        return BucketAccess(self.endpoint, self.region, name, self.access_key, self.secret_key)


@dataclass(frozen=True, slots=True)
class ExternalServers:
    """Servers that run elsewhere; the node starts a server of its own for each that is None.

    kafka_security: librdkafka's settings for TLS and sign-in; empty for a Kafka without either.
    """

    postgres_url: str | None = None
    redis_url: str | None = None
    s3: S3Access | None = None
    kafka_bootstrap: str | None = None
    kafka_security: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)


@dataclass(frozen=True, slots=True)
class Settings:
    """Settings of one node; a background node receives them as JSON.

    data: folder of all state.
    project: folder of the project, whose knative/base the node runs.
    port: of the gateway; 0 takes a free one.
    host: the address of the gateway; one that other machines reach needs the access mode `sso`.
    access_mode: `off` or `sso`; see `battlescope_events.edge.modes`.
    timers: whether PingSources publish timer events.
    overrides: values of ConfigMaps that replace those of the manifests.
    simulator_arguments: arguments of the simulated upstreams; without any, the node starts no simulator.
    simulated_upstreams: addresses that lead to the simulator.
    fresh: whether the node deletes the data of earlier runs first.
    environment: variables that every function and Job gets beside those of its manifest.
    build_web_app: whether the node builds the web app of the project beside its start.
    """

    data: str
    project: str = str(ROOT)
    port: int = DEFAULT_PORT
    host: str = LOOPBACK
    access_mode: str = "off"
    timers: bool = True
    overrides: Mapping[str, Mapping[str, str]] = field(default_factory=dict[str, Mapping[str, str]])
    simulator_arguments: tuple[str, ...] | None = None
    simulated_upstreams: tuple[str, ...] = (
        "FEED_URL", "ESI_URL", "SDE_URL", "EVEREF_URL", "MARKET_HISTORY_URL", "SSO_URL",
    )  # fmt: skip
    fresh: bool = False
    environment: Mapping[str, str] = field(default_factory=dict[str, str])
    build_web_app: bool = False

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
    simulator_arguments, simulated_upstreams = values.pop("simulator_arguments"), values.pop("simulated_upstreams")
    return Settings(
        **values,
        simulator_arguments=None if simulator_arguments is None else tuple(simulator_arguments),
        simulated_upstreams=tuple(simulated_upstreams),
    )


def upstream_overrides(
    excluded: Collection[str] = (), environ: Mapping[str, str] = os.environ
) -> dict[str, Mapping[str, str]]:
    """Values of the ConfigMap `upstreams` that the environment overrides, without the keys `excluded`."""
    values = {name: environ.get(f"BATTLESCOPE_{name}", "") for name in UPSTREAM_KEYS if name not in excluded}
    overrides = {name: value for name, value in values.items() if value}
    return {UPSTREAMS_CONFIG_MAP: overrides} if overrides else {}


def access_mode(environ: Mapping[str, str] = os.environ) -> str:
    """`sso` where the environment has the client id of an application of EVE's SSO, else `off`."""
    return "sso" if environ.get("BATTLESCOPE_SSO_CLIENT_ID", "").strip() else "off"


def access_overrides(environ: Mapping[str, str] = os.environ) -> dict[str, Mapping[str, str]]:
    """Values of the ConfigMap `access` that the environment sets as BATTLESCOPE_<key>."""
    values = {name: value for name in ACCESS_KEYS if (value := environ.get(f"BATTLESCOPE_{name}", ""))}
    return {"access": values} if values else {}


def has_contact(environ: Mapping[str, str] = os.environ) -> bool:
    """Whether upstreams get a name and an address of the operator."""
    return bool(environ.get("BATTLESCOPE_USER_AGENT", "").strip())


def history_overrides(*, keep_all: bool, environ: Mapping[str, str] = os.environ) -> dict[str, Mapping[str, str]]:
    """Retention from the environment; with `keep_all`, a replay of files keeps what it loads, however old it is."""
    months = environ.get(f"BATTLESCOPE_{RETENTION_KEY}") or (ALL_MONTHS if keep_all else "")
    return {HISTORY_CONFIG_MAP: {RETENTION_KEY: months}} if months else {}


def external_servers(environ: Mapping[str, str] = os.environ) -> ExternalServers:
    endpoint = environ.get("BATTLESCOPE_S3_ENDPOINT_URL")
    return ExternalServers(
        postgres_url=environ.get("BATTLESCOPE_POSTGRES_URL"),
        redis_url=environ.get("BATTLESCOPE_REDIS_URL"),
        s3=_s3(endpoint, environ) if endpoint else None,
        kafka_bootstrap=environ.get("BATTLESCOPE_KAFKA_BOOTSTRAP"),
        kafka_security=_kafka_security(environ),
    )


def static_data_path(environ: Mapping[str, str] = os.environ) -> Path | None:
    """CCP's static data as a file, for `battlescope replay`."""
    path = environ.get("BATTLESCOPE_SDE")
    return Path(path) if path else None


def _kafka_security(environ: Mapping[str, str]) -> dict[str, str]:
    """TLS where there is a certificate of an authority, sign-in where there is a user.

    Raises:
        ValueError: there is a user without a password.
    """
    authority, user = environ.get("BATTLESCOPE_KAFKA_CA_FILE", ""), environ.get("BATTLESCOPE_KAFKA_USERNAME", "")
    password = environ.get("BATTLESCOPE_KAFKA_PASSWORD", "")
    if user and not password:
        raise ValueError("BATTLESCOPE_KAFKA_USERNAME is set, so BATTLESCOPE_KAFKA_PASSWORD must be set too.")
    security = dict[str, str]()
    if authority:
        security |= {"security.protocol": "SSL", "ssl.ca.location": authority}
    if user:
        security |= {
            "security.protocol": "SASL_SSL" if authority else "SASL_PLAINTEXT",
            "sasl.mechanism": environ.get("BATTLESCOPE_KAFKA_SASL_MECHANISM", "SCRAM-SHA-512"),
            "sasl.username": user,
            "sasl.password": password,
        }
    return security


def _s3(endpoint: str, environ: Mapping[str, str]) -> S3Access:
    try:
        keys = environ["AWS_ACCESS_KEY_ID"], environ["AWS_SECRET_ACCESS_KEY"]
    except KeyError as error:
        message = f"BATTLESCOPE_S3_ENDPOINT_URL is set, so {error.args[0]} must be set too."
        raise ValueError(message) from None
    return S3Access(endpoint, *keys, region=environ.get("AWS_REGION", "us-east-1"))


def base_environment(bin_folder: Path, environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The part of this process's environment that every child process inherits."""
    inherited = {name: environ[name] for name in INHERITED_VARIABLES if name in environ}
    return {**inherited, "PATH": f"{bin_folder}:{environ.get('PATH', os.defpath)}"}


def whole_environment(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """For a build: npm's proxies, certificates and registry are those of the user."""
    return dict(environ)


def data_folder(chosen: str | None, project: Path = ROOT, environ: Mapping[str, str] = os.environ) -> Path:
    """Folder of this project's state.

    PostgreSQL refuses to run as root. Under root it therefore runs as the user nobody, who cannot enter a home with
    mode 0700. In that case the state is in a folder of /var/tmp that is named after the project.
    """
    configured = chosen or environ.get("BATTLESCOPE_DATA")
    folder = Path(configured).absolute() if configured else project / ".battlescope"
    if os.geteuid() != 0 or is_traversable_by_all(folder):
        return folder
    return _temporary_folder() / f"battlescope-{hashlib.sha256(str(folder).encode()).hexdigest()[:12]}"


def is_traversable_by_all(path: Path) -> bool:
    """Whether every user can traverse all existing folders above `path`."""
    return all(parent.stat().st_mode & 0o001 for parent in path.parents if parent.exists())


def _temporary_folder() -> Path:
    var_tmp = Path("/var/tmp")  # noqa: S108  # survives a reboot; `make_private` refuses a folder of another user
    return var_tmp if var_tmp.is_dir() else Path(tempfile.gettempdir())


def make_private(folder: Path) -> None:
    """Create `folder` for its owner only, with the node's log.

    Under root others may traverse it, because PostgreSQL runs as nobody. Everything else in it is therefore private by
    itself.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if folder.stat().st_uid != os.geteuid() or folder.is_symlink():
        message = f"{folder} belongs to another user; choose another folder with --data."
        raise PermissionError(message)
    folder.chmod(0o711 if os.geteuid() == 0 else 0o700)
    log = folder / NODE_LOG_FILE
    log.touch(mode=0o600)
    log.chmod(0o600)
