"""Emblems of parties, drawn from their ids as the web app draws them (docs/appearance.md): no image host is asked."""

from typing import Final

SIZE: Final = 92
_VIEW: Final = 24  # the figures are drawn in a square of this size
_FNV_OFFSET, _FNV_PRIME, _32_BITS = 0x811C9DC5, 0x01000193, 0xFFFFFFFF
COLOURS: Final = (
    ("#1f4a5c", "#e07b9a"), ("#5c5a1f", "#e6d24a"), ("#1f2a5c", "#7d8bf2"), ("#1f5c2a", "#63e06d"),
    ("#5c1f1f", "#e0645a"), ("#4a1f5c", "#c77be0"), ("#1f5c50", "#5be0c5"), ("#5c3d1f", "#e0a05b"),
)  # fmt: skip
"""Ground and figure."""
_FIGURES: Final = (
    "M12 4.5l2.2 5 5.3.5-4 3.6 1.2 5.2L12 16l-4.7 2.8 1.2-5.2-4-3.6 5.3-.5z",
    "M5 7l7 4.5L19 7v4l-7 4.5L5 11zM5 13l7 4.5 7-4.5v4L12 21l-7-4z",
    "M12 5a7 7 0 1 1 0 14 7 7 0 0 1 0-14zm0 3.2a3.8 3.8 0 1 0 0 7.6 3.8 3.8 0 0 0 0-7.6z",
    "M12 4l7 16-7-4-7 4z",
    "M12 4l8 8-8 8-8-8zm0 4.5L8.5 12l3.5 3.5 3.5-3.5z",
    "M6 5h12v7c0 4-3 6.5-6 7.5C9 18.500 6 16 6 12zM12 5v14.500z",
    "M5 5h5v14H5zM14 5h5v6h-5zM14 13h5v6h-5z",
)
_BUST: Final = "M12 13a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4.500 22c0-4.500 3.400-7.300 7.500-7.300s7.500 2.800 7.500 7.300z"


def emblem(party_type: str, party_id: int, x: float, y: float) -> str:
    """An SVG group of 92 x 92: a figure, or the bust of a pilot, in two colours."""
    seed = _hash(str(party_id))
    ground, figure = COLOURS[seed % len(COLOURS)]
    path = _BUST if party_type == "character" else _FIGURES[(seed >> 3) % len(_FIGURES)]
    return (
        f'<g transform="translate({x} {y}) scale({SIZE / _VIEW:.4f})">'
        f'<rect width="{_VIEW}" height="{_VIEW}" rx="2.6" fill="{ground}"/>'
        f'<path d="{path}" fill="{figure}" fill-rule="evenodd"/></g>'
    )


def _hash(text: str) -> int:
    """FNV-1a in 32 bits, so that neighbouring ids look different."""
    value = _FNV_OFFSET
    for character in text.encode():
        value = ((value ^ character) * _FNV_PRIME) & _32_BITS
    return value
