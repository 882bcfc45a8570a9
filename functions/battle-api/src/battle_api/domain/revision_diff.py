"""What differs between two revisions of a battle."""

from collections.abc import Iterable
from typing import NamedTuple


class Membership(NamedTuple):
    added: frozenset[int]
    removed: frozenset[int]


def net_change(changes: Iterable[tuple[Iterable[int], Iterable[int]]]) -> Membership:
    """The killmails added and removed by all changes together, which follow each other in time."""
    added, removed = set[int](), set[int]()
    for came, went in changes:
        for killmail_id in came:
            (removed.discard if killmail_id in removed else added.add)(killmail_id)
        for killmail_id in went:
            (added.discard if killmail_id in added else removed.add)(killmail_id)
    return Membership(frozenset(added), frozenset(removed))
