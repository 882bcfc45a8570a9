"""Pages that stand in for the web app: while it is built, and where there is none. They need no script."""

from collections.abc import Iterable, Mapping
from html import escape
from typing import Final

from web_serve.domain.readable_resources import Link

RELOAD_SECONDS: Final = 2
LOGIN: Final = Link("/auth/login", "Log in with a character of EVE Online.")
API_DOCS: Final = Link("/api/docs", "The HTTP API: every operation, parameter and field.")
# What account-api adds to the address to which a failed login returns.
LOGIN_ERRORS: Final[Mapping[str, str]] = {
    "invalid_state": "The login took too long, or another browser began it. Log in again.",
    "auth_failed": "EVE Online did not confirm the login. Log in again.",
    "access_denied": "The login was cancelled, or the account is blocked.",
    "org_not_allowed": "Members of this corporation or alliance may not log in here.",
    "not_authenticated": "Log in before you add a character.",
    "character_exists": "The character belongs to another account.",
}
STYLE: Final = (
    ":root{color-scheme:dark}:root[data-theme=light]{color-scheme:light}"  # dark unless chosen, as the app
    ":root{--line:#8884;--soft:#8882;--accent:light-dark(#2b4c86,#b9cdf0)}"
    "html{background:light-dark(#f4f6f9,#0a0d12);color:light-dark(#12171f,#e8ecf2)}"  # those of the web app
    "body{font:16px/1.5 system-ui,sans-serif;max-width:72rem;margin:0 auto;padding:2rem 1rem;overflow-wrap:anywhere}"
    "a{color:var(--accent)}code,pre{font:14px/1.45 ui-monospace,monospace}"
    "pre{background:var(--soft);padding:1rem;overflow:auto;border-radius:.4rem}"
)


def document(title: str, body: str, head: str = "") -> str:
    """A complete page; `title` is text, `body` and `head` are HTML."""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(title)}</title>{head}<style>{STYLE}</style></head><body>{body}</body></html>"
    )


BUILDING_PAGE: Final = document(
    "BattleScope",
    "<h1>The web app is being built</h1><p>This takes about 30 seconds the first time. The page loads by itself.</p>"
    f'<p>The <a href="{API_DOCS.path}">HTTP API</a> answers already.</p>',
    f'<meta http-equiv="refresh" content="{RELOAD_SECONDS}">',
)


def landing_page(
    resources: Iterable[Link], failure: str | None, *, has_login: bool, login_error: str | None = None
) -> str:
    """The page of an installation without a web app.

    failure: why its build failed, None if there was no build. login_error: why a login failed, a key of `LOGIN_ERRORS`.
    """
    links = [API_DOCS, *([LOGIN] if has_login else []), *resources]
    reasons = _alert(login_error) + _reason(failure)
    return document(
        "BattleScope",
        f"<h1>BattleScope is running</h1>{reasons}<p>These resources answer:</p><ul>{_items(links)}</ul>",
    )


def _alert(login_error: str | None) -> str:
    sentence = LOGIN_ERRORS.get(login_error or "")
    return f'<p role="alert">{sentence}</p>' if sentence else ""


def _reason(failure: str | None) -> str:
    if failure is None:
        return "<p>There is no web app here; <code>make spa</code> builds it.</p>"
    return (
        f"<p>The web app could not be built:</p><pre>{escape(failure)}</pre><p><code>make spa</code> tries again.</p>"
    )


def _items(links: Iterable[Link]) -> str:
    return "".join(
        f'<li><a href="{escape(link.path)}">{escape(link.path)}</a> · {escape(link.summary)}</li>' for link in links
    )
