"""Values many killmails, by one request for prices a day."""

import logging
from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import date
from typing import Final, NamedTuple

from battlescope_schemas.killmail import ArchivedKillmail, ZkbValues
from killmail_enrich.prices.price_vector import PriceVector
from killmail_enrich.valuation.items import Item, read_items
from killmail_enrich.valuation.killmail_value import KillmailValue, Valuation, item_prices, type_ids, value_of
from killmail_enrich.valuation.shown_value import is_far_off
from killmail_enrich.valuation.unit_prices import encode_unit_prices

_log: Final = logging.getLogger(__name__)
PriceSource = Callable[[date, Collection[int]], Awaitable[PriceVector | None]]
"""Prices of these types on a day; None while there are none, and then they are fetched later."""


class Valuer:
    """`want` requests the prices of days; once they are loaded, the killmails that wait for them are valued."""

    def __init__(self, prices: PriceSource, want: Callable[[Collection[date]], Awaitable[None]]) -> None:
        self._prices = prices
        self.want = want

    async def has_prices(self, day: date) -> bool:
        return await self._prices(day, ()) is not None

    async def values(self, killmails: Sequence[ArchivedKillmail]) -> dict[int, Valuation]:
        """The values of those killmails whose day has prices."""
        by_day: dict[date, list[_Loss]] = {}
        for killmail in killmails:
            items = read_items(killmail.victim.items)
            loss = _Loss(killmail, items, type_ids(killmail.victim.ship_type_id, items))
            by_day.setdefault(killmail.killmail_time.date(), []).append(loss)
        valuations: dict[int, Valuation] = {}
        for day, losses in by_day.items():
            prices = await self._prices(day, frozenset[int]().union(*(loss.type_ids for loss in losses)))
            if prices is not None:
                valuations |= {loss.killmail.killmail_id: _valuation(loss, prices) for loss in losses}
        return valuations


class _Loss(NamedTuple):
    killmail: ArchivedKillmail
    items: Sequence[Item]
    type_ids: frozenset[int]


def _valuation(loss: _Loss, prices: PriceVector) -> Valuation:
    killmail, items = loss.killmail, loss.items
    value = value_of(killmail.killmail_id, killmail.victim.ship_type_id, items, prices)
    if value is not None and is_far_off(killmail.zkb, value):
        _log_sample(killmail, killmail.zkb, value, items, prices)
    return Valuation(value, prices.rules, encode_unit_prices(loss.type_ids, prices))


def _log_sample(
    killmail: ArchivedKillmail, zkb: ZkbValues, value: KillmailValue, items: Sequence[Item], prices: PriceVector
) -> None:
    cents_by_type = {killmail.victim.ship_type_id: value.hull}
    for entry in item_prices(items, prices):
        cents_by_type[entry.item.type_id] = cents_by_type.get(entry.item.type_id, 0) + entry.cents
    largest = max(cents_by_type, key=lambda type_id: (cents_by_type[type_id], -type_id))
    _log.info(
        "Calibration sample: killmail %d of %s is worth %s ISK to zKillboard and %d ISK by rules %d, %d of it type %d.",
        killmail.killmail_id,
        prices.day,
        zkb.total,
        value.total // 100,
        value.rules,
        cents_by_type[largest] // 100,
        largest,
    )
