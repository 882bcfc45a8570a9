"""Validation of edit requests."""

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from battle_api.schemas.edit_requests import EditRequest, edit_data

EDIT: TypeAdapter[Any] = TypeAdapter(EditRequest)


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
def test_valid_edits(body: dict[str, Any]) -> None:
    assert EDIT.validate_python(body).kind == body["kind"]


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ({}, "discriminator"),
        ({"kind": "merge"}, "kind"),
        ({"kind": "tag"}, "must name killmails or battles"),
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
        ({"kind": "rename", "name": "two\nlines"}, "one line without control characters"),
        ({"kind": "rename"}, "required"),
        ({"kind": "rename", "name": "x", "note": "\0"}, "must not contain control characters"),
        ({"kind": "rename", "name": "x", "note": "x" * 1001}, "at most 1000"),
        ({"kind": "rename", "name": "x", "author": ""}, "at least 1"),
        ({"kind": "rename", "name": "x", "author": "x" * 129}, "at most 128"),
        ({"kind": "rename", "name": "x", "autor": "me"}, "not permitted"),
    ],
)
def test_invalid_edits_are_rejected_with_the_reason(body: dict[str, Any], why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        EDIT.validate_python(body)


def test_stored_data_of_each_kind() -> None:
    split = EDIT.validate_python({"kind": "split", "groups": [["1", "1"], ["2"]], "doubt": "lull"})
    assert edit_data(split) == {"groups": [[1], [2]]}
    pin = EDIT.validate_python({"kind": "pin", "partyType": "alliance", "partyId": "7", "sideId": 2})
    assert edit_data(pin) == {"partyType": "alliance", "partyId": 7, "sideId": 2}
    assert edit_data(EDIT.validate_python({"kind": "tag", "killmailIds": [1]})) == {}
