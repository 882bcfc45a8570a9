"""Values killmails by a folder of market history files, without any service."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from battlescope_local.errors import UserError
from battlescope_schemas.killmail import ArchivedKillmail
from killmail_enrich.market.folder import PriceHistory, read_price_folder
from killmail_enrich.prices.build_cost import Blueprints
from killmail_enrich.prices.day_pricing import TypeGroup
from killmail_enrich.prices.price_vector import PriceVector
from killmail_enrich.valuation.items import Item, read_items
from killmail_enrich.valuation.killmail_value import KillmailValue, type_ids, value_of


@dataclass(frozen=True, slots=True)
class FolderPrices:
    """Prices of any day that the folder covers; types without a group are priced by the market alone."""

    history: PriceHistory
    groups: Mapping[int, TypeGroup]
    blueprints: Blueprints

    def prices_of(self, killmail: ArchivedKillmail, items: list[Item]) -> PriceVector | None:
        """The prices of what was lost; None where the folder has no day before the killmail's."""
        day, wanted = killmail.killmail_time.date(), type_ids(killmail.victim.ship_type_id, items)
        return self.history.vector(day, wanted, self.groups, self.blueprints)

    def value(self, killmail: ArchivedKillmail) -> KillmailValue | None:
        items = read_items(killmail.victim.items)
        prices = self.prices_of(killmail, items)
        if prices is None:
            return None
        return value_of(killmail.killmail_id, killmail.victim.ship_type_id, items, prices)


def open_price_folder(
    path: Path, types: Mapping[int, tuple[int, int | None]], blueprints: Blueprints
) -> tuple[FolderPrices, tuple[str, ...]]:
    """The prices, and a sentence for each file that could not be used. types: group and category by type.

    Raises:
        UserError: the folder has no usable file.
    """
    if not path.is_dir():
        raise UserError(f"There is no folder {path}.")
    history = read_price_folder(path)
    if not history.days:
        reason = history.problems[0] if history.problems else "its files are not named market-history-DAY.csv.bz2."
        raise UserError(f"The folder {path} has no prices: {reason}")
    groups = {type_id: TypeGroup(group, category) for type_id, (group, category) in types.items()}
    return FolderPrices(history, groups, blueprints), history.problems
