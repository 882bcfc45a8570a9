from builders import RULES, kill

from battle_cluster.detection.split_suggestions import SplitReason, suggested_splits
from battle_cluster.domain.killmail import Killmail


def doubts(mails: list[Killmail]) -> dict[SplitReason, tuple[tuple[int, ...], tuple[int, ...]]]:
    return {one.reason: (one.first, one.second) for one in suggested_splits(mails, RULES)}


def test_a_lull_between_other_crews_is_offered() -> None:
    early = [kill(n, n / 10, f"B{n}", "A1 A2") for n in (1, 2, 3)]
    late = [kill(n, 6 + n / 10, f"B{n}", "A7 A8") for n in (4, 5, 6)]
    assert doubts([*early, *late])[SplitReason.LULL] == ((1, 2, 3), (4, 5, 6))


def test_a_lull_of_the_same_crew_is_not() -> None:
    assert not doubts([kill(n, n * 6, f"B{n}", "A1 A2") for n in range(1, 8)])


def test_one_mail_between_two_fights_is_offered() -> None:
    early = [kill(n, n, f"B{n}", "A1 A2 A3 A4 A5") for n in (1, 2, 3, 4)]
    late = [kill(n, n, f"D{n}", "C1 C2 C3 C4 C5") for n in (6, 7, 8, 9)]
    found = doubts([*early, kill(5, 5, "E1", "A1 C1"), *late])
    assert found[SplitReason.BRIDGE_KILL] == ((1, 2, 3, 4, 5), (6, 7, 8, 9))


def test_two_crews_side_by_side_are_offered() -> None:
    ours = [kill(n, n, f"B{n}", "A1 A2 A3 A4 A5") for n in range(1, 6)]
    theirs = [kill(10 + n, n, f"D{n}", "C1 C2 C3 C4 C5") for n in range(1, 6)]
    assert doubts([*ours, *theirs])[SplitReason.SUB_FIGHTS] == ((1, 2, 3, 4, 5), (11, 12, 13, 14, 15))


def test_fewer_than_three_mails_on_one_end_are_no_fight_to_split_off() -> None:
    assert not doubts(
        [*(kill(n, n, f"B{n}", "A1 A2") for n in range(4)), kill(9, 20, "D1", "C1"), kill(10, 21, "D2", "C1")]
    )
