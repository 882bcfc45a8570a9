"""From a difference to the rows that are to be written: only those that are not already so."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple

from battle_cluster.domain.battle import RevisionCause
from battle_cluster.domain.killmail import Killmail
from battle_cluster.reconciliation.battle_diff import BattleDiff, Change, Removal
from battle_cluster.statistics.battle_totals import related_url
from battle_cluster.statistics.reckoning import BattleReport

Row = dict[str, Any]
MANY: Final = 32
"""New battles, from which on a COPY for each table costs less than rows in one statement."""
_TABLES: Final = ("sides", "parties", "participants", "ships", "links")


@dataclass(frozen=True, slots=True)
class Rows:
    """What goes into each table, and what leaves it. `cleared` battles are written whole, `revived` ones were gone.

    Of the battles of `fresh` no row is there yet, so they may be copied in.
    """

    components: list[Row]
    cleared: list[str]
    revived: list[str]
    battles: list[Row]
    revisions: list[Row]
    removed: list[Row]
    aliases: list[Row]
    dropped: dict[str, list[Row]]
    saved: dict[str, list[Row]]
    fresh: tuple[Change, ...]


def rows_of(
    difference: BattleDiff,
    mails: Mapping[int, Killmail],
    remembered: Mapping[str, BattleReport],
    why: RevisionCause,
    now: datetime,
) -> Rows:
    """`remembered` are the figures that certainly stand in the tables now; battles without are cleared first."""
    given = {"cause": str(why), "made_at": now}
    fresh = tuple(change for change in difference.changes if change.before is None and change.revision == 1)
    fresh = fresh if len(fresh) >= MANY else ()
    rows = Rows(
        components=[{"killmail_id": one, "component_id": to} for one, to in difference.components.items()],
        cleared=[c.battle_id for c in difference.changes if c.before and c.battle_id not in remembered],
        revived=[c.battle_id for c in difference.changes if c.before is None and c.revision > 1],
        battles=[_battle(change) for change in difference.changes],
        revisions=[given | _revision(change) for change in difference.changes]
        + [given | _last_revision(removal) for removal in difference.removals],
        removed=[_removed(removal) for removal in difference.removals],
        aliases=[{"id": r.battle_id, "merged_into": r.merged_into} for r in difference.removals if r.merged_into],
        dropped={},
        saved={},
        fresh=fresh,
    )
    rows.cleared.extend(removal.battle_id for removal in difference.removals)
    copied = {change.battle_id for change in fresh}
    for change in difference.changes:
        if change.battle_id in copied:
            continue
        _compare(rows, change, mails, remembered.get(change.battle_id))
    return rows


def _compare(rows: Rows, change: Change, mails: Mapping[int, Killmail], old: BattleReport | None) -> None:
    battle = {"battle_id": change.battle_id}
    for table in _TABLES:
        now: Mapping[Any, NamedTuple] = _table(change.reckoning, table)
        was: Mapping[Any, NamedTuple] = _table(old, table) if old else {}
        rows.saved.setdefault(table, []).extend(
            battle | row._asdict() for k, row in now.items() if was.get(k) is not row and was.get(k) != row
        )
        rows.dropped.setdefault(table, []).extend(battle | row._asdict() for k, row in was.items() if k not in now)
    sides = change.reckoning.victim_side_by_killmail
    before: Mapping[int, int | None] = old.victim_side_by_killmail if old else {}
    moved = [one for one, side in sides.items() if one not in before or before[one] != side]
    rows.saved.setdefault("killmails", []).extend(_killmail(battle, mails[one], sides[one]) for one in moved)
    gone: list[Row] = [{**battle, "killmail_id": one} for one in before if one not in sides]
    rows.dropped.setdefault("killmails", []).extend(gone)


def _table(reckoning: BattleReport, table: str) -> Mapping[Any, NamedTuple]:
    return getattr(reckoning, "pilots" if table == "participants" else table)


def _battle(change: Change) -> Row:
    figures = change.reckoning
    return {
        "id": change.battle_id,
        "system_id": change.place.system_id,
        "region_id": change.place.region_id,
        "security_type": change.place.security_type,
        "start_time": figures.start,
        "end_time": figures.end,
        "status": "historical" if change.historical else "open",
        "tier": figures.tier,
        "total_kills": figures.total_kills,
        "total_participants": figures.total_participants,
        "total_isk_destroyed": figures.total_isk,
        "zkill_related_url": related_url(change.place.system_id, figures.start),
        "is_decisive": figures.is_decisive,
        "winning_side": figures.winning_side,
        "separate_fights": figures.separate_fights,
        "revision": change.revision,
        "quiet": figures.quiet,
        "name": figures.name,
    }


def _revision(change: Change) -> Row:
    figures = change.reckoning
    return {
        "battle_id": change.battle_id,
        "revision": change.revision,
        "reason": change.reason or "created",
        "added": change.added,
        "removed": change.removed,
        "absorbed": change.absorbed,
        "total_kills": figures.total_kills,
        "total_participants": figures.total_participants,
        "total_isk_destroyed": figures.total_isk,
        "sides": len(figures.sides),
    }


def _last_revision(removal: Removal) -> Row:
    return {
        "battle_id": removal.battle_id,
        "revision": removal.revision,
        "reason": "merged" if removal.merged_into else "deleted",
        "added": (),
        "removed": removal.killmail_ids,
        "absorbed": (),
        "total_kills": 0,
        "total_participants": 0,
        "total_isk_destroyed": 0,
        "sides": 0,
    }


def _removed(removal: Removal) -> Row:
    reason = "merged" if removal.merged_into else "reclustering"
    return {
        "id": removal.battle_id,
        "reason": reason,
        "merged_into": removal.merged_into,
        "revision": removal.revision,
    }


def _killmail(battle: Mapping[str, str], mail: Killmail, side_id: int | None) -> Row:
    victim, attackers = mail.victim, mail.attackers
    return {
        **battle,
        "killmail_id": mail.killmail_id,
        "time": mail.time,
        "system_id": mail.system_id,
        "victim_alliance_id": victim.alliance_id,
        "victim_corporation_id": victim.corporation_id,
        "victim_character_id": victim.character_id,
        "ship_type_id": victim.ship_type_id,
        "attacker_alliance_ids": distinct(a.alliance_id for a in attackers),
        "attacker_corporation_ids": distinct(a.corporation_id for a in attackers),
        "attacker_character_ids": distinct(a.character_id for a in attackers),
        "isk_value": mail.value,
        "side_id": side_id,
    }


def distinct(ids: Iterable[int | None]) -> list[int]:
    """Those that are known, in order."""
    return sorted({one for one in ids if one is not None})
