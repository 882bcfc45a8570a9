"""Reads battles back from the database."""

from typing import Any

import psycopg
from edit_builders import query_rows


def killmails_by_battle(database: str) -> dict[str, list[int]]:
    """Killmail ids of each battle that is not deleted, by battle id, in order of the first killmail."""
    rows = query_rows(
        database,
        "SELECT b.id::text, array_agg(killmail_id ORDER BY killmail_id) FROM battles b JOIN battle_killmails k"
        " ON k.battle_id = b.id WHERE deleted_at IS NULL GROUP BY b.id ORDER BY min(k.killmail_id)",
    )
    return dict(rows)


def battle_contents(database: str) -> dict[str, list[Any]]:
    """All battles with sides, killmails and pilots, without ids: what every order of arrival must agree on.

    Links are left out: a killmail that joins no battle can change the pace, and so the scores, of a battle near it.
    """
    members = "(SELECT array_agg(killmail_id ORDER BY killmail_id) FROM battle_killmails k WHERE k.battle_id = b.id)"
    with psycopg.connect(database) as connection:
        battles = connection.execute(
            f"SELECT {members}, system_id, start_time, end_time, total_kills, total_participants, total_isk_destroyed,"
            " tier, is_decisive, winning_side, zkill_related_url FROM battles b WHERE deleted_at IS NULL ORDER BY 1"
        ).fetchall()
        contents: dict[str, list[Any]] = {"battles": battles}
        for table in (
            "battle_sides",
            "battle_side_parties",
            "battle_participants",
            "battle_participant_ships",
        ):
            table_rows = connection.execute(
                f"SELECT {members}, to_jsonb(t) - 'battle_id' FROM {table} t JOIN battles b ON b.id = t.battle_id"
            ).fetchall()
            contents[table] = sorted(table_rows, key=repr)
        killmails = "SELECT to_jsonb(k) - 'battle_id' FROM battle_killmails k ORDER BY killmail_id"
        contents["battle_killmails"] = connection.execute(killmails).fetchall()
    return contents


def killmail_contents(database: str) -> dict[str, list[Any]]:
    """All killmails with their pilots and components, without ids of components, and all names."""
    members = "(SELECT array_agg(killmail_id ORDER BY killmail_id) FROM mails c WHERE c.component_id = m.component_id)"
    statements = {
        "mails": f"SELECT {members}, to_jsonb(m) - 'component_id' FROM mails m ORDER BY killmail_id",
        "mail_pilots": "SELECT * FROM mail_pilots ORDER BY killmail_id, character_id",
        "entity_names": "SELECT * FROM entity_names ORDER BY entity_type, id",
    }
    return {table: query_rows(database, statement) for table, statement in statements.items()}
