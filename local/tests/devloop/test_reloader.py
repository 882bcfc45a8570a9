"""The reloader replaces the functions that changed files affect."""

from pathlib import Path

from battlescope_local.devloop.reloader import ChangeEffect, Reloader, effect_of


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_each_file_has_its_effect() -> None:
    root, names = Path("/p"), {"a", "b"}

    def effect(*paths: str) -> ChangeEffect:
        return effect_of(root, [root / path for path in paths], names)

    assert effect("functions/a/src/a/main.py") == ChangeEffect(frozenset("a"))
    assert effect("functions/unknown/src/x.py") == ChangeEffect()
    assert effect("events/src/e.py") == effect("shared-schemas/src/s.py") == ChangeEffect(frozenset("ab"))
    assert effect("knative/base/x.yaml", "local/src/y.py").restart == (
        root / "knative/base/x.yaml",
        root / "local/src/y.py",
    )
    assert effect("functions/a/migrations/1.sql") == ChangeEffect(migrations=(root / "functions/a/migrations/1.sql",))


class CountingService:
    """A function that counts how often it was replaced."""

    def __init__(self) -> None:
        self.count = 0

    def replace_instances(self) -> int:
        self.count += 1
        return 1


def test_all_services_of_a_function_are_replaced(tmp_path: Path) -> None:
    own, background = CountingService(), CountingService()
    changed = tmp_path / "functions/a/src/x.py"
    write(changed, "x = 1\n")
    Reloader(tmp_path, {"a": [own, background]}).apply({changed})
    assert (own.count, background.count) == (1, 1)


def test_only_a_function_with_a_syntax_error_keeps_its_previous_code(tmp_path: Path) -> None:
    services = {"a": CountingService(), "b": CountingService()}
    reloader = Reloader(tmp_path, {name: [service] for name, service in services.items()})
    broken, sound = tmp_path / "functions/a/src/x.py", tmp_path / "functions/a/src/y.py"
    other = tmp_path / "functions/b/src/x.py"
    write(broken, "def (\n")
    for path in (sound, other):
        write(path, "x = 1\n")
    reloader.apply({broken, other})
    assert (services["a"].count, services["b"].count) == (0, 1)
    reloader.apply({sound})
    assert services["a"].count == 0, "the other file still has its error"
    shared = tmp_path / "events/src/e.py"
    write(shared, "x = 1\n")
    reloader.apply({shared})
    assert (services["a"].count, services["b"].count) == (0, 2)
    write(broken, "x = 1\n")
    reloader.apply({broken})
    assert (services["a"].count, services["b"].count) == (1, 2)
