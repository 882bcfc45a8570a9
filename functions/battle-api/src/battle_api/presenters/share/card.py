"""Draws the card of a shared battle as SVG of 1200 x 630, in the colours of the web application."""

from collections import Counter
from html import escape
from typing import Final

from battle_api.domain.list_rows import SideRow
from battle_api.domain.rows import Battle
from battle_api.domain.shares import SharedBattle
from battle_api.presenters.share.arrangement import Arrangement, arrange, main_sides, party_of_side, role_of_side
from battle_api.presenters.share.emblem import SIZE, emblem
from battle_api.presenters.share.text import duration_text, isk_text, party_text, region_text, system_text, time_text
from battle_api.schemas.battle_list import SideRole

DESIGN: Final = 2
"""The version of the drawing; stored images of another version are drawn again."""
WIDTH, HEIGHT, MARGIN = 1200, 630, 56
FONT: Final = "Inter"
MAX_ROWS: Final = 4
_INNER: Final = WIDTH - 2 * MARGIN
_RIGHT: Final = WIDTH - MARGIN
_GROUND, _TEXT, _DIM, _LABEL, _LINE = "#0a0d12", "#e8ecf2", "#a8b3c2", "#8592a3", "#313b4a"
_SIDES: Final = ("#5aa2ff", "#f59a3c", "#8ff3df", "#d2bdf5", "#eee64a", "#d76645")
_UNASSIGNED: Final = "#8592a3"
# The ground of the badge by security in tenths; the text has the better contrast.
_SECURITY: Final = (
    "#8d3264", "#732020", "#bc1117", "#cf4610", "#dc6d07", "#f2ff83", "#72e7a3", "#61dba5", "#4ecef8", "#3a9aeb",
    "#2e74df",
)  # fmt: skip
_INK: Final = "#0a0d12"
_DARK_TEXT_TENTHS: Final = range(4, 10)
_BUCKETS: Final = 84
_CHART_MIDDLE, _CHART_HALF = 474, 50


def card_svg(shared: SharedBattle) -> str:
    """The whole card. It contains no text that the font cannot draw."""
    battle = shared.battle
    sides = arrange(shared)
    is_duel = len(main_sides(shared)) <= 2  # noqa: PLR2004  # two sides face each other
    body = _duel(shared, sides) if is_duel else _rows(shared)
    times = f"{time_text(battle.start_time)}, {duration_text(battle.duration_seconds)}"
    return _svg(
        _brand() + _text(times, _RIGHT, 77, 26, _DIM, anchor="end") + _place(battle) + body + _totals(shared, sides)
    )


def neutral_svg() -> str:
    """The card of pages that need a login: it names no battle."""
    return _svg(
        f'<g transform="translate(215 107) scale(2.4)">{_brand()}</g>'
        + _text("Battle reports of EVE Online", WIDTH / 2, 410, 34, _DIM, anchor="middle")
    )


def _svg(content: str) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}" '
        f'font-family="{FONT}"><defs><pattern id="hatch" width="8" height="8" patternUnits="userSpaceOnUse" '
        f'patternTransform="rotate(45)"><rect width="4" height="8" fill="{_SIDES[2]}"/></pattern></defs>'
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="{_GROUND}"/>{content}</svg>'
    )


def _text(  # the attributes of a text
    text: str, x: float, y: float, size: int, fill: str = _TEXT, *, weight: int = 400, anchor: str = "start"
) -> str:
    return (
        f'<text x="{x:g}" y="{y:g}" font-size="{size}" font-weight="{weight}" fill="{fill}" text-anchor="{anchor}">'
        f"{escape(text)}</text>"
    )


def _rect(x: float, y: float, width: float, height: float, fill: str) -> str:
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" rx="2" fill="{fill}"/>'


def _brand() -> str:
    return (
        '<polygon points="76,50 93,59 93,77 76,86 59,77 59,59" fill="none" stroke="#3a4656" stroke-width="3"/>'
        f'<path d="M66 72a12 12 0 0 1 10-16" fill="none" stroke="{_SIDES[0]}" stroke-width="4"/>'
        f'<path d="M86 64a12 12 0 0 1-10 16" fill="none" stroke="{_SIDES[1]}" stroke-width="4"/>'
        '<circle cx="76" cy="68" r="4" fill="#e8ecf2"/>' + _text("BattleScope", 113, 77, 26, weight=700)
    )


def _place(battle: Battle) -> str:
    label, ground, ink = _badge(battle)
    width = 34 + 13 * len(label)
    return (
        f'<rect x="{MARGIN}" y="126" width="{width}" height="40" rx="7" fill="{ground}"/>'
        + _text(label, MARGIN + width / 2, 154, 23, ink, weight=700, anchor="middle")
        + f'<text x="{MARGIN + width + 18}" y="160" font-size="40"><tspan font-weight="700" fill="{_TEXT}">'
        f"{escape(system_text(battle))}</tspan>"
        f'<tspan dx="18" fill="{_LABEL}">{escape(region_text(battle))}</tspan></text>'
    )


def _badge(battle: Battle) -> tuple[str, str, str]:
    """Label, ground and colour of the text."""
    if battle.security_type == "wormhole":
        return (f"C{battle.wormhole_class}" if battle.wormhole_class else "W"), "#5b3fb0", "#ffffff"
    if battle.security_type == "pochven":
        return "POCH", "#8f1d1d", "#ffffff"
    if battle.security_status is None:
        return battle.security_type[:4].upper(), _LINE, "#ffffff"
    tenths = max(0, min(10, round(battle.security_status * 10)))
    ink = _INK if tenths in _DARK_TEXT_TENTHS else "#ffffff"
    return f"{battle.security_status:.1f}", _SECURITY[tenths], ink


