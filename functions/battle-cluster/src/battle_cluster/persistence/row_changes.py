"""The rows that a regrouping writes and deletes: those that differ from the stored ones."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Final, LiteralString, NamedTuple

from battle_cluster.detection.links import Link
from battle_cluster.domain.battle import RevisionCause
from battle_cluster.domain.event_time import to_datetime
from battle_cluster.domain.killmail import Killmail
from battle_cluster.messaging.enriched_killmail import EntityFact, EntityName
from battle_cluster.persistence.killmails import KILLMAIL_COLUMNS, killmail_row, pilots_row
from battle_cluster.persistence.parameters import Row, Values, int_array
from battle_cluster.reconciliation.battle_diff import BattleDiff, Change, Removal
from battle_cluster.statistics.battle_report import BattleReport
from battle_cluster.statistics.battle_totals import related_url
from battle_cluster.statistics.rows import BattleKillmail, Participant, PartyTotals, ShipUsage, SideTotals

NEW_KILLMAILS: Final[LiteralString] = "mails"
BATTLES: Final[LiteralString] = "battles"
REVISIONS: Final[LiteralString] = "battle_revisions"
SIDES: Final[LiteralString] = "battle_sides"
PARTIES: Final[LiteralString] = "battle_side_parties"
KILLMAILS: Final[LiteralString] = "battle_killmails"
PARTICIPANTS: Final[LiteralString] = "battle_participants"
SHIPS: Final[LiteralString] = "battle_participant_ships"
LINKS: Final[LiteralString] = "battle_links"


class BattleRow(NamedTuple):
    """The columns of `battles` that a change of the battle sets. `quiet_seconds` is the inactivity gap."""

    id: str
    system_id: int
    region_id: int
    security_type: str
    start_time: datetime
    end_time: datetime
    last_killmail_at: datetime
    status: str
    tier: str
    total_kills: int
    total_participants: int
    total_isk_destroyed: Decimal
    isk_computed_high: Decimal
    isk_computed_medium: Decimal
    isk_computed_low: Decimal
    kills_without_value: int
    isk_fitted: Decimal
    isk_dropped: Decimal
    kills_without_parts: int
    kills_with_unpriced: int
    zkill_related_url: str
    is_decisive: bool
    winning_side: int | None
    separate_fights: bool
    revision: int
    quiet_seconds: int
    name: str | None


class RevisionRow(NamedTuple):
    """A row of `battle_revisions`; the last one of a removed battle has no figures."""

    battle_id: str
    revision: int
    made_at: datetime
    reason: str
    cause: str
    added: Sequence[int]
    removed: Sequence[int]
    absorbed: Sequence[str] = ()
    total_kills: int = 0
    total_participants: int = 0
    total_isk_destroyed: Decimal = Decimal(0)
    sides: int = 0


_BATTLE_ID: Final = ("battle_id",)
COLUMNS: Final[Mapping[LiteralString, tuple[str, ...]]] = {
    NEW_KILLMAILS: KILLMAIL_COLUMNS,
    BATTLES: BattleRow._fields,
    REVISIONS: RevisionRow._fields,
    SIDES: _BATTLE_ID + SideTotals._fields,
    PARTIES: _BATTLE_ID + PartyTotals._fields,
    KILLMAILS: _BATTLE_ID + BattleKillmail._fields,
    PARTICIPANTS: _BATTLE_ID + Participant._fields,
    SHIPS: _BATTLE_ID + ShipUsage._fields,
    LINKS: _BATTLE_ID + Link._fields,
}
"""Tables whose rows are tuples, each with its columns in their order."""
_ID_ARRAYS: Final = slice(
    BattleKillmail._fields.index("attacker_alliance_ids"), BattleKillmail._fields.index("attacker_character_ids") + 1
)


class RemovedBattleRow(NamedTuple):
    """A battle to mark as deleted. `merged_into` gets its id as an alias."""

    id: str
    reason: str
    merged_into: str | None
    revision: int


@dataclass(slots=True)
class RowChanges:
    """Rows to write and to delete, by table.

    inserted: rows that no table has. upserted: rows that may be stored with other values. Both have the columns of
    `COLUMNS`. other: pilots and components of killmails. names, facts: those that may be unknown. cleared: battles
    whose rows are all deleted first. restored: deleted battles that come back under their id.
    """

    inserted: dict[LiteralString, list[Values]] = field(default_factory=dict[LiteralString, list[Values]])
    upserted: dict[LiteralString, list[Values]] = field(default_factory=dict[LiteralString, list[Values]])
    other: dict[str, list[Row]] = field(default_factory=dict[str, list[Row]])
    deleted: dict[str, list[Row]] = field(default_factory=dict[str, list[Row]])
    names: frozenset[EntityName] = frozenset[EntityName]()
    facts: frozenset[EntityFact] = frozenset[EntityFact]()
    cleared: list[str] = field(default_factory=list[str])
    restored: list[str] = field(default_factory=list[str])
    removed: list[Row] = field(default_factory=list[Row])

    def add_killmails(self, new: Collection[Killmail], component_of: Mapping[int, str | None]) -> None:
        """Insert new killmails, each with its component, and set the component of the others that got another one."""
        new_ids = {killmail.killmail_id for killmail in new}
        self.inserted[NEW_KILLMAILS] = [killmail_row(entry, component_of.get(entry.killmail_id)) for entry in new]
        self.other["mail_pilots"] = list(map(pilots_row, new))
        self.other["components"] = [
            {"killmail_id": killmail_id, "component_id": component_id}
            for killmail_id, component_id in component_of.items()
            if killmail_id not in new_ids
        ]

    @property
    def changes_battles(self) -> bool:
        """Whether there is a row of a battle to write."""
        return any(rows for table, rows in (*self.inserted.items(), *self.upserted.items()) if table != NEW_KILLMAILS)


def row_changes(
    diff: BattleDiff, stored_reports: Mapping[str, BattleReport], cause: RevisionCause, now: datetime
) -> RowChanges:
    """The rows that turn the stored battles into those of `diff`.

    `stored_reports` equal the tables; the rows of a changed battle without one are deleted and rewritten.
    """
    rows = RowChanges()
    rows.upserted[BATTLES] = [_battle(change) for change in diff.changes]
    rows.upserted[REVISIONS] = list(_revisions(diff, str(cause), now))
    rows.removed = [_removed(removal)._asdict() for removal in diff.removals]
    rows.cleared = [removal.battle_id for removal in diff.removals]
    for change in diff.changes:
        stored = stored_reports.get(change.battle_id)
        if change.previous and stored is None:
            rows.cleared.append(change.battle_id)
        if change.previous is None and change.revision > 1:
            rows.restored.append(change.battle_id)
        _add_differences(rows, change, stored)
    return rows


def _tables(report: BattleReport) -> dict[LiteralString, Mapping[Any, NamedTuple]]:
    totals = report.totals
    return {
        SIDES: totals.sides,
        PARTIES: totals.parties,
        KILLMAILS: totals.killmails,
        PARTICIPANTS: totals.participants,
        SHIPS: totals.ships,
        LINKS: report.links,
    }


def _add_differences(rows: RowChanges, change: Change, stored: BattleReport | None) -> None:
    before_of = _tables(stored) if stored else {}
    for table, after in _tables(change.report).items():
        row_of = _killmail_row_of if table == KILLMAILS else _row_of
        inserted = rows.inserted.setdefault(table, [])
        before = before_of.get(table)
        if not before:
            inserted += [row_of(change.battle_id, row) for row in after.values()]
            continue
        inserted += [row_of(change.battle_id, row) for key, row in after.items() if key not in before]
        changed = [row for key, row in after.items() if (old := before.get(key, row)) is not row and old != row]
        rows.upserted.setdefault(table, []).extend(row_of(change.battle_id, row) for row in changed)
        gone = [row for key, row in before.items() if key not in after]
        if gone:
            rows.deleted.setdefault(table, []).extend({"battle_id": change.battle_id, **row._asdict()} for row in gone)


def _row_of(battle_id: str, row: NamedTuple) -> Values:
    return (battle_id, *row)


def _killmail_row_of(battle_id: str, row: NamedTuple) -> Values:
    """Arrays as text, which PostgreSQL reads by one call instead of one for each element."""
    before, arrays, after = row[: _ID_ARRAYS.start], row[_ID_ARRAYS], row[_ID_ARRAYS.stop :]
    return (battle_id, *before, *map(int_array, arrays), *after)


def _battle(change: Change) -> BattleRow:
    report, totals, location = change.report, change.report.totals, change.location
    end_time = to_datetime(totals.end)
    return BattleRow(
        id=change.battle_id,
        system_id=location.system_id,
        region_id=location.region_id,
        security_type=location.security_type,
        start_time=to_datetime(totals.start),
        end_time=end_time,
        last_killmail_at=end_time,
        status=change.status,
        tier=report.tier,
        total_kills=totals.kills,
        total_participants=totals.pilots,
        total_isk_destroyed=totals.isk_destroyed,
        isk_computed_high=totals.computed.high,
        isk_computed_medium=totals.computed.medium,
        isk_computed_low=totals.computed.low,
        kills_without_value=totals.computed.kills_without_value,
        isk_fitted=totals.parts.fitted,
        isk_dropped=totals.parts.dropped,
        kills_without_parts=totals.parts.kills_without_parts,
        kills_with_unpriced=totals.parts.kills_with_unpriced,
        zkill_related_url=related_url(location.system_id, totals.start),
        is_decisive=totals.outcome.decisive,
        winning_side=totals.outcome.winner,
        separate_fights=report.separate_fights,
        revision=change.revision,
        quiet_seconds=report.inactivity_gap,
        name=report.name,
    )


def _revisions(diff: BattleDiff, cause: str, now: datetime) -> Iterator[RevisionRow]:
    for change in diff.changes:
        totals = change.report.totals
        yield RevisionRow(
            battle_id=change.battle_id,
            revision=change.revision,
            made_at=now,
            reason=change.reason or "created",
            cause=cause,
            added=change.added,
            removed=change.removed,
            absorbed=change.absorbed_ids,
            total_kills=totals.kills,
            total_participants=totals.pilots,
            total_isk_destroyed=totals.isk_destroyed,
            sides=len(totals.sides),
        )
    for removal in diff.removals:
        reason = "merged" if removal.merged_into else "deleted"
        yield RevisionRow(removal.battle_id, removal.revision, now, reason, cause, (), removal.killmail_ids)


def _removed(removal: Removal) -> RemovedBattleRow:
    reason = "merged" if removal.merged_into else "reclustering"
    return RemovedBattleRow(removal.battle_id, reason, removal.merged_into, removal.revision)
