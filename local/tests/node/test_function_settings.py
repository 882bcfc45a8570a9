"""A setting that a function refuses is reported before anything starts."""

import pytest

from battlescope_local.errors import UserError
from battlescope_local.manifests.labels import FUNCTION_LABEL
from battlescope_local.manifests.model import Container, Scale, Service
from battlescope_local.node.function_settings import check_settings

CLOSE = Service("battle-close", Container("image"), Scale(), {FUNCTION_LABEL: "battle-close"})
SOUND = {"DATABASE_URL": "postgresql://a:hunter2@host/name", "K_SINK": "http://sink", "FEED_DELAY_SECONDS": "180"}


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"FEED_DELAY_SECONDS": "-5"}, "FEED_DELAY_SECONDS must be greater than or equal to 0."),
        ({"FEED_DELAY_SECONDS": "abc"}, "FEED_DELAY_SECONDS must be a valid integer."),
        ({"DATABASE_URL": "hunter2"}, "DATABASE_URL must be a connection string of PostgreSQL"),
        ({"LOG_LEVEL": "loud"}, "LOG_LEVEL must be 'DEBUG', "),
    ],
)
def test_wrong_setting_is_named(values: dict[str, str], sentence: str) -> None:
    with pytest.raises(UserError) as error:
        check_settings([CLOSE], {"battle-close": SOUND | values})
    assert f"battle-close refuses its settings: {sentence}" in str(error.value)
    assert "BATTLESCOPE_" in str(error.value)
    assert "hunter2" not in str(error.value)


def test_sound_settings_and_a_function_without_any_are_accepted() -> None:
    echo = Service("echo-api", Container("image"), Scale())
    check_settings([CLOSE, echo], {"battle-close": SOUND, "echo-api": {}})
