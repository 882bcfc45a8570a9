"""The public page of a share: HTML without scripts, with the tags from which other sites make a preview."""

from collections.abc import Iterable
from html import escape
from typing import Final

from battle_api.domain.shares import SharedBattle, TopLoss
from battle_api.presenters.share.arrangement import party_of_side
from battle_api.presenters.share.text import description, isk_text, party_text, time_text, title

CONTENT_SECURITY_POLICY: Final = (
    "default-src 'none'; img-src 'self'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
_STYLE: Final = (
    "body{margin:0;background:#0a0d12;color:#e8ecf2;font:16px/1.5 system-ui,sans-serif}"
    "main{max-width:1200px;margin:auto;padding:24px}img{width:100%;height:auto;border-radius:8px}"
    "a{color:#b9cdf0}h1{font-size:22px}p{color:#a8b3c2}table{border-collapse:collapse;width:100%;margin:24px 0}"
    "th,td{text-align:left;padding:6px 12px;border-bottom:1px solid #222a36}td.n,th.n{text-align:right}"
)


def share_page(shared: SharedBattle, *, page_url: str, image_url: str, battle_url: str, is_report: bool) -> str:
    """is_report: whether readers without a login see the sides and the most valuable losses, too."""
    heading, summary = escape(title(shared)), escape(description(shared))
    tags = "".join(
        f'<meta property="{name}" content="{escape(content)}">'
        for name, content in (
            ("og:type", "website"),
            ("og:site_name", "BattleScope"),
            ("og:title", title(shared)),
            ("og:description", description(shared)),
            ("og:url", page_url),
            ("og:image", image_url),
            ("og:image:type", "image/png"),
            ("og:image:width", "1200"),
            ("og:image:height", "630"),
            ("og:image:alt", title(shared)),
        )
    )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width,initial-scale=1"><title>{heading}</title>'
        f'<meta name="description" content="{summary}">{tags}<meta name="twitter:card" content="summary_large_image">'
        f'<meta name="robots" content="noindex"><link rel="canonical" href="{escape(page_url)}">'
        f"<style>{_STYLE}</style></head><body><main>"
        f'<h1>{heading}</h1><p>{summary}</p><img src="{escape(image_url)}" alt="{heading}" width="1200" height="630">'
        f"{_report(shared) if is_report else ''}"
        f'<p><a href="{escape(battle_url)}">Open the battle report</a> (needs access) · '
        f'<a href="{escape(shared.battle.zkill_related_url)}" rel="noopener noreferrer">zKillboard</a></p>'
        "</main></body></html>"
    )


def _report(shared: SharedBattle) -> str:
    sides = (
        (
            escape(party_text(party_of_side(shared, side.side_id), side.side_id)),
            f"{side.pilots:,}",
            f"{side.losses:,}",
            isk_text(side.isk_lost),
        )
        for side in shared.sides
    )
    return _table(("Side", "Pilots", "Losses", "ISK lost"), sides) + _table(
        ("Ship", "Pilot", "Time", "ISK"), map(_loss_row, shared.top_losses)
    )


def _loss_row(loss: TopLoss) -> tuple[str, str, str, str]:
    ship = escape(loss.ship_type_name)
    link = f'<a href="https://zkillboard.com/kill/{loss.killmail_id}/" rel="noopener noreferrer">{ship}</a>'
    return link, escape(loss.victim_name or ""), time_text(loss.occurred_at), isk_text(loss.isk_value)


def _table(columns: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    head = "".join(f"<th>{column}</th>" for column in columns)
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
