"""Only addresses of the allow-list are targets of a login."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from account_api.domain.redirects import RedirectNotAllowed, allowed_redirect, with_parameters

ORIGINS = {"https://app.example.com", "http://127.0.0.1:3000"}


@pytest.mark.parametrize(
    "target", ["/", "/dashboard", "/battles/7?tab=sides#kills", "https://app.example.com/x", "http://127.0.0.1:3000/"]
)
def test_paths_and_listed_origins_are_allowed(target: str) -> None:
    assert allowed_redirect(target, ORIGINS) == target


FOREIGN = [
    "https://evil.example", "//evil.example", "///evil.example", "/\\evil.example", "\\\\evil.example",
    "/\t/evil.example",    "https:evil.example", "https:/evil.example", "https://app.example.com.evil.example/",
    "https://app.example.com@evil.example/",
    "https://app.example.com:8443/", "http://app.example.com/", "https://evil.example/https://app.example.com/",
    "javascript:alert(1)", "data:text/html,x", "dashboard", "", " /dashboard", "/a\nb", "/a\r\nSet-Cookie: a=b", "https://",
    "https://app.example.com", "https://app.example.com?x", "ftp://app.example.com/", "https://[::1", "/" + "a" * 2000,
    "/\u202e",
    "?next=/", "#x", "blob:https://app.example.com/x",
]  # fmt: skip


@pytest.mark.parametrize("target", FOREIGN)
def test_everything_else_is_refused(target: str) -> None:
    with pytest.raises(RedirectNotAllowed):
        allowed_redirect(target, ORIGINS)


@given(st.text(alphabet="/\\:@.?#%ahtps\t\n 1e", max_size=24))
def test_what_is_allowed_starts_with_one_slash_or_with_a_listed_origin(target: str) -> None:
    try:
        allowed_redirect(target, ORIGINS)
    except RedirectNotAllowed:
        return
    assert (target.startswith("/") and target[1:2] not in {"/", "\\"}) or any(
        target.startswith(f"{origin}/") for origin in ORIGINS
    )


def test_parameters_join_those_of_the_target() -> None:
    assert with_parameters("/profile?a=b#c", {"error": "x y"}) == "/profile?a=b&error=x+y#c"
