"""Settings from the command line and the environment."""

from pathlib import Path

import pytest

from battlescope_local import settings as settings_module
from battlescope_local.settings import S3Access, Settings, data_folder, external_servers, from_json, upstream_overrides


def test_settings_survive_json() -> None:
    settings = Settings(
        "/data", overrides={"upstreams": {"A": "b"}}, simulator_arguments=("--speed", "max"), simulated_upstreams=("A",)
    )
    assert from_json(settings.to_json()) == settings


def test_external_servers_come_from_the_environment() -> None:
    assert external_servers({}).s3 is None
    keys = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret"}
    assert external_servers({"BATTLESCOPE_S3_ENDPOINT_URL": "http://s3", **keys}).s3 == S3Access(
        "http://s3", "key", "secret"
    )
    with pytest.raises(ValueError, match="AWS_ACCESS_KEY_ID"):
        external_servers({"BATTLESCOPE_S3_ENDPOINT_URL": "http://s3"})


def test_kafka_has_tls_and_sign_in_where_the_environment_says_so() -> None:
    assert external_servers({"BATTLESCOPE_KAFKA_BOOTSTRAP": "kafka:9092"}).kafka_security == {}
    authority = {"BATTLESCOPE_KAFKA_CA_FILE": "/ca.crt"}
    assert external_servers(authority).kafka_security == {"security.protocol": "SSL", "ssl.ca.location": "/ca.crt"}
    user = {"BATTLESCOPE_KAFKA_USERNAME": "me", "BATTLESCOPE_KAFKA_PASSWORD": "secret"}
    assert external_servers(user).kafka_security["security.protocol"] == "SASL_PLAINTEXT"
    both = external_servers(authority | user)
    assert both.kafka_security == {
        "security.protocol": "SASL_SSL",
        "ssl.ca.location": "/ca.crt",
        "sasl.mechanism": "SCRAM-SHA-512",
        "sasl.username": "me",
        "sasl.password": "secret",
    }
    assert "secret" not in repr(both)
    with pytest.raises(ValueError, match="BATTLESCOPE_KAFKA_PASSWORD must be set"):
        external_servers({"BATTLESCOPE_KAFKA_USERNAME": "me"})


def test_environment_overrides_the_upstreams() -> None:
    assert upstream_overrides(environ={"BATTLESCOPE_FEED_URL": ""}) == {}
    environ = {"BATTLESCOPE_FEED_URL": "http://feed", "BATTLESCOPE_USER_AGENT": "me@example.org", "FEED_URL": "no"}
    assert upstream_overrides(environ=environ) == {
        "upstreams": {"FEED_URL": "http://feed", "USER_AGENT": "me@example.org"}
    }
    assert upstream_overrides(excluded=["FEED_URL"], environ=environ) == {"upstreams": {"USER_AGENT": "me@example.org"}}


def test_data_folder_leaves_a_home_that_others_cannot_traverse(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = tmp_path / "home" / "project"
    project.mkdir(parents=True)
    monkeypatch.setattr(settings_module.os, "geteuid", lambda: 1000)
    assert data_folder(None, project, {}) == project / ".battlescope"
    assert data_folder("/elsewhere", project, {}) == Path("/elsewhere")
    monkeypatch.setattr(settings_module.os, "geteuid", lambda: 0)
    (tmp_path / "home").chmod(0o700)
    folder = data_folder(None, project, {})
    assert folder.name.startswith("battlescope-")
    assert folder == data_folder(None, project, {})
    assert (tmp_path / "home").stat().st_mode & 0o777 == 0o700
