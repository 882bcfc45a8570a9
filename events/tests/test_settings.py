"""Blocks of settings, read from the environment."""

import pytest
from pydantic import ValidationError

from battlescope_events.settings import RuntimeSettings, SinkSettings


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
