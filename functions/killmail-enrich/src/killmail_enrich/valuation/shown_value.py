"""Which value of a killmail is shown and summed: that of zKillboard unless it is refused, else the computed one."""

from decimal import Decimal
from typing import Final, NamedTuple

from battlescope_schemas.enriched import ValueSource
from battlescope_schemas.killmail import ZkbValues
from killmail_enrich.valuation.killmail_value import KillmailValue

MAX_DIFFERENCE: Final = Decimal(1)  # ISK between zKillboard's total and its parts, which it rounds one by one
CALIBRATION_FACTOR, CALIBRATION_CENTS = 2, 100_000_000 * 100


class ShownValue(NamedTuple):
    """ISK; `source` and `total` are None while no value is known, a part is None where only zKillboard's total is."""

    source: ValueSource | None = None
    total: Decimal | None = None
    fitted: Decimal | None = None
    dropped: Decimal | None = None
    destroyed: Decimal | None = None


NO_VALUE: Final = ShownValue()


def isk_of(cents: int) -> Decimal:
    return Decimal(cents).scaleb(-2)


def shown_value(zkb: ZkbValues, computed: KillmailValue | None, *, has_hull: bool = True) -> ShownValue:
    """Never a mean of both."""
    source = shown_source(zkb, computed, has_hull=has_hull)
    if source is ValueSource.ZKB:
        return zkb_value(zkb, computed)
    if computed is None:
        return NO_VALUE
    total, fitted, dropped, destroyed = map(
        isk_of, (computed.total, computed.fitted, computed.dropped, computed.destroyed)
    )
    return ShownValue(ValueSource.COMPUTED, total, fitted, dropped, destroyed)


def shown_source(zkb: ZkbValues, computed: KillmailValue | None, *, has_hull: bool = True) -> ValueSource | None:
    """Which of the two values is shown; None while there is none."""
    if not is_refused(zkb, has_hull=has_hull):
        return ValueSource.ZKB
    return None if computed is None else ValueSource.COMPUTED


def zkb_value(zkb: ZkbValues, computed: KillmailValue | None) -> ShownValue:
    """What is shown of a block that is not refused. Old ones have no parts: the computed ones divide their total."""
    total, fitted, dropped, destroyed = zkb.total or Decimal(0), zkb.fitted, zkb.dropped, zkb.destroyed
    if (dropped is None or destroyed is None) and computed is not None and computed.total:
        total_cents = int(total * 100)
        dropped_cents = total_cents * computed.dropped // computed.total
        dropped, destroyed = isk_of(dropped_cents), isk_of(total_cents - dropped_cents)
        if fitted is None:
            fitted = isk_of(total_cents * computed.fitted // computed.total)
    return ShownValue(ValueSource.ZKB, total, fitted, dropped, destroyed)


def is_refused(zkb: ZkbValues, *, has_hull: bool = True) -> bool:
    """Whether the block has no total, none for a hull, or parts that do not add up to it."""
    if zkb.total is None or (has_hull and zkb.total == 0):
        return True
    if zkb.dropped is None or zkb.destroyed is None:
        return False
    return abs(zkb.total - zkb.dropped - zkb.destroyed) > MAX_DIFFERENCE


def is_far_off(zkb: ZkbValues, computed: KillmailValue) -> bool:
    """Whether the two values differ by more than a factor of 2 and 100 million ISK: a sample for calibration."""
    if zkb.total is None:
        return False
    theirs, ours = int(zkb.total * 100), computed.total
    smaller, larger = sorted((theirs, ours))
    return larger > CALIBRATION_FACTOR * smaller and larger - smaller > CALIBRATION_CENTS
