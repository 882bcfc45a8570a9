"""Three small panels as SVG: seconds, memory, and seconds per 1,000 mails, each against the mails replayed."""

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Final, NamedTuple

WIDTH, HEIGHT = 340, 260
LEFT, TOP, RIGHT, BOTTOM = 62, 40, 22, 50
TICKS: Final = 5
INK, PALE = "#222", "#ddd"


class Point(NamedTuple):
    mails: int
    seconds: float
    cpu: float
    mib: float


class Series(NamedTuple):
    name: str
    colour: str
    value: Callable[[Point], float]


class Panel(NamedTuple):
    title: str
    axis: str
    series: tuple[Series, ...]


def _each(name: str, colour: str, field: Callable[[Point], float]) -> Series:
    def value(point: Point) -> float:
        return 1000 * field(point) / point.mails

    return Series(name, colour, value)


def _seconds(point: Point) -> float:
    return point.seconds


def _cpu(point: Point) -> float:
    return point.cpu


def _mib(point: Point) -> float:
    return point.mib


CLOCK, CPU = ("by the clock", "#1f5fa8"), ("of CPU", "#c2571a")
PANELS: Final = (
    Panel("Time", "seconds", (Series(*CPU, _cpu), Series(*CLOCK, _seconds))),
    Panel("Memory", "MiB", (Series("of all processes (PSS)", CLOCK[1], _mib),)),
    Panel("Time per 1,000 mails", "seconds", (_each(*CPU, _cpu), _each(*CLOCK, _seconds))),
)


def plot(points: Sequence[Point]) -> str:
    body = "\n".join(line for at, panel in enumerate(PANELS) for line in _panel(panel, points, at * WIDTH))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH * len(PANELS)}" height="{HEIGHT}" '
        f'font-family="sans-serif" font-size="11" fill="{INK}">\n'
        f'<rect width="100%" height="100%" fill="#fff"/>\n{body}\n</svg>\n'
    )


def _panel(panel: Panel, points: Sequence[Point], left: int) -> Iterator[str]:
    across = _steps(max(point.mails for point in points))
    up = _steps(max(series.value(point) for series in panel.series for point in points))
    yield _text(left + LEFT, 18, panel.title, 'font-weight="bold"')
    yield from _axes(panel.axis, left, across, up)
    for at, series in enumerate(panel.series):
        yield _text(left + WIDTH - RIGHT - 55 * at, 32, series.name, f'text-anchor="end" fill="{series.colour}"')
        placed = [
            (_x(left, point.mails, across[-1]), _y(series.value(point), up[-1]), series.value(point))
            for point in points
        ]
        line = " ".join(f"{x:.1f},{y:.1f}" for x, y, _ in placed)
        yield f'<polyline points="{line}" fill="none" stroke="{series.colour}" stroke-width="1.5"/>'
        for (x, y, value), point in zip(placed, points, strict=True):
            told = f"{point.mails:,} mails: {value:.3g} {panel.axis}"
            yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{series.colour}"><title>{told}</title></circle>'


def _axes(axis: str, left: int, across: Sequence[float], up: Sequence[float]) -> Iterator[str]:
    begin, end, middle = left + LEFT, left + WIDTH - RIGHT, (TOP + HEIGHT - BOTTOM) / 2
    for value in up:
        y, colour = _y(value, up[-1]), PALE if value else INK
        yield f'<line x1="{begin}" y1="{y:.1f}" x2="{end}" y2="{y:.1f}" stroke="{colour}"/>'
        yield _text(begin - 6, y + 4, f"{value:g}", 'text-anchor="end"')
    for mails in across:
        x = _x(left, mails, across[-1])
        yield _text(x, HEIGHT - BOTTOM + 16, f"{mails / 1000:.0f}", 'text-anchor="middle"')
    yield _text((begin + end) / 2, HEIGHT - 14, "thousand mails", 'text-anchor="middle"')
    yield _text(left + 16, middle, axis, f'text-anchor="middle" transform="rotate(-90 {left + 16} {middle})"')


def _x(left: int, mails: float, most: float) -> float:
    return left + LEFT + (WIDTH - LEFT - RIGHT) * mails / most


def _y(value: float, most: float) -> float:
    return HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * value / most


def _steps(most: float) -> list[float]:
    """From nothing to at least the most, in round steps."""
    rough = most / TICKS
    power = 10 ** math.floor(math.log10(rough))
    step = next(power * one for one in (1, 2, 2.5, 5, 10) if power * one >= rough)
    return [round(step * at, 9) for at in range(math.ceil(most / step - 1e-9) + 1)]


def _text(x: float, y: float, text: str, more: str = "") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" {more}>{text}</text>'
