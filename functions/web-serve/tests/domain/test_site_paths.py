import pytest

from web_serve.domain.site_paths import INDEX, file_of, media_type


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("", INDEX),
        ("battles/7", INDEX),
        ("v1.2/battles", INDEX),
        ("a/../b", INDEX),
        ("assets/app-a1.js", "assets/app-a1.js"),
        ("assets/app-a1.js.br", None),
        ("assets/app-a1.js.gz", None),
        ("../x.txt", None),
        ("a//x.txt", None),
        (".env", None),
        (".well-known/x.txt", None),
        ("a b.txt", None),
        ("x.", "x."),
    ],
)
def test_file_of_a_path(path: str, name: str | None) -> None:
    assert file_of(path) == name


def test_unknown_files_are_octets() -> None:
    assert media_type("assets/inter-latin.woff2") == "font/woff2"
    assert media_type("x.") == media_type("x.unknown") == "application/octet-stream"
