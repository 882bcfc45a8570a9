"""What is locked while mails are grouped: a system on a UTC day, as one number."""

from collections.abc import Collection, Iterable, Iterator
from typing import Final

from battle_cluster.domain.killmail import Killmail
from battlescope_schemas.universe import WORMHOLE_SYSTEMS

DAY: Final = 86_400
MIDNIGHT_MARGIN: Final = 4 * 3600
"""Whoever is this close to midnight locks both days: more than any rule looks into the past or the future, so that
history being filed and tonight's fights in the same system never wait for each other."""

SYSTEM_BITS: Final = 32
BATCH_LOCK_KEY: Final = 1
"""Locked by whoever groups many mails at once: two of them would not see each other's neighbours, since neither locks
the systems around its own. Whoever files a single mail does, and so meets them in their own places."""


def place(system_id: int, day: int) -> int:
    """`day` counts from 1970."""
    return day << SYSTEM_BITS | system_id


def of(mail: Killmail) -> int:
    return place(mail.system_id, mail.time // DAY)


def lock_keys_for(mails: Iterable[Killmail], *, nearby: bool) -> frozenset[int]:
    """Where these mails and what they touch may be.

    Wormholes connect to anywhere: one number a day stands for all of them, since no list of neighbours exists.
    """
    return frozenset(one for mail in mails for one in _around(mail, nearby=nearby))


def _around(mail: Killmail, *, nearby: bool) -> Iterator[int]:
    systems = frozenset({mail.system_id, WORMHOLE_SYSTEMS.start})
    if nearby:
        systems |= mail.nearby_system_ids
    for day in {(mail.time - MIDNIGHT_MARGIN) // DAY, (mail.time + MIDNIGHT_MARGIN) // DAY}:
        yield from (place(system, day) for system in systems)


def shared_lock_keys(places: Collection[int]) -> frozenset[int]:
    """The numbers for all wormholes are only shared by those that have no mail in one."""
    systems = {one & (1 << SYSTEM_BITS) - 1 for one in places}
    if any(system in WORMHOLE_SYSTEMS[1:] for system in systems):
        return frozenset()
    return frozenset(one for one in places if one & (1 << SYSTEM_BITS) - 1 == WORMHOLE_SYSTEMS.start)
