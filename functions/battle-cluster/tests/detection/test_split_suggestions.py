"""Where a split of a battle is suggested, and where not."""

from builders import RULES, kill

from battle_cluster.detection.split_suggestions import SplitReason, suggested_splits
from battle_cluster.domain.killmail import Killmail


def suggestions(killmails: list[Killmail]) -> dict[SplitReason, tuple[tuple[int, ...], tuple[int, ...]]]:
    return {split.reason: (split.first, split.second) for split in suggested_splits(killmails, RULES)}


def test_split_is_suggested_at_a_lull_between_different_pilots() -> None:
    earlier = [kill(n, n / 10, f"B{n}", "A1 A2") for n in (1, 2, 3)]
    later = [kill(n, 6 + n / 10, f"B{n}", "A7 A8") for n in (4, 5, 6)]
    assert suggestions([*earlier, *later])[SplitReason.LULL] == ((1, 2, 3), (4, 5, 6))


def test_no_split_is_suggested_at_a_lull_of_the_same_pilots() -> None:
    assert not suggestions([kill(n, n * 6, f"B{n}", "A1 A2") for n in range(1, 8)])


def test_split_is_suggested_at_a_killmail_that_connects_two_fights() -> None:
    first = [kill(n, n, f"B{n}", "A1 A2 A3 A4 A5") for n in (1, 2, 3, 4)]
    second = [kill(n, n, f"D{n}", "C1 C2 C3 C4 C5") for n in (6, 7, 8, 9)]
    splits = suggestions([*first, kill(5, 5, "E1", "A1 C1"), *second])
    assert splits[SplitReason.BRIDGE_KILL] == ((1, 2, 3, 4, 5), (6, 7, 8, 9))


def test_split_is_suggested_between_two_groups_of_pilots() -> None:
    first = [kill(n, n, f"B{n}", "A1 A2 A3 A4 A5") for n in range(1, 6)]
    second = [kill(10 + n, n, f"D{n}", "C1 C2 C3 C4 C5") for n in range(1, 6)]
    assert suggestions([*first, *second])[SplitReason.SUB_FIGHTS] == ((1, 2, 3, 4, 5), (11, 12, 13, 14, 15))


def test_no_split_is_suggested_for_a_part_of_fewer_than_three_killmails() -> None:
    assert not suggestions(
        [*(kill(n, n, f"B{n}", "A1 A2") for n in range(4)), kill(9, 20, "D1", "C1"), kill(10, 21, "D2", "C1")]
    )
