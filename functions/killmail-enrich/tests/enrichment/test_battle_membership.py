"""Of several revisions of a battle the latest counts."""

from killmail_enrich.enrichment.battle_membership import BattleMembership, keep_latest_revision


def test_first_of_equal_revisions_counts_as_it_does_without_a_batch() -> None:
    latest: dict[str, BattleMembership] = {}
    for killmail_ids in ((1,), (2,)):
        keep_latest_revision(latest, BattleMembership("a", 1, killmail_ids))
    assert latest["a"].killmail_ids == (1,)
