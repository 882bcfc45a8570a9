"""Loads everything that the detail of a battle shows."""

from typing import Final

from battle_api.domain.battle_rows import Names
from battle_api.domain.rows import Battle
from battle_api.presenters.battle_detail import BattleRows, detail_name_keys
from battle_api.presenters.sides import party_context
from battle_api.repositories.battle_rows import BattleRowRepository
from battle_api.repositories.edits import EditRepository
from battle_api.repositories.killmails import KillmailRepository
from battle_api.repositories.list_rows import ListRowRepository
from battle_api.repositories.participants import ParticipantRepository
from battlescope_events.postgres.database import Connection

# Enough for all killmails and pilots of any battle of the last years; the paged lists return the remaining ones.
MAX_IN_DETAIL: Final = 2000
MAX_LINKS: Final = 500


async def load_detail(connection: Connection, battle: Battle) -> tuple[BattleRows, Names]:
    """The rows of the battle, and the names in them."""
    tables, participants = BattleRowRepository(connection), ParticipantRepository(connection)
    pilots = await participants.page(battle.id, MAX_IN_DETAIL)
    character_ids = [int(pilot.character_id) for pilot in pilots]
    context = party_context(
        await tables.corporations(battle.id), await tables.capsules(battle.id), await tables.pins(battle.id)
    )
    systems = await tables.systems(battle.id)
    rows = BattleRows(
        battle=battle,
        list_rows=await ListRowRepository(connection).of_battles([battle.id]),
        systems=systems,
        sides=await tables.sides(battle.id),
        parties=await tables.parties(battle.id),
        party_context=context,
        side_ships=await tables.side_ships(battle.id),
        killmails=await KillmailRepository(connection).in_time(battle.id, MAX_IN_DETAIL),
        participants=pilots,
        ships=await participants.ships(battle.id, character_ids),
        losses=await participants.losses(battle.id, character_ids),
        reasons=await tables.link_reasons(battle.id),
        links=await tables.links(battle.id, MAX_LINKS),
        jumps=await tables.jumps([system.system_id for system in systems]),
        suggestions=await tables.suggestions(battle.id),
        alias_ids=await tables.alias_ids(battle.id),
        edit_count=await EditRepository(connection).count_active(battle.id),
    )
    return rows, await tables.names(detail_name_keys(rows))
