"""The environment of a function as the manifests have it, for a process that a test starts alone."""

from functools import cache

from battlescope_local.devtools.project import ROOT
from battlescope_local.manifests import load
from battlescope_local.manifests.model import Manifests
from battlescope_local.settings import S3Access
from battlescope_local.testing.buckets import create_bucket
from battlescope_local.testing.databases import Database

NOWHERE = "http://127.0.0.1:9"
NO_ARCHIVE = {  # for functions of whose objects a test reads none
    "S3_ENDPOINT_URL": NOWHERE,
    "S3_REGION": "none",
    "S3_BUCKET": "none",
    "AWS_ACCESS_KEY_ID": "none",
    "AWS_SECRET_ACCESS_KEY": "none",
}


@cache
def manifests() -> Manifests:
    return load(ROOT / "knative" / "base")


def function_environment(
    function: str, database: Database, storage: S3Access, sink: str = f"{NOWHERE}/sink"
) -> dict[str, str]:
    """Variables of the manifests, with servers of the test and no upstream; `sink` is the URL of its Broker."""
    (service,) = (service for service in manifests().services if service.name == function)
    config_maps = [manifests().config_maps[name] for name in service.container.env_from_config_maps]
    values = {name: value for config_map in config_maps for name, value in config_map.items()}
    values |= {variable.name: variable.value for variable in service.container.env if variable.value is not None}
    values |= {name: NOWHERE for name in values if name.endswith("_URL")}
    return values | create_bucket(storage).environment() | {
        "DATABASE_URL": database.url(function),
        "K_SINK": sink,
        "REDIS_URL": "redis://127.0.0.1:9",
        "ACCESS_MODE": "off",
        "OWNER_TOKEN": "token",
        "TOKEN_ENCRYPTION_KEY": f"test:{'00' * 32}",
    }  # fmt: skip
