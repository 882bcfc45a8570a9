"""The page that a person sees instead of the JSON of an error; free of any web framework, as `error_body` is."""

from html import escape
from typing import Final

from battlescope_events.http_api.error_body import visible

HTML: Final = "text/html"
_JSON: Final = "application/json"
_READS: Final = frozenset({"GET", "HEAD"})
_STYLE: Final = (
    "body{font:16px/1.5 system-ui,sans-serif;background:#0b0f14;color:#dce3ea;max-width:44rem;margin:3rem auto;"
    "padding:0 1rem}a{color:#7cc4ff}li{margin:.6rem 0}code,a{overflow-wrap:anywhere}"
    "button{font:inherit;padding:.6rem 1.2rem;color:inherit;background:#17202b;border:1px solid #2c3a4a;"
    "border-radius:6px;cursor:pointer}p[role=alert]{border-left:4px solid #e5484d;padding:.5rem 1rem;"
    "background:#1d1416}"
)


def is_for_a_person(method: str, accept: str) -> bool:
    """Whether the answer is for a person: only the address bar and links of browsers ask for HTML by name.

    A program that prefers JSON, or takes anything, gets JSON.
    """
    return method in _READS and _quality(accept, HTML) > _quality(accept, _JSON)


def _quality(accept: str, media_type: str) -> float:
    """How much the header `Accept` wants a type that it names, from 0 to 1."""
    for entry in accept.lower().split(","):
        name, *parameters = (part.strip() for part in entry.split(";"))
        if name == media_type:
            weights = [parameter.removeprefix("q=") for parameter in parameters if parameter.startswith("q=")]
            try:
                return float(weights[0]) if weights else 1.0
            except ValueError:
                return 0.0
    return 0.0


def html_page(title: str, body: str) -> str:
    """A page with this text as its title and HTML as its body; nothing of it comes from elsewhere."""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body>{body}</body></html>"
    )


def error_page(message: str, request_id: str) -> bytes:
    """The sentence of an error, the id of its request, and the way back."""
    sentence = escape(visible(message))
    body = (
        f'<h1>BattleScope</h1><p role="alert">{sentence}</p><p><a href="/">To the battles</a></p>'
        f"<p><small>Request {escape(request_id)}</small></p>"
    )
    return html_page("BattleScope", body).encode()
