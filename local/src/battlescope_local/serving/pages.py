"""The HTML of the pages that the node answers itself."""

import html
from typing import Final

_STYLE: Final = (
    "body{font:16px/1.5 system-ui,sans-serif;background:#0b0f14;color:#dce3ea;max-width:44rem;margin:3rem auto;"
    "padding:0 1rem}a{color:#7cc4ff}li{margin:.6rem 0}code,a{overflow-wrap:anywhere}"
    "button{font:inherit;padding:.6rem 1.2rem;color:inherit;background:#17202b;border:1px solid #2c3a4a;"
    "border-radius:6px;cursor:pointer}p[role=alert]{border-left:4px solid #e5484d;padding:.5rem 1rem;"
    "background:#1d1416}"
)


def page(title: str, body: str) -> str:
    """A page with this text as its title and HTML as its body; nothing of it comes from elsewhere."""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{html.escape(title)}</title><style>{_STYLE}</style></head><body>{body}</body></html>"
    )
