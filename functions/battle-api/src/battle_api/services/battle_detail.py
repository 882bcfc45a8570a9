"""Loads everything that the detail of a battle shows."""

from asyncio import gather
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from battle_api.domain.battle_rows import Names, SideShipRow
from battle_api.domain.rows import Battle, BattleKillmail
from battle_api.presenters.battle_detail import BattleRows, detail_name_keys
from battle_api.presenters.sides import party_context
from battle_api.repositories.battle_rows import BattleRowRepository
from battle_api.repositories.edits import EditRepository
from battle_api.repositories.killmails import KillmailRepository
from battle_api.repositories.list_rows import ListRowRepository
from battle_api.repositories.participants import ParticipantRepository
from battlescope_events.postgres.database import Database

# Enough for all killmails and pilots of any battle of the last years; the paged lists return the remaining ones.
MAX_IN_DETAIL: Final = 2000
MAX_LINKS: Final = 500


@dataclass(frozen=True, slots=True)
class _Losses:
    """The killmails and what names them."""

    killmails: Sequence[BattleKillmail]
    side_ships: Sequence[SideShipRow]
    names: Names


async def load_detail(database: Database, battle: Battle) -> tuple[BattleRows, Names]:
    """The rows of the battle, and the names in them.

    Read on two connections, so that PostgreSQL reads one half while this process makes objects of the other one. Each
    is taken and given back by itself: a request that held one while it waits for another could wait for ever.
    """
    losses, rows = await gather(_load_losses(database, battle), _load_rest(database, battle))
    return BattleRows(battle=battle, killmails=losses.killmails, side_ships=losses.side_ships, **rows), losses.names


async def _load_losses(database: Database, battle: Battle) -> _Losses:
    async with database.connection() as connection:
        tables = BattleRowRepository(connection)
        killmails = await KillmailRepository(connection).in_time(battle.id, MAX_IN_DETAIL)
        side_ships = await tables.side_ships(battle.id)
        return _Losses(killmails, side_ships, await tables.names(detail_name_keys(killmails, side_ships)))


async def _load_rest(database: Database, battle: Battle) -> dict[str, Any]:
    """The other fields of `BattleRows`."""
    async with database.connection() as connection:
        tables, participants = BattleRowRepository(connection), ParticipantRepository(connection)
        pilots = await participants.page(battle.id, MAX_IN_DETAIL)
        character_ids = [int(pilot.character_id) for pilot in pilots]
        systems = await tables.systems(battle.id)
        return {
            "participants": pilots,
            "ships": await participants.ships(battle.id, character_ids),
            "losses": await participants.losses(battle.id, character_ids),
            "party_context": party_context(
                await tables.corporations(battle.id), await tables.capsules(battle.id), await tables.pins(battle.id)
            ),
            "list_rows": await ListRowRepository(connection).of_battles([battle.id]),
            "systems": systems,
            "jumps": await tables.jumps([system.system_id for system in systems]),
            "sides": await tables.sides(battle.id),
            "parties": await tables.parties(battle.id),
            "reasons": await tables.link_reasons(battle.id),
            "links": await tables.links(battle.id, MAX_LINKS),
            "suggestions": await tables.suggestions(battle.id),
            "alias_ids": await tables.alias_ids(battle.id),
            "edit_count": await EditRepository(connection).count_active(battle.id),
        }
