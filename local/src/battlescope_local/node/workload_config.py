"""Secrets and ConfigMaps of this machine, and the environment variables of a container."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from battlescope_local.command_name import typed_command
from battlescope_local.errors import UserError
from battlescope_local.manifests.labels import DATABASE_LABEL, DATABASE_OWNER_LABEL, function_of
from battlescope_local.manifests.model import Container, EnvVar, Manifests
from battlescope_local.stores.group import Stores
from battlescope_local.stores.postgres import DatabaseSpec
from battlescope_local.stores.s3 import BUCKET
from battlescope_local.stores.state_file import StateFile

Values = Mapping[str, Mapping[str, str]]


class UnknownNameError(UserError):
    """A manifest refers to a Secret, a ConfigMap or a key that does not exist."""


@dataclass(frozen=True, slots=True)
class ResolvedConfig:
    """Keys and values of all Secrets and ConfigMaps, by name."""

    secrets: Values
    config_maps: Values


def required_databases(manifests: Manifests) -> tuple[DatabaseSpec, ...]:
    """The databases that labels of Services and Jobs name; the label of a migration Job names the owner.

    Raises:
        UnknownNameError: a database has users but no owner.
    """
    users: dict[str, set[str]] = {}
    owners: dict[str, str] = {}
    for workload in (*manifests.services, *manifests.jobs):
        database = workload.labels.get(DATABASE_LABEL)
        if database is not None:
            users.setdefault(database, set()).add(function_of(workload))
            if DATABASE_OWNER_LABEL in workload.labels:
                owners[database] = workload.labels[DATABASE_OWNER_LABEL]
    return tuple(_database_spec(database, names, owners) for database, names in sorted(users.items()))


def _database_spec(database: str, users: Iterable[str], owners: Mapping[str, str]) -> DatabaseSpec:
    owner = owners.get(database)
    if owner is None:
        message = f"No migration Job with the label {DATABASE_OWNER_LABEL} names the owner of the database {database}."
        raise UnknownNameError(message)
    return DatabaseSpec(database, owner, tuple(sorted(set(users) - {owner})))


def resolve_config(
    manifests: Manifests,
    stores: Stores,
    urls: Mapping[tuple[str, str], str],
    overrides: Values,
    other_secrets: Values,
) -> ResolvedConfig:
    """Secrets and ConfigMaps for all workloads.

    `urls` are database URLs by (function, database); `other_secrets` are those of logins and search.
    """
    archive_secret = {
        "S3_ENDPOINT_URL": stores.s3.endpoint,
        "S3_REGION": stores.s3.region,
        "S3_BUCKET": BUCKET,
        "AWS_ACCESS_KEY_ID": stores.s3.access_key,
        "AWS_SECRET_ACCESS_KEY": stores.s3.secret_key,
    }
    databases = {f"{function}-database": {"DATABASE_URL": url} for (function, _), url in urls.items()}
    secrets = {
        **databases,
        "archive": archive_secret,
        "cache": {"REDIS_URL": stores.redis_url},
        **other_secrets,
    }
    return ResolvedConfig(secrets, apply_overrides(manifests.config_maps, overrides))


def stored_password(folder: Path, name: str) -> str:
    """A password that a node of this folder generated.

    Raises:
        UnknownNameError: no node has run in this folder yet.
    """
    file = folder / "secrets.json"
    if not file.is_file():
        message = f"No node has created secrets in {folder} yet; `{typed_command('up')}` starts one."
        raise UnknownNameError(message)
    return StateFile(file).password(name)


def apply_overrides(config_maps: Values, overrides: Values) -> Values:
    unknown = sorted(set(overrides) - set(config_maps))
    if unknown:
        message = f"There is no ConfigMap {unknown[0]} to override."
        raise UnknownNameError(message)
    return {name: {**values, **overrides.get(name, {})} for name, values in config_maps.items()}


def container_environment(container: Container, config: ResolvedConfig, requester: str) -> dict[str, str]:
    """Variables of the container's `envFrom` and `env`; `env` takes precedence, as in Kubernetes.

    Raises:
        UnknownNameError: names `requester` and what it refers to.
    """
    values: dict[str, str] = {}
    for name in container.env_from_config_maps:
        values |= _lookup(config.config_maps, "ConfigMap", name, requester)
    for name in container.env_from_secrets:
        values |= _lookup(config.secrets, "Secret", name, requester)
    return values | {variable.name: _variable_value(variable, config, requester) for variable in container.env}


def _variable_value(variable: EnvVar, config: ResolvedConfig, requester: str) -> str:
    if variable.secret is not None:
        return _lookup_key(config.secrets, "Secret", variable.secret, requester)
    if variable.config_map is not None:
        return _lookup_key(config.config_maps, "ConfigMap", variable.config_map, requester)
    return variable.value or ""


def _lookup_key(values: Values, kind: str, reference: tuple[str, str], requester: str) -> str:
    name, key = reference
    value = _lookup(values, kind, name, requester).get(key)
    if value is None:
        message = f"{requester} refers to the key {key} of the {kind} {name}, which has only {_listed(values[name])}."
        raise UnknownNameError(message)
    return value


def _lookup(values: Values, kind: str, name: str, requester: str) -> Mapping[str, str]:
    if name not in values:
        message = f"{requester} refers to the {kind} {name}; this machine has only {_listed(values)}."
        raise UnknownNameError(message)
    return values[name]


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))
