"""The log follower reads new lines of all log files."""

from pathlib import Path

from battlescope_local.devloop.log_follower import LogFollower


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_follower_returns_each_complete_line_once(tmp_path: Path) -> None:
    log = tmp_path / "logs" / "battle-api.log"
    write(log, "old\n")
    write(tmp_path / "logs" / "battle-api.1.log", "much older\n")
    follower = LogFollower(tmp_path)
    follower.skip_existing()
    with log.open("a") as file:
        file.write("one\ntw")
    assert list(follower.new_lines()) == [("battle-api", "one")]
    with log.open("a") as file:
        file.write("o\n")
    assert list(follower.new_lines()) == [("battle-api", "two")]
    assert list(follower.new_lines()) == []
    log.write_text("new\n")
    assert list(follower.new_lines()) == [("battle-api", "new")]
