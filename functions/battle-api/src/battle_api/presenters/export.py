"""Writes the killmails of a battle as CSV, for spreadsheets."""

import csv
import io
from collections.abc import Iterable
from typing import Final

from battle_api.presenters.lines import EntitiesLine, KillmailLine

_COLUMNS: Final = (
    "killmail_id", "time", "system_id", "system", "side", "victim_id", "victim", "corporation_id", "corporation",
    "alliance_id", "alliance", "ship_type_id", "ship", "ship_group", "hull_class", "isk", "isk_fitted",
    "isk_dropped", "value_source", "attackers", "final_blow", "final_blow_ship", "npc", "solo", "awox", "zkillboard",
)  # fmt: skip
# A cell that begins with one of these is a formula for a spreadsheet, and names come from players.
_FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r")


def killmails_csv(killmails: Iterable[KillmailLine], entities: EntitiesLine) -> bytes:
    """UTF-8 with a header; a text that a spreadsheet would compute gets an apostrophe before it."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(_COLUMNS)
    for item in killmails:
        writer.writerow(map(_cell, _values(item, entities)))
    return text.getvalue().encode()


def _values(item: KillmailLine, entities: EntitiesLine) -> tuple[object, ...]:
    blow = item.final_blow
    killer = None if blow is None or blow.character is None else entities.characters[blow.character].name
    return (
        *(item.killmail_id, item.timestamp.isoformat(), item.system_id, item.system_name, item.side_id),
        *(item.victim_character_id, item.victim_character_name, item.victim_corp_id, item.victim_corp_name),
        *(item.victim_alliance_id, item.victim_alliance_name, item.ship_type_id, item.ship_type_name),
        *(
            item.ship_group_name,
            item.hull_class,
            item.isk_value,
            item.fitted_value,
            item.dropped_value,
            item.value_source,
            item.attacker_count,
        ),
        *(killer, blow and blow.ship_type_name, item.npc, item.solo, item.awox, item.zkb_url),
    )


def _cell(value: object) -> object:
    if isinstance(value, str):
        return f"'{value}" if value.startswith(_FORMULA_STARTS) else value
    return "" if value is None else value
