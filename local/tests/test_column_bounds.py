"""Every column that is narrower than 64 bits has a bound where its number is read or counted.

`schema.txt` lists the columns; a new narrow column fails here until it is listed with its bound.
"""

import re
from pathlib import Path
from typing import Final

import pytest

from battlescope_schemas.killmail import GAME_LAUNCH, MAX_ATTACKERS, MAX_DAMAGE, MAX_ISK_VALUE

PROJECT: Final = Path(__file__).parents[2]
NARROW: Final = re.compile(r"^(\w+\.\w+) (smallint|integer|numeric\(\d+,\d+\)|real)(?= |$)", re.MULTILINE)
# Tables of operators and of the running system: their numbers come from settings, counters and this project's own rows.
OWN_TABLES: Final = re.compile(
    r"^(upstream_cooldowns|delivery_attempts|outbox_messages|ingestion_status|ingestion_stats_hourly|rulesets|feed_rereads"
    r"|historical_\w+|data_retention_jobs|clustering_configuration|reclustering_jobs|republish_jobs|ruleset_history"
    r"|reindex_jobs|revaluation_jobs|source_failover|feed_backlogs|unavailable_listings)\."
)
BOUNDS: Final = {
    r"\w+\.(zkb_total_value|isk_value|value|isk_destroyed|isk_lost|total_isk_destroyed)": "MAX_ISK_VALUE of the reader",
    r"\w+\.(fitted_value|dropped_value|isk_fitted|isk_dropped|isk_lost_fitted)": "parts of values, by the same bounds",
    r"\w+\.unpriced_types": "MAX_ITEMS of the valuation",
    r"battle_links\.quiet_limit_seconds": "the constants of detection and its settings, hours at most",
    r"battle_cards\.design": "the version of the drawing, a constant",
    r"\w+\.(total_value|isk_computed_\w+)": "MAX_CENTS of the valuation, the same number",
    r"\w+\.zkb_points": "the reader: 32 bits, else 0",
    r"\w+\.(attacker_count|pilot_count|total_participants|pilots)": "MAX_ATTACKERS of the reader",
    r"solar_systems\.security_status": "a real number as the static data have it, from -1 to 1",
    r"\w+\.(wormhole_class|system_class)": "the reader of static data: 16 bits, else absent",
    r"verification_history\.\w+": "the reader of listings: 31 bits, else unknown",
    r"\w+\.(kills|losses|deaths|total_kills|ships_destroyed|ships_lost)": "a count of stored killmails",
    r"battles\.(kills_without_value|kills_without_parts|kills_with_unpriced)": "a count of stored killmails",
    r"\w+\.(side_id|second_best_side_id|winning_side|sides)": "a count of sides, at most one for each party",
    r"\w+\.(score|confidence|evidence|isk_efficiency)": "computed, from 0 to 100; evidence is a real number",
    r"\w+\.(duration_seconds|quiet_seconds)": "kill times lie between the launch of the game and tomorrow",
    r"\w+\.(revision|suggested_revision|value_revision|version|attempts)": "a count of changes of one row",
    r"\w+\.valuation_revision": "a count of valuations of one row",
    r"battle_documents\.battle_score": "a logarithm and counts of stored killmails and their pilots",
    r"entities\.battle_count": "a count of stored battles",
    r"battles\.missing_killmails": "a count of killmails of one event",
    r"market_prices\.\w+": "the reader of market history: ids of 31 bits; the year of a date",
    r"enriched_killmails\.valuation_rules": "the version of the rules, a constant",
    r"account_roles\.rank": "a CHECK of the table: one of four roles",
    r"enriched_killmails\.enrichment_duration_ms": "the event's timeout",
}


def narrow_columns() -> list[str]:
    schemas = [path.read_text() for path in sorted(PROJECT.glob("functions/*/schema.txt"))]
    columns = [match[1] for schema in schemas for match in NARROW.finditer(schema)]
    return [column for column in columns if not OWN_TABLES.match(column)]


@pytest.mark.parametrize("column", narrow_columns())
def test_narrow_column_has_exactly_one_bound(column: str) -> None:
    assert len([pattern for pattern in BOUNDS if re.fullmatch(pattern, column)]) == 1


def test_every_bound_is_needed() -> None:
    columns = narrow_columns()
    assert len(columns) > 40
    assert [pattern for pattern in BOUNDS if not any(re.fullmatch(pattern, column) for column in columns)] == []


def test_sums_over_the_largest_battles_fit_their_columns() -> None:
    """Ten thousand losses are more than any battle had; damage adds up over all attackers of all its killmails."""
    assert 10_000 * MAX_ISK_VALUE <= 10**18, "numeric(20,2)"
    assert 10_000 * MAX_ATTACKERS * MAX_DAMAGE < 2**63, "bigint"
    assert 10_000 * MAX_ATTACKERS < 2**31, "integer"
    assert (2**31 / 86_400 / 365.25) + GAME_LAUNCH.year > 2060
