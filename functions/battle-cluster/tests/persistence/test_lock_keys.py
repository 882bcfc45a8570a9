"""What is locked while mails are grouped: enough that nobody misses anybody, and no more than one must."""

from builders import FAR, GATES, HOME, NEXT, kill

from battle_cluster.persistence.lock_keys import DAY, lock_keys_for, of, place, shared_lock_keys

NOON = (1_638_000_000 // DAY * DAY + DAY // 2 - 1_638_000_000) / 60
HOLE = 31_000_005
WORMHOLES = 31_000_000


def test_history_and_tonight_in_the_same_system_do_not_wait_for_each_other() -> None:
    old, new = (lock_keys_for([kill(1, NOON + days * 1440, "A1", "B1")], nearby=True) for days in (0, 30))
    assert old.isdisjoint(new)


def test_around_midnight_both_days_are_locked() -> None:
    late = kill(1, NOON + 11 * 60, "A1", "B1", system=FAR)
    day = late.time // DAY
    assert {place(FAR, day), place(FAR, day + 1)} <= lock_keys_for([late], nearby=False)


def test_a_single_mail_locks_its_neighbours_and_many_only_their_own() -> None:
    mail = kill(1, NOON, "A1", "B1")
    day = mail.time // DAY
    assert {place(one, day) for one in {HOME, NEXT} & ({HOME} | GATES[HOME])} <= lock_keys_for([mail], nearby=True)
    assert place(NEXT, day) not in lock_keys_for([mail], nearby=False)
    assert of(mail) in lock_keys_for([mail], nearby=False)


def test_who_has_no_mail_in_a_wormhole_only_looks_at_them() -> None:
    mail = kill(1, NOON, "A1", "B1")
    assert shared_lock_keys(lock_keys_for([mail], nearby=True)) == {place(WORMHOLES, mail.time // DAY)}
    assert shared_lock_keys(lock_keys_for([kill(2, NOON, "A1", "B1", system=HOLE)], nearby=True)) == frozenset()
