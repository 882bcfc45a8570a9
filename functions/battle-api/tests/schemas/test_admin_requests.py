"""Validation of administration requests."""

from typing import Any

import pytest
from pydantic import ValidationError

from battle_api.schemas.admin_requests import ClusteringConfigUpdate, ReclusterRequest

RANGE = {"startTime": "2026-01-01T00:00:00Z", "endTime": "2026-02-01T00:00:00Z"}


@pytest.mark.parametrize(
    ("wanted", "why"),
    [
        ({"deleteExisting": True}, "battle ids are permanent"),
        ({"priority": 3}, "priority is not supported"),
        ({"endTime": "2026-01-01T00:00:00Z"}, "must be before endTime"),
        ({"endTime": "2031-01-03T00:00:00Z"}, "longer than 60 months"),
        ({"reason": "boredom"}, "manual"),
        ({"customConfig": {"windowMinutes": 4}}, "greater than"),
        ({"customConfig": {"gapMaxMinutes": 61}}, "less than"),
        ({"customConfig": {"minKills": 101}}, "less than"),
        ({"customConfig": {"other": 1}}, "not permitted"),
    ],
)
def test_invalid_reclustering_requests_are_rejected_with_the_reason(wanted: dict[str, Any], why: str) -> None:
    ReclusterRequest.model_validate({**RANGE, "endTime": "2031-01-01T00:00:00Z"})
    with pytest.raises(ValidationError, match=why):
        ReclusterRequest.model_validate(RANGE | wanted)


@pytest.mark.parametrize(
    ("wanted", "why"),
    [
        ({}, "changes nothing"),
        ({"author": "me"}, "changes nothing"),
        ({"windowMinutes": 181}, "less than"),
        ({"gapMaxMinutes": 0}, "greater than"),
        ({"processingDelayMinutes": 5}, "processingDelayMinutes is not supported: killmails are clustered as"),
        ({"batchSize": 1000}, "batchSize is not supported: an event holds one killmail"),
        ({"intervalMs": 1000}, "intervalMs is not supported: nothing polls"),
        ({"other": 1}, "not permitted"),
    ],
)
def test_invalid_configuration_updates_are_rejected_with_the_reason(wanted: dict[str, Any], why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        ClusteringConfigUpdate.model_validate(wanted)
