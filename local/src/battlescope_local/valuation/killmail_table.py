"""What a killmail is worth, entry by entry, as text of 80 columns."""

from collections.abc import Iterator, Mapping
from datetime import date

from battlescope_schemas.killmail import ArchivedKillmail
from battlescope_schemas.prices import PriceRule
from killmail_enrich.prices.price_vector import PriceVector, TypePrice
from killmail_enrich.valuation.items import read_items
from killmail_enrich.valuation.killmail_value import FITTED_FLAGS, ItemPrice, KillmailValue, item_prices, value_of
from killmail_enrich.valuation.shown_value import is_refused

_NAME_WIDTH = 17
_RULES = {
    PriceRule.WORTHLESS: "none",
    PriceRule.FIXED: "fixed",
    PriceRule.BUILD_COST: "build",
    PriceRule.MARKET: "market",
    PriceRule.OTHER_REGION: "region",
    PriceRule.UNPRICED: "NO PRICE",
}
LEGEND = "F fitted, D dropped, X destroyed; · in a container; Day: of the last record."


def value_lines(killmail: ArchivedKillmail, prices: PriceVector | None, names: Mapping[int, str]) -> Iterator[str]:
    """The lines about one killmail; the sums are those of the live system."""
    ship = killmail.victim.ship_type_id
    yield f"Killmail {killmail.killmail_id}, {killmail.killmail_time:%Y-%m-%d %H:%M}, {_name(ship, names)}"
    if prices is None:
        yield f"No prices are loaded for {killmail.killmail_time.date()}."
        return
    yield f"Prices until {prices.price_day}, rules {prices.rules}"
    yield ""
    yield f"{'Units':>7} {'Item':<{_NAME_WIDTH}}    {'Price ISK':>16} {'Rule':<8} {'Day':<7} {'ISK':>17}"
    items = read_items(killmail.victim.items)
    if ship:
        price = prices.price(ship)
        yield _line((1, price.cents), _name(ship, names), "X", price, prices.price_day)
    for entry in item_prices(items, prices):
        yield _entry_line(entry, names, prices.price_day)
    value = value_of(killmail.killmail_id, ship, items, prices)
    yield ""
    if value is None:
        yield "The value is larger than any column holds, so it counts as unknown."
    else:
        yield from _sums(killmail, value, names)
    yield LEGEND


def isk_text(cents: int) -> str:
    return f"{cents // 100:,}.{cents % 100:02d}"


def _entry_line(entry: ItemPrice, names: Mapping[int, str], price_day: date) -> str:
    item = entry.item
    fate = "F" if entry.depth == 0 and item.flag in FITTED_FLAGS else " "
    fate += ("D" if item.dropped else "") + ("X" if item.destroyed else "")
    name = "· " * entry.depth + _name(item.type_id, names)
    label = f"{name} ({entry.reason})" if entry.reason else name
    return _line((item.count, entry.cents), label, fate, entry.price, price_day)


def _line(units_and_cents: tuple[int, int], name: str, fate: str, price: TypePrice, price_day: date) -> str:
    units, cents = units_and_cents
    shortened = name if len(name) <= _NAME_WIDTH else f"{name[: _NAME_WIDTH - 1]}…"
    day = "" if price.last_day is None else _day(price.last_day, price_day)
    return (
        f"{units:>7,} {shortened:<{_NAME_WIDTH}} {fate:<2} {isk_text(price.cents):>16} "
        f"{_RULES[price.rule]:<8} {day:<7} {isk_text(cents):>17}"
    )


def _day(day: date, price_day: date) -> str:
    return f"{day:%m-%d}" if day.year == price_day.year else f"{day:%Y-%m}"


def _sums(killmail: ArchivedKillmail, value: KillmailValue, names: Mapping[int, str]) -> Iterator[str]:
    zkb = killmail.zkb
    theirs = {"fitted": zkb.fitted, "dropped": zkb.dropped, "destroyed": zkb.destroyed, "total": zkb.total}
    yield f"{'':<12} {'Computed ISK':>22} {'zKillboard ISK':>22}"
    for name in ("hull", "fitted", "dropped", "destroyed", "total", "droppable"):
        stated = theirs.get(name)
        text = "" if stated is None else f"{stated:,.2f}"
        yield f"{name:<12} {isk_text(getattr(value, name)):>22} {text:>22}".rstrip()
    if zkb.total is not None:
        is_shown = not is_refused(zkb, has_hull=killmail.victim.ship_type_id != 0)
        yield (
            "zKillboard's value is shown." if is_shown else "zKillboard's value is refused: the computed one is shown."
        )
    yield f"Confidence of the computed value: {value.confidence.value}."
    if value.unpriced_count:
        listed = ", ".join(_name(type_id, names) for type_id in value.unpriced)
        more = value.unpriced_count - len(value.unpriced)
        yield f"Without a price: {listed}{f' and {more} more' if more else ''}."


def _name(type_id: int, names: Mapping[int, str]) -> str:
    return names.get(type_id) or f"type {type_id}"
