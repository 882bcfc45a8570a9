"""The ruleset filter gives the same results as ingest-poll's."""

from typing import Any
from uuid import UUID

from esi_bodies import BODIES, parse_body
from hypothesis import given
from hypothesis import strategies as st

from battlescope_schemas.killmail import Killmail
from ingest_backfill.domain.ruleset import Ruleset, apply_ruleset
from ingest_poll import ruleset as poller

SETS = st.frozensets(st.sampled_from([1_000_001, 2_000_001, 90_000_001, 98_000_001, 99_000_001]), max_size=2)
RULES = st.fixed_dictionaries({
    "min_pilots": st.integers(1, 4), "tracked_alliance_ids": SETS, "tracked_corp_ids": SETS,
    "tracked_character_ids": SETS, "tracked_system_ids": st.frozensets(st.sampled_from([30000142, 31000005])),
    "tracked_security_types": st.frozensets(st.sampled_from(["highsec", "nullsec", "wormhole", "pochven"])),
    "ignore_unlisted": st.booleans(), "exclude_npc": st.booleans(),
})  # fmt: skip


@given(BODIES, RULES)
def test_rejection_reason_is_the_same_as_the_pollers(body: dict[str, Any], rules: dict[str, Any]) -> None:
    ours = apply_ruleset(parse_body(body), Ruleset(UUID(int=1), **rules))
    theirs = poller.apply_ruleset(Killmail.model_validate(body), poller.Ruleset(UUID(int=1), **rules)).rejection
    assert (ours.value if ours else None) == (theirs.value if theirs else None)
