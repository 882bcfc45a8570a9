"""Validation of fault settings."""

from typing import Any

import pytest

from battlescope_upstream.fault_settings import FaultSettings, InvalidFaultSetting


@pytest.mark.parametrize(
    "wrong", [{"dely": 1}, {"delay": "1"}, {"exact_head": 1}, {"holes": True}, {"reorder": -1}, {"holes": 1.5}]
)
def test_unknown_or_invalid_fault_setting_is_an_error(wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidFaultSetting):
        FaultSettings().with_changes(wrong)
