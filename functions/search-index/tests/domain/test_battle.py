"""Of the revisions of a battle the latest counts, in whichever order they stand in a batch."""

from hypothesis import given, settings
from hypothesis import strategies as st
from search_builders import battle

from battlescope_local.testing.examples import examples
from search_index.domain.battle import BattleState, latest_of_each, state_of

STATES = [
    state_of(battle(number, revision, killmail_ids))
    for number, revision, killmail_ids in (
        (1, 1, [1]),
        (1, 2, [1, 2]),
        (1, 3, None),
        (2, 1, [4]),
        (2, 0, None),
        (3, 7, [9]),
    )
]


@settings(max_examples=examples(100))
@given(states=st.permutations(STATES), repeated=st.lists(st.sampled_from(STATES), max_size=4))
def test_latest_revision_of_each_in_any_order(states: list[BattleState], repeated: list[BattleState]) -> None:
    latest = latest_of_each([*states, *repeated])
    assert [(state.battle_id[-1], state.revision, state.state is None) for state in latest] == [
        ("1", 3, True),
        ("2", 0, True),
        ("3", 7, False),
    ]
