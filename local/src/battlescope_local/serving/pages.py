"""The HTML pages that the gateways answer themselves, as long as there is no web application."""

import html
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

_STYLE: Final = (
    "body{font:16px/1.5 system-ui,sans-serif;background:#0b0f14;color:#dce3ea;max-width:44rem;margin:3rem auto;"
    "padding:0 1rem}a{color:#7cc4ff}li{margin:.6rem 0}code,a{overflow-wrap:anywhere}"
    "button{font:inherit;padding:.6rem 1.2rem;color:inherit;background:#17202b;border:1px solid #2c3a4a;"
    "border-radius:6px;cursor:pointer}p[role=alert]{border-left:4px solid #e5484d;padding:.5rem 1rem;"
    "background:#1d1416}"
)
# What account-api adds to the address to which a failed login returns; `rule` decides about an organisation.
LOGIN_ERRORS: Final[Mapping[str, str]] = {
    "invalid_state": "The login took too long, or another browser began it. Log in again.",
    "auth_failed": "EVE Online did not confirm the login. Log in again.",
    "access_denied": "The login was cancelled, or the account is blocked.",
    "org_not_allowed": "Members of this corporation or alliance may not log in here.",
    "not_authenticated": "Log in before you add a character.",
    "character_exists": "The character belongs to another account.",
}


@dataclass(frozen=True, slots=True)
class Link:
    """A resource that the landing page names."""

    path: str
    summary: str


def page(title: str, body: str) -> str:
    """A page with this text as its title and HTML as its body; nothing of it comes from elsewhere."""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{html.escape(title)}</title><style>{_STYLE}</style></head><body>{body}</body></html>"
    )


def landing_page(links: Iterable[Link], login_error: str = "") -> str:
    """The page at `/`, with a sentence about a login that has failed."""
    items = "".join(
        f'<li><a href="{html.escape(link.path)}">{html.escape(link.path)}</a><br>{html.escape(link.summary)}</li>'
        for link in links
    )
    sentence = LOGIN_ERRORS.get(login_error)
    alert = f'<p role="alert">{sentence}</p>' if sentence else ""
    return page(
        "BattleScope",
        f"<h1>BattleScope is running</h1>{alert}<p>These resources answer in JSON:</p><ul>{items}</ul>",
    )
