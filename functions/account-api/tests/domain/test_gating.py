"""The order of the rules."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from account_api.domain.gating import Decision, GatingRules, Rule, decide

CORPORATION, ALLIANCE = 98, 99
ids = st.frozensets(st.sampled_from([CORPORATION, ALLIANCE, 1]))
rules = st.builds(GatingRules, st.booleans(), ids, ids, ids, ids)


@pytest.mark.parametrize(
    ("gating", "alliance", "rule"),
    [
        (
            GatingRules(False, denied_corporations={CORPORATION}, allowed_corporations={CORPORATION}),
            ALLIANCE,
            "denied_corporation",
        ),
        (GatingRules(False, denied_alliances={ALLIANCE}), ALLIANCE, "denied_alliance"),
        (GatingRules(False, denied_alliances={ALLIANCE}), None, "membership_not_required"),
        (GatingRules(True, allowed_corporations={CORPORATION}), None, "allowed_corporation"),
        (GatingRules(True, allowed_alliances={ALLIANCE}), ALLIANCE, "allowed_alliance"),
        (GatingRules(True, allowed_alliances={ALLIANCE}), None, "not_a_member"),
        (GatingRules(True), ALLIANCE, "not_a_member"),
    ],
)  # fmt: skip
def test_first_rule_that_applies_decides(gating: GatingRules, alliance: int | None, rule: str) -> None:
    assert decide(gating, CORPORATION, alliance, is_super_admin=False).rule == rule


@given(rules)
def test_super_admins_always_get_in(gating: GatingRules) -> None:
    assert decide(gating, CORPORATION, ALLIANCE, is_super_admin=True) == Decision(True, Rule.SUPER_ADMIN)


@given(rules)
def test_denied_organisation_never_gets_in_and_nobody_gets_in_without_a_reason(gating: GatingRules) -> None:
    decision = decide(gating, CORPORATION, ALLIANCE, is_super_admin=False)
    if CORPORATION in gating.denied_corporations or ALLIANCE in gating.denied_alliances:
        assert not decision.allowed
    elif gating.require_membership:
        member = CORPORATION in gating.allowed_corporations or ALLIANCE in gating.allowed_alliances
        assert decision.allowed == member
    else:
        assert decision.allowed
