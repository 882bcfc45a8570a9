"""Lock keys: clustering locks each system on each UTC day that it may change; one integer stands for both.

Batches exclude each other by the hours that they may change, and share the keys of systems, by which they and single
killmails exclude each other. So batches of one day that are an hour apart are clustered side by side.
"""

from collections.abc import Collection, Iterable, Iterator
from typing import Final

from battle_cluster.domain.killmail import Killmail
from battlescope_schemas.universe import WORMHOLE_SYSTEMS

DAY: Final = 86_400
MIDNIGHT_MARGIN: Final = 4 * 3600
"""A killmail this close to midnight locks both days: no rule looks further into the past or the future. So backfilled
killmails and tonight's fights in the same system never wait for each other."""

SYSTEM_BITS: Final = 32
HOUR: Final = 3600
WORMHOLE_MARGIN: Final = MIDNIGHT_MARGIN // 2
"""Seconds around a single killmail in which it locks all wormholes: as much as the rules may be set to."""
BATCH_LOCK_KEY: Final = 1
"""Shared by every transaction that clusters a batch; retention excludes all of them with it."""


class MoreLocksNeeded(Exception):
    """The battle extends to keys that are not locked, so reads may be stale; retry with more locks."""

    def __init__(self, lock_keys: Collection[int]) -> None:
        super().__init__(f"{len(lock_keys)} lock keys are missing.")
        self.lock_keys = frozenset(lock_keys)


def lock_key(system_id: int, day: int) -> int:
    """`day` counts from 1970."""
    return day << SYSTEM_BITS | system_id


def lock_key_of(killmail: Killmail) -> int:
    return lock_key(killmail.system_id, killmail.time // DAY)


def lock_keys_for(
    killmails: Iterable[Killmail], *, nearby: bool, wormhole_margin: int = WORMHOLE_MARGIN
) -> frozenset[int]:
    """The keys that the killmails need; with `nearby` those of nearby systems as well.

    Wormholes have no list of neighbours, since they connect to any system: one key an hour stands for all of them,
    `wormhole_margin` seconds around each killmail.
    """
    return frozenset(
        key for killmail in killmails for key in _keys_for(killmail, nearby=nearby, wormhole_margin=wormhole_margin)
    )


def _keys_for(killmail: Killmail, *, nearby: bool, wormhole_margin: int) -> Iterator[int]:
    systems = {killmail.system_id, *killmail.nearby_system_ids} if nearby else {killmail.system_id}
    for day in {(killmail.time - MIDNIGHT_MARGIN) // DAY, (killmail.time + MIDNIGHT_MARGIN) // DAY}:
        yield from (lock_key(system, day) for system in systems)
    first, last = (killmail.time - wormhole_margin) // HOUR, (killmail.time + wormhole_margin) // HOUR
    yield from (lock_key(WORMHOLE_SYSTEMS.start, hour) for hour in range(first, last + 1))


def batch_lock_keys(start: int, end: int, reach: int) -> frozenset[int]:
    """The hours of a batch that changes killmails from `start` to `end`, numbered from 1970: less than any other key.

    `reach`: the seconds over which the rules let one killmail change the links of another. Half of it on each side
    lets two batches whose changes are closer than that share an hour; further apart, neither affects the other.

    A batch does not lock the systems near its own, so two batches of the same time would miss each other's neighbours.
    A single killmail locks the nearby systems, and so meets a batch there.
    """
    margin = batch_margin(reach)
    return frozenset(range((start - margin) // HOUR, (end + margin) // HOUR + 1))


def batch_margin(reach: int) -> int:
    return -(-reach // 2)


def batch_lock_keys_of(killmails: Iterable[Killmail], reach: int) -> frozenset[int]:
    """The hours that a batch must hold to change these killmails, in any order and however far apart they are."""
    times = {killmail.time for killmail in killmails}
    return frozenset(key for time in times for key in batch_lock_keys(time, time, reach))


def hours_of(lock_keys: Iterable[int]) -> frozenset[int]:
    """Those of the keys that are hours of batches."""
    return frozenset(key for key in lock_keys if key < 1 << SYSTEM_BITS)


def shared_lock_keys(lock_keys: Collection[int], *, is_batch: bool = False) -> frozenset[int]:
    """The keys to lock in shared mode.

    Those of all wormholes, when none of the keys is a wormhole system; and those of systems, by a batch that holds its
    hours.
    """
    by_system: dict[int, set[int]] = {}
    for key in lock_keys:
        by_system.setdefault(key & (1 << SYSTEM_BITS) - 1, set()).add(key)
    wormholes = by_system.pop(WORMHOLE_SYSTEMS.start, set())
    shared = set[int]() if any(system in WORMHOLE_SYSTEMS for system in by_system) else wormholes
    if is_batch:
        shared = shared.union(*by_system.values())
    return frozenset(shared) - hours_of(lock_keys)
