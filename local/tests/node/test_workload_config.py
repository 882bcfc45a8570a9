"""Secrets, ConfigMaps and environments of workloads."""

from pathlib import Path

import pytest

from battlescope_local.manifests.model import Container, EnvVar, Job, Manifests, Service
from battlescope_local.node.workload_config import (
    ResolvedConfig,
    UnknownNameError,
    container_environment,
    required_databases,
    resolve_config,
    stored_password,
)
from battlescope_local.settings import S3Access
from battlescope_local.stores.group import Stores
from battlescope_local.stores.postgres import DatabaseSpec
from battlescope_local.stores.state_file import StateFile

DATABASE = {"battlescope.dev/database": "battlescope_battles"}
MIGRATION = {"battlescope.dev/function": "battle-cluster", "battlescope.dev/database-owner": "battle-cluster"}
MANIFESTS = Manifests(
    services=(
        Service("battle-api", Container("i"), labels=DATABASE),
        Service("battle-cluster", Container("i"), labels=DATABASE),
        Service("free-api", Container("i")),
    ),
    jobs=(Job("migrate-battles", Container("i"), {**DATABASE, **MIGRATION}),),
    config_maps={"upstreams": {"FEED_URL": "https://feed.invalid", "USER_AGENT": "test"}},
)
STORES = Stores("postgresql://x", "redis://x", S3Access("http://s3", "key", "secret"), {})
URLS = {("battle-api", "battlescope_battles"): "postgresql://battle-api"}


def resolved_config() -> ResolvedConfig:
    return resolve_config(MANIFESTS, STORES, URLS, {"upstreams": {"FEED_URL": "http://127.0.0.1:1"}}, {})


def test_labels_name_the_required_databases() -> None:
    assert required_databases(MANIFESTS) == (DatabaseSpec("battlescope_battles", "battle-cluster", ("battle-api",)),)


def test_database_without_an_owner_is_rejected() -> None:
    with pytest.raises(UnknownNameError, match="battlescope_battles"):
        required_databases(Manifests(services=MANIFESTS.services))


def test_environment_of_a_container() -> None:
    container = Container(
        "i",
        env=(
            EnvVar("USER_AGENT", value="own"),
            EnvVar("KEY", secret=("archive", "AWS_ACCESS_KEY_ID")),
            EnvVar("FEED", config_map=("upstreams", "FEED_URL")),
        ),
        env_from_secrets=("battle-api-database", "cache"),
        env_from_config_maps=("upstreams",),
    )
    assert container_environment(container, resolved_config(), "x") == {
        "DATABASE_URL": "postgresql://battle-api",
        "REDIS_URL": "redis://x",
        "FEED_URL": "http://127.0.0.1:1",
        "FEED": "http://127.0.0.1:1",
        "USER_AGENT": "own",
        "KEY": "key",
    }


@pytest.mark.parametrize(
    "container",
    [
        Container("i", env_from_secrets=("nothing",)),
        Container("i", env_from_config_maps=("nothing",)),
        Container("i", env=(EnvVar("X", secret=("archive", "nothing")),)),
    ],
)
def test_unknown_reference_is_named_with_its_workload(container: Container) -> None:
    with pytest.raises(UnknownNameError, match=r"The Service x refers to .*nothing"):
        container_environment(container, resolved_config(), "The Service x")


def test_override_of_an_unknown_config_map_is_rejected() -> None:
    with pytest.raises(UnknownNameError, match="upstream"):
        resolve_config(MANIFESTS, STORES, URLS, {"upstream": {}}, {})


def test_token_is_that_of_the_node(tmp_path: Path) -> None:
    password = StateFile(tmp_path / "secrets.json").password("owner")
    assert stored_password(tmp_path, "owner") == password
    with pytest.raises(UnknownNameError, match="battlescope up"):
        stored_password(tmp_path / "nowhere", "owner")
