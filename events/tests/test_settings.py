"""Blocks of settings, read from the environment."""

from traceback import format_exception

import pytest
from pydantic import ValidationError

from battlescope_events.access.settings import AccessSettings
from battlescope_events.postgres.settings import DatabaseSettings
from battlescope_events.settings import RuntimeSettings, SettingsError, SinkSettings, from_environment


class FunctionSettings(SinkSettings, DatabaseSettings, AccessSettings):
    """What a function with a database, callers and a Broker reads."""


class Settings(RuntimeSettings, SinkSettings):
    """A function's settings: its blocks and a field of its own."""

    feed_delay_seconds: int = 3


def test_blocks_read_the_variables_of_knative(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("K_SINK", "http://broker/ns/killmails")
    monkeypatch.setenv("K_SERVICE", "battle-close")
    settings = Settings()
    assert (settings.k_sink, settings.k_service, settings.environment) == (
        "http://broker/ns/killmails",
        "battle-close",
        "local",
    )
    with pytest.raises(ValidationError, match="frozen"):
        settings.k_sink = "http://elsewhere"


def test_function_without_a_sink_does_not_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("K_SINK", raising=False)
    with pytest.raises(ValidationError, match="k_sink"):
        SinkSettings()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("database_url", "hunter2"),
        ("database_url", "postgresql//user:hunter2@host/name"),
        ("database_url", "postgresql://user:hunter2%@host/name"),
        ("redis_url", "hunter2"),
        ("redis_url", "redis://:hunter2/@host:6379"),
        ("redis_url", "redis://:hunter2[@host:6379"),
        ("schema_version", "hunter2"),
        ("trusted_hops", "hunter2"),
    ],
)
def test_error_names_the_settings_and_no_value(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    """Values may be secrets, and the error of a function that does not start is a line of its log."""
    monkeypatch.delenv("K_SINK", raising=False)
    monkeypatch.setenv("OWNER_TOKEN", "hunter2")
    monkeypatch.setenv(name.upper(), value)
    with pytest.raises(ValidationError) as raised:
        FunctionSettings()
    errors = str(raised.value)
    assert name in errors
    assert "k_sink" in errors
    assert "hunter2" not in "".join(format_exception(raised.value))
    with pytest.raises(SettingsError) as refused:
        from_environment(FunctionSettings)
    assert f"{name.upper()} must " in str(refused.value)
    assert "K_SINK is missing." in str(refused.value)
    assert "hunter2" not in "".join(format_exception(refused.value))


def test_settings_come_from_the_environment_that_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("K_SINK", "http://of-this-process")
    assert from_environment(SinkSettings, {"K_SINK": "http://of-another"}).k_sink == "http://of-another"
    with pytest.raises(SettingsError, match=r"^K_SINK is missing\.$"):
        from_environment(SinkSettings, {})


@pytest.mark.parametrize(
    ("database_url", "redis_url"),
    [
        ("postgresql://user:hunter%252@host:5432/name?sslmode=require", "redis://:hunter%2F2@host:6379/0"),
        ("host=/run/postgresql dbname=name", "unix:///run/valkey.sock"),
        ("postgres:///name?host=/run/postgresql", "rediss://user:hunter2@host"),
    ],
)
def test_urls_of_every_form_are_read(monkeypatch: pytest.MonkeyPatch, database_url: str, redis_url: str) -> None:
    monkeypatch.setenv("K_SINK", "http://broker")
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("REDIS_URL", redis_url)
    settings = FunctionSettings()
    assert settings.database_url.get_secret_value() == database_url
    assert settings.redis_url.get_secret_value() == redis_url
