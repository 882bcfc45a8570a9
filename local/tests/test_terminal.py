"""Terminal output of the commands."""

from battlescope_local.terminal import battle_line


def test_battle_line() -> None:
    battle = {"startTime": "2026-01-02T03:04:05Z", "systemName": "M-OEE8", "totalKills": 9, "totalParticipants": 30}
    line = battle_line({**battle, "totalIskDestroyed": "2500000000.00", "status": "open"})
    assert line == "battle 2026-01-02 03:04 M-OEE8: 9 kills, 30 pilots, 2.50 b ISK open"
