"""What this machine gives to manifests: Secrets by name, ConfigMaps with overrides, and a container's environment."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from battlescope_local.errors import UserError
from battlescope_local.manifests.labels import DATABASE, OWNER, function_of
from battlescope_local.manifests.model import Container, EnvVar, Manifests
from battlescope_local.stores.group import Stores
from battlescope_local.stores.postgres import Need
from battlescope_local.stores.s3 import BUCKET
from battlescope_local.stores.state_file import StateFile

TOKEN: Final = "development"  # noqa: S105 -- the name under which it is remembered

Values = Mapping[str, Mapping[str, str]]


class UnknownNameError(UserError):
    """A manifest asks for something that neither it nor this machine gives."""


@dataclass(frozen=True, slots=True)
class ResolvedConfig:
    """All Secrets and ConfigMaps by name, each with its keys."""

    secrets: Values
    config_maps: Values


def needs(manifests: Manifests) -> tuple[Need, ...]:
    """The databases that the labels name: a migration Job names the owner, everybody else is a user.

    Raises:
        UnknownName: a database has users but no owner.
    """
    users: dict[str, set[str]] = {}
    owners: dict[str, str] = {}
    for workload in (*manifests.services, *manifests.jobs):
        database = workload.labels.get(DATABASE)
        if database is not None:
            users.setdefault(database, set()).add(function_of(workload))
            if OWNER in workload.labels:
                owners[database] = workload.labels[OWNER]
    return tuple(_need(database, names, owners) for database, names in sorted(users.items()))


def _need(database: str, users: Iterable[str], owners: Mapping[str, str]) -> Need:
    owner = owners.get(database)
    if owner is None:
        message = f"No migration Job with the label {OWNER} names the owner of the database {database}."
        raise UnknownNameError(message)
    return Need(database, owner, tuple(sorted(set(users) - {owner})))


def provided(
    manifests: Manifests, stores: Stores, urls: Mapping[tuple[str, str], str], overrides: Values, token: str
) -> ResolvedConfig:
    """`urls` are the databases' by (function, database); `token` is what writers show."""
    archive = {
        "S3_ENDPOINT_URL": stores.s3.endpoint,
        "S3_REGION": stores.s3.region,
        "S3_BUCKET": BUCKET,
        "AWS_ACCESS_KEY_ID": stores.s3.access_key,
        "AWS_SECRET_ACCESS_KEY": stores.s3.secret_key,
    }
    databases = {f"{function}-database": {"DATABASE_URL": url} for (function, _), url in urls.items()}
    secrets = {
        **databases,
        "archive": archive,
        "cache": {"REDIS_URL": stores.redis_url},
        "development": {"DEVELOPMENT_TOKEN": token},
    }
    return ResolvedConfig(secrets, overridden(manifests.config_maps, overrides))


def remembered(folder: Path, name: str) -> str:
    """A password that the node of this folder made.

    Raises:
        UnknownName: there was no node yet.
    """
    memory = folder / "secrets.json"
    if not memory.is_file():
        message = f"No node has made secrets in {folder} yet; `battlescope up` starts one."
        raise UnknownNameError(message)
    return StateFile(memory).password(name)


def overridden(config_maps: Values, overrides: Values) -> Values:
    unknown = sorted(set(overrides) - set(config_maps))
    if unknown:
        message = f"There is no ConfigMap {unknown[0]} to override."
        raise UnknownNameError(message)
    return {name: {**values, **overrides.get(name, {})} for name, values in config_maps.items()}


def environment(container: Container, given: ResolvedConfig, asker: str) -> dict[str, str]:
    """The container's `env` and `envFrom`, in Kubernetes' order: a single variable wins over a whole map.

    Raises:
        UnknownName: naming who asks and for what.
    """
    values: dict[str, str] = {}
    for name in container.env_from_config_maps:
        values |= _named(given.config_maps, "ConfigMap", name, asker)
    for name in container.env_from_secrets:
        values |= _named(given.secrets, "Secret", name, asker)
    return values | {one.name: _value(one, given, asker) for one in container.env}


def _value(variable: EnvVar, given: ResolvedConfig, asker: str) -> str:
    if variable.secret is not None:
        return _key(given.secrets, "Secret", variable.secret, asker)
    if variable.config_map is not None:
        return _key(given.config_maps, "ConfigMap", variable.config_map, asker)
    return variable.value or ""


def _key(values: Values, kind: str, wanted: tuple[str, str], asker: str) -> str:
    name, key = wanted
    found = _named(values, kind, name, asker).get(key)
    if found is None:
        message = (
            f"{asker} asks for the key {key} of the {kind} {name}, which has only {', '.join(sorted(values[name]))}."
        )
        raise UnknownNameError(message)
    return found


def _named(values: Values, kind: str, name: str, asker: str) -> Mapping[str, str]:
    if name not in values:
        message = f"{asker} asks for the {kind} {name}; this machine gives only {', '.join(sorted(values))}."
        raise UnknownNameError(message)
    return values[name]
