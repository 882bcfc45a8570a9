"""Emblems of parties, drawn from their ids: no image host is asked."""

from collections.abc import Callable
from typing import Final

SIZE: Final = 92
_MULTIPLIER: Final = 0x9E3779B97F4A7C15  # spreads consecutive ids over all patterns and hues
_Pattern = Callable[[str, str], str]


def emblem(party_id: int, x: float, y: float) -> str:
    """An SVG group of 92 x 92 with one of seven patterns in two hues."""
    spread = (party_id * _MULTIPLIER) % 2**64
    hue, other = spread >> 40 & 0xFFFF, spread >> 24 & 0xFFFF
    first, second = f"hsl({hue % 360} 55% 68%)", f"hsl({other % 360} 45% 56%)"
    ground = f"hsl({(hue + other) % 360} 38% 22%)"
    pattern = _PATTERNS[(spread >> 8) % len(_PATTERNS)]
    return (
        f'<g transform="translate({x} {y})"><rect width="{SIZE}" height="{SIZE}" rx="10" fill="{ground}"/>'
        f"{pattern(first, second)}</g>"
    )


def _star(first: str, _: str) -> str:
    points = "46,14 54,37 78,37 59,52 66,76 46,61 26,76 33,52 14,37 38,37"
    return f'<polygon points="{points}" fill="{first}"/>'


def _chevrons(first: str, second: str) -> str:
    return (
        f'<polygon points="15,22 46,44 77,22 77,40 46,62 15,40" fill="{first}"/>'
        f'<polygon points="15,50 46,72 77,50 77,62 46,84 15,62" fill="{second}"/>'
    )


def _rings(first: str, second: str) -> str:
    return (
        f'<circle cx="46" cy="46" r="30" fill="none" stroke="{first}" stroke-width="9"/>'
        f'<circle cx="46" cy="46" r="12" fill="{second}"/>'
    )


def _bars(first: str, second: str) -> str:
    return (
        f'<rect x="18" y="18" width="14" height="56" fill="{first}"/>'
        f'<rect x="39" y="18" width="14" height="56" fill="{second}"/>'
        f'<rect x="60" y="18" width="14" height="56" fill="{first}"/>'
    )


def _diamond(first: str, second: str) -> str:
    return (
        f'<polygon points="46,12 80,46 46,80 12,46" fill="{first}"/>'
        f'<polygon points="46,30 62,46 46,62 30,46" fill="{second}"/>'
    )


def _cross(first: str, second: str) -> str:
    return (
        f'<rect x="38" y="14" width="16" height="64" fill="{first}"/>'
        f'<rect x="14" y="38" width="64" height="16" fill="{second}"/>'
    )


def _shield(first: str, second: str) -> str:
    return (
        f'<path d="M46 12 78 24v22c0 18-14 30-32 36-18-6-32-18-32-36V24z" fill="{first}"/>'
        f'<path d="M46 24 66 31v16c0 11-9 19-20 23z" fill="{second}"/>'
    )


_PATTERNS: Final[tuple[_Pattern, ...]] = (_star, _chevrons, _rings, _bars, _diamond, _cross, _shield)