def _colour(side_id: int | None) -> str:
    return _UNASSIGNED if side_id is None else _SIDES[(side_id - 1) % len(_SIDES)]


def _duel(shared: SharedBattle, sides: Arrangement) -> str:
    """Both sides facing each other, the stacked bar, and the losses over time."""
    parts = [_face(shared, side, is_right=number == 1) for number, side in enumerate(sides.facing)]
    return "".join(parts) + _stacked_bar(shared, sides) + _chart(shared, sides.left)


def _face(shared: SharedBattle, side: SideRow, *, is_right: bool) -> str:
    party = party_of_side(shared, side.side_id)
    anchor, edge, x = ("end", _RIGHT - SIZE, _RIGHT) if is_right else ("start", MARGIN, MARGIN)
    text_x = edge - 18 if is_right else MARGIN + SIZE + 18
    others = f"and {party.parties - 1} more, " if party and party.parties > 1 else ""
    return (
        (emblem(party.party_type, party.party_id, edge, 200) if party else "")
        + _text(party_text(party, side.side_id), text_x, 244, 36, weight=700, anchor=anchor)
        + _text(f"{others}{side.pilots:,} pilots", text_x, 276, 24, _DIM, anchor=anchor)
        + _text(f"{isk_text(side.isk_lost)} lost", x, 358, 44, _colour(side.side_id), weight=700, anchor=anchor)
    )


def _stacked_bar(shared: SharedBattle, sides: Arrangement) -> str:
    """What each side lost: the sides that face each other at the ends, the others hatched between them."""
    total = sum(side.isk_lost for side in shared.sides) or 1
    ordered = sides.in_bar_order
    gap, x, parts = 4, float(MARGIN), list[str]()
    room = _INNER - gap * max(len(ordered) - 1, 0)
    for side in ordered:
        width = max(room * float(side.isk_lost / total), 2.0)
        fill = "url(#hatch)" if side in sides.others else _colour(side.side_id)
        parts.append(_rect(x, 374, width, 22, fill))
        x += width + gap
    return "".join(parts)


def _chart(shared: SharedBattle, left: SideRow | None) -> str:
    """Losses by minute, or by longer steps in long battles: the left side above the line, all others below."""
    above = left.side_id if left else None
    step = max(60, -(-(shared.battle.duration_seconds + 1) // _BUCKETS))
    start = shared.battle.start_time
    counts = Counter((loss.side_id, int((loss.occurred_at - start).total_seconds()) // step) for loss in shared.losses)
    buckets = shared.battle.duration_seconds // step + 1
    down = Counter[int]()
    peak = max(
        [0, *(n for (side, _), n in counts.items() if side == above), *_sums_below(counts, above).values()],
    )
    width = _INNER / max(buckets, 24)
    bars = [_rect(MARGIN, _CHART_MIDDLE - 0.5, _INNER, 1, _LINE)]
    for (side_id, bucket), count in sorted(counts.items(), key=lambda item: (item[0][1], item[0][0] or 0)):
        height = _CHART_HALF * count / (peak or 1)
        y = (
            _CHART_MIDDLE - 1 - height
            if side_id == above
            else _CHART_MIDDLE + 1 + _CHART_HALF * down[bucket] / (peak or 1)
        )
        if side_id != above:
            down[bucket] += count
        bars.append(_rect(MARGIN + bucket * width, y, max(width - 2, 1), height, _colour(side_id)))
    return "".join(bars)


def _sums_below(counts: Counter[tuple[int | None, int]], above: int | None) -> Counter[int]:
    sums = Counter[int]()
    for (side_id, bucket), count in counts.items():
        if side_id != above:
            sums[bucket] += count
    return sums


def _rows(shared: SharedBattle) -> str:
    """A row with a bar for each side, where more than two fight."""
    largest = max((side.isk_lost for side in shared.sides), default=0) or 1
    parts: list[str] = []
    for number, side in enumerate(shared.sides[:MAX_ROWS]):
        y, party, colour = 226 + 78 * number, party_of_side(shared, side.side_id), _colour(side.side_id)
        parts += [
            _rect(MARGIN, y - 28, 10, 40, colour),
            _text(party_text(party, side.side_id), MARGIN + 26, y, 32, weight=700),
            _text(f"{side.pilots:,} pilots", MARGIN + 640, y, 24, _DIM, anchor="end"),
            _text(f"{isk_text(side.isk_lost)} lost", _RIGHT, y, 32, colour, weight=700, anchor="end"),
            _rect(MARGIN + 26, y + 12, (_INNER - 26) * float(side.isk_lost / largest), 12, colour),
        ]
    return "".join(parts)


def _totals(shared: SharedBattle, sides: Arrangement) -> str:
    battle = shared.battle
    figures = (
        (isk_text(battle.total_isk_destroyed), "lost"),
        (f"{shared.ships:,}", "ships"),
        (f"{battle.total_participants:,}", "pilots"),
    )
    spans = "".join(
        f'<tspan font-weight="700" fill="{_TEXT}" dx="{44 if number else 0}">{figure}</tspan>'
        f'<tspan dx="8" fill="{_DIM}">{word}</tspan>'
        for number, (figure, word) in enumerate(figures)
    )
    return f'<text x="{MARGIN}" y="575" font-size="27">{spans}</text>' + _third_party(shared, sides)


def _third_party(shared: SharedBattle, sides: Arrangement) -> str:
    third = next((side for side in sides.others if role_of_side(shared, side) is not SideRole.MAIN), None)
    if third is None:
        return ""
    name = party_text(party_of_side(shared, third.side_id), third.side_id)
    return _text(f"third party: {name}", _RIGHT, 575, 26, _colour(third.side_id), anchor="end")
