"""The command `battlescope dead-letters`: which letters it chooses and what it prints."""

from typing import Any

import pytest

from battlescope_local.devloop.dead_letter_commands import chosen_names, group_letters, letter_text
from battlescope_local.errors import UserError


def letter(name: str, reason: str = "No 1.", group: str = "No ….", **fields: Any) -> dict[str, Any]:
    return {
        "name": name, "time": "2026-11-01T20:00:00+00:00", "type": "ingested", "subject": "7", "destination": "http://one",
        "code": 422, "reason": reason, "data": "", "group": group, "resolution": None, "id": "e1", "traceId": "",
        "record": "3/17",
    } | fields  # fmt: skip


LETTERS = [letter("0-1"), letter("0-2", "Other 2.", "Other …."), letter("1-1", "No 3.")]


def test_letters_are_chosen_by_name_by_reason_or_all() -> None:
    assert chosen_names(LETTERS, ["0-2", "9-9"], None) == ["0-2", "9-9"]
    assert chosen_names(LETTERS, ["all"], None) == ["0-1", "0-2", "1-1"]
    assert chosen_names(LETTERS, [], "No ") == ["0-1", "1-1"]


@pytest.mark.parametrize(("names", "reason"), [([], None), ([], "absent")])
def test_empty_choice_is_told(names: list[str], reason: str | None) -> None:
    with pytest.raises(UserError, match=r"--reason|absent"):
        chosen_names(LETTERS, names, reason)


def test_groups_are_ordered_by_size() -> None:
    groups = [(reason, [member["name"] for member in members]) for _, reason, members in group_letters(LETTERS)]
    assert groups == [("No ….", ["0-1", "1-1"]), ("Other ….", ["0-2"])]


def test_letter_is_two_lines_with_name_reason_and_ids() -> None:
    text = letter_text(letter("0-1", resolution="discarded: old"))
    first, second = text.splitlines()
    assert first == "0-1 2026-11-01T20:00:00+00:00 ingested of 7 -> http://one (422): No 1. [discarded: old]"
    assert second == "    event e1, trace unknown, record 3/17"
