"""A line of a batch and a single event give the same killmail, names and facts."""

import pytest
from search_builders import killmail

from battlescope_schemas.enriched import EnrichedKillmail, EnrichedVictim
from search_index.messaging.enriched_killmail import from_event, read_lines

CASES = {
    "plain": killmail(1),
    "valued by market prices": killmail(
        2, value_source="computed", total_value="12.50", value_revision=2, valuation_revision=3
    ),
    "refused value of zKillboard": killmail(
        3,
        computed_value={
            "hull": "1", "fitted": "1", "dropped": "0", "destroyed": "1", "total": "1", "droppable": "0",
            "price_day": "2026-02-28", "rules": 1, "confidence": "low",
        },
    ),
    "nobody known": killmail(4, attackers=()).model_copy(update={"victim": EnrichedVictim(ship_type_id=35_832)}),
    "wormhole": killmail(5, wormhole_class=5, solo=True, npc=True),
}  # fmt: skip


def line(payload: EnrichedKillmail) -> bytes:
    return payload.model_dump_json(by_alias=True, exclude_none=True).encode()


@pytest.mark.parametrize("payload", CASES.values(), ids=CASES)
def test_line_equals_event(payload: EnrichedKillmail) -> None:
    assert next(read_lines(line(payload))) == from_event(payload)


def test_values() -> None:
    values = {name: from_event(payload).killmail.value for name, payload in CASES.items()}
    assert {name: str(value) for name, value in values.items()} == {
        "plain": "1000000.25",
        "valued by market prices": "12.50",
        "refused value of zKillboard": "None",
        "nobody known": "1000000.25",
        "wormhole": "1000000.25",
    }


def test_a_line_that_is_no_killmail_is_refused() -> None:
    with pytest.raises(ValueError, match="missing required field"):
        list(read_lines(b'{"killmailId": "1"}'))
