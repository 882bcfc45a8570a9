"""What may be written down about a battle, and what contradicts what; nothing is started."""

from typing import Any
from uuid import UUID

import pytest
from pydantic import TypeAdapter, ValidationError

from battle_api.http.preconditions import (
    InvalidPrecondition,
    parse_revision,
    parse_timestamp_etag,
    parse_wait,
    timestamp_etag,
)
from battle_api.schemas.admin_requests import ClusteringConfigUpdate, ReclusterRequest
from battle_api.schemas.edit_requests import EditRequest, edit_data
from battle_api.services.edit_conflicts import ActiveEdit, find_conflict

EDIT: TypeAdapter[Any] = TypeAdapter(EditRequest)
ONE = UUID(int=1)


@pytest.mark.parametrize(
    "body",
    [
        {"kind": "tag", "killmailIds": ["1", 2]},
        {"kind": "split", "groups": [["1"], ["2", "3"]], "doubt": "lull", "note": "two fleets"},
        {"kind": "exclude", "killmailIds": list(range(1, 201))},
        {"kind": "scrub", "killmailId": "1", "characterId": "2"},
        {"kind": "pin", "partyType": "faction", "partyId": "500001", "sideId": 9},
        {"kind": "rename", "name": "B-R5RB — «blood bath»"},
        {"kind": "rename", "name": None, "author": "x" * 128},
    ],
)
def test_what_may_be_said(body: dict[str, Any]) -> None:
    assert EDIT.validate_python(body).kind == body["kind"]


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ({}, "discriminator"),
        ({"kind": "merge"}, "kind"),
        ({"kind": "tag"}, "names killmails or battles"),
        ({"kind": "tag", "killmailIds": list(range(1, 52))}, "at most 50"),
        ({"kind": "split", "groups": [["1"]]}, "at least 2"),
        ({"kind": "split", "groups": [["1"], []]}, "at least 1"),
        ({"kind": "split", "groups": [["1"], ["1"]]}, "one group only"),
        ({"kind": "split", "groups": [[n] for n in range(1, 7)]}, "at most 5"),
        ({"kind": "split", "groups": [list(range(1, 3000)), list(range(3000, 6000))]}, "at most 5000"),
        ({"kind": "exclude", "killmailIds": []}, "at least 1"),
        ({"kind": "exclude", "killmailIds": list(range(1, 202))}, "at most 200"),
        ({"kind": "exclude", "killmailIds": [2**63]}, "less than"),
        ({"kind": "exclude", "killmailIds": [0]}, "greater than"),
        ({"kind": "scrub", "killmailId": "1"}, "required"),
        ({"kind": "pin", "partyType": "fleet", "partyId": "1", "sideId": 1}, "alliance"),
        ({"kind": "pin", "partyType": "alliance", "partyId": "1", "sideId": 10}, "less than"),
        ({"kind": "rename", "name": "  "}, "at least 1"),
        ({"kind": "rename", "name": "x" * 121}, "at most 120"),
        ({"kind": "rename", "name": "two\nlines"}, "pattern"),
        ({"kind": "rename"}, "required"),
        ({"kind": "rename", "name": "x", "note": "\0"}, "pattern"),
        ({"kind": "rename", "name": "x", "note": "x" * 1001}, "at most 1000"),
        ({"kind": "rename", "name": "x", "author": ""}, "at least 1"),
        ({"kind": "rename", "name": "x", "author": "x" * 129}, "at most 128"),
        ({"kind": "rename", "name": "x", "autor": "me"}, "not permitted"),
    ],
)
def test_what_is_refused_with_a_sentence(body: dict[str, Any], why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        EDIT.validate_python(body)


def test_what_is_kept_beside_the_killmails() -> None:
    split = EDIT.validate_python({"kind": "split", "groups": [["1", "1"], ["2"]], "doubt": "lull"})
    assert edit_data(split) == {"groups": [[1], [2]]}
    pin = EDIT.validate_python({"kind": "pin", "partyType": "alliance", "partyId": "7", "sideId": 2})
    assert edit_data(pin) == {"partyType": "alliance", "partyId": 7, "sideId": 2}
    assert edit_data(EDIT.validate_python({"kind": "tag", "killmailIds": [1]})) == {}


@pytest.mark.parametrize(
    ("kind", "killmails", "said", "other", "contradicts"),
    [
        ("split", [1, 2, 3], {"groups": [[1], [2, 3]]}, ActiveEdit(ONE, "tag", [1, 2], {}), "holds some"),
        ("split", [1, 2, 3], {"groups": [[1], [2, 3]]}, ActiveEdit(ONE, "tag", [2, 9, 3], {}), ""),
        ("split", [1, 2, 3], {"groups": [[1], [2, 3]]}, ActiveEdit(ONE, "split", [1, 2], {"groups": [[1], [2]]}), ""),
        ("tag", [1, 7, 3], {}, ActiveEdit(ONE, "split", [1, 2, 3], {"groups": [[1], [2, 3]]}), "keeps some"),
        ("tag", [1, 7], {}, ActiveEdit(ONE, "split", [1, 2, 3], {"groups": [[1], [2, 3]]}), ""),
        ("tag", [1, 7], {}, ActiveEdit(ONE, "exclude", [7], {}), "excludes one"),
        ("exclude", [7], {}, ActiveEdit(ONE, "tag", [1, 7], {}), ""),
    ],
)
def test_contradictions(
    kind: str, killmails: list[int], said: dict[str, Any], other: ActiveEdit, contradicts: str
) -> None:
    found = find_conflict(kind, killmails, said, [other])
    assert contradicts in found
    assert bool(found) == bool(contradicts)


def test_if_match_takes_a_quoted_revision() -> None:
    assert parse_revision(' "12" ') == 12
    for wrong in ("12", "*", '"x"', 'W/"1"', '"1", "2"', '"12345678901"'):
        with pytest.raises(InvalidPrecondition):
            parse_revision(wrong)


@pytest.mark.parametrize(
    ("prefer", "seconds"),
    [(None, 5), ("wait=0", 0), ("respond-async, wait=7", 7), ('Wait="8"; x=y', 8), ("wait=999", 20), ("wait=-1", 5),
     ("await=3", 5), ("wait=9999999", 5), ("wait=3x", 5)],
)  # fmt: skip
def test_seconds_that_a_client_prefers_to_wait(prefer: str | None, seconds: int) -> None:
    assert parse_wait(prefer, 5) == seconds


def test_a_validator_is_read_back() -> None:
    at = parse_timestamp_etag('"2026-03-01T19:00:00.000001+00:00"')
    assert parse_timestamp_etag(timestamp_etag(at)) == at
    for wrong in ('"yesterday"', '"2026-03-01T19:00:00"', "*"):
        with pytest.raises(InvalidPrecondition):
            parse_timestamp_etag(wrong)


RANGE = {"startTime": "2026-01-01T00:00:00Z", "endTime": "2026-02-01T00:00:00Z"}


@pytest.mark.parametrize(
    ("wanted", "why"),
    [
        ({"deleteExisting": True}, "never dies"),
        ({"priority": 3}, "priority has no meaning"),
        ({"endTime": "2026-01-01T00:00:00Z"}, "before endTime"),
        ({"endTime": "2031-01-03T00:00:00Z"}, "60 months"),
        ({"reason": "boredom"}, "manual"),
        ({"customConfig": {"windowMinutes": 4}}, "greater than"),
        ({"customConfig": {"gapMaxMinutes": 61}}, "less than"),
        ({"customConfig": {"minKills": 101}}, "less than"),
        ({"customConfig": {"other": 1}}, "not permitted"),
    ],
)
def test_what_no_job_can_do(wanted: dict[str, Any], why: str) -> None:
    ReclusterRequest.model_validate({**RANGE, "endTime": "2031-01-01T00:00:00Z"})
    with pytest.raises(ValidationError, match=why):
        ReclusterRequest.model_validate(RANGE | wanted)


@pytest.mark.parametrize(
    ("wanted", "why"),
    [
        ({}, "nothing to change"),
        ({"author": "me"}, "nothing to change"),
        ({"windowMinutes": 181}, "less than"),
        ({"gapMaxMinutes": 0}, "greater than"),
        ({"processingDelayMinutes": 5}, "processingDelayMinutes has no meaning here: mails are grouped as"),
        ({"batchSize": 1000}, "batchSize has no meaning here: an event holds one mail"),
        ({"intervalMs": 1000}, "intervalMs has no meaning here: nothing sweeps"),
        ({"other": 1}, "not permitted"),
    ],
)
def test_what_no_configuration_says(wanted: dict[str, Any], why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        ClusteringConfigUpdate.model_validate(wanted)
