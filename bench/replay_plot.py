"""Three small panels as SVG: seconds, memory, and seconds per 1,000 killmails, by number of replayed killmails."""

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Final, NamedTuple

WIDTH, HEIGHT = 340, 260
LEFT, TOP, RIGHT, BOTTOM = 62, 40, 22, 50
TICKS: Final = 5
TEXT_COLOUR, GRID_COLOUR = "#222", "#ddd"


class Point(NamedTuple):
    killmails: int
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


def _per_thousand_killmails(name: str, colour: str, field: Callable[[Point], float]) -> Series:
    def value(point: Point) -> float:
        return 1000 * field(point) / point.killmails

    return Series(name, colour, value)


def _seconds(point: Point) -> float:
    return point.seconds


def _cpu(point: Point) -> float:
    return point.cpu


def _mib(point: Point) -> float:
    return point.mib


WALL_CLOCK, CPU = ("wall clock", "#1f5fa8"), ("CPU", "#c2571a")
PANELS: Final = (
    Panel("Time", "seconds", (Series(*CPU, _cpu), Series(*WALL_CLOCK, _seconds))),
    Panel("Memory", "MiB", (Series("all processes (PSS)", WALL_CLOCK[1], _mib),)),
    Panel(
        "Time per 1,000 killmails",
        "seconds",
        (_per_thousand_killmails(*CPU, _cpu), _per_thousand_killmails(*WALL_CLOCK, _seconds)),
    ),
)


def plot(points: Sequence[Point]) -> str:
    body = "\n".join(line for index, panel in enumerate(PANELS) for line in _panel(panel, points, index * WIDTH))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH * len(PANELS)}" height="{HEIGHT}" '
        f'font-family="sans-serif" font-size="11" fill="{TEXT_COLOUR}">\n'
        f'<rect width="100%" height="100%" fill="#fff"/>\n{body}\n</svg>\n'
    )


def _panel(panel: Panel, points: Sequence[Point], left: int) -> Iterator[str]:
    x_steps = _steps(max(point.killmails for point in points))
    y_steps = _steps(max(series.value(point) for series in panel.series for point in points))
    yield _text(left + LEFT, 18, panel.title, 'font-weight="bold"')
    yield from _axes(panel.axis, left, x_steps, y_steps)
    for index, series in enumerate(panel.series):
        yield _text(left + WIDTH - RIGHT - 55 * index, 32, series.name, f'text-anchor="end" fill="{series.colour}"')
        coordinates = [
            (_x(left, point.killmails, x_steps[-1]), _y(series.value(point), y_steps[-1]), series.value(point))
            for point in points
        ]
        line = " ".join(f"{x:.1f},{y:.1f}" for x, y, _ in coordinates)
        yield f'<polyline points="{line}" fill="none" stroke="{series.colour}" stroke-width="1.5"/>'
        for (x, y, value), point in zip(coordinates, points, strict=True):
            tooltip = f"{point.killmails:,} killmails: {value:.3g} {panel.axis}"
            yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{series.colour}"><title>{tooltip}</title></circle>'


def _axes(axis: str, left: int, x_steps: Sequence[float], y_steps: Sequence[float]) -> Iterator[str]:
    begin, end, middle = left + LEFT, left + WIDTH - RIGHT, (TOP + HEIGHT - BOTTOM) / 2
    for value in y_steps:
        y, colour = _y(value, y_steps[-1]), GRID_COLOUR if value else TEXT_COLOUR
        yield f'<line x1="{begin}" y1="{y:.1f}" x2="{end}" y2="{y:.1f}" stroke="{colour}"/>'
        yield _text(begin - 6, y + 4, f"{value:g}", 'text-anchor="end"')
    for killmails in x_steps:
        x = _x(left, killmails, x_steps[-1])
        yield _text(x, HEIGHT - BOTTOM + 16, f"{killmails / 1000:.0f}", 'text-anchor="middle"')
    yield _text((begin + end) / 2, HEIGHT - 14, "thousand killmails", 'text-anchor="middle"')
    yield _text(left + 16, middle, axis, f'text-anchor="middle" transform="rotate(-90 {left + 16} {middle})"')


def _x(left: int, killmails: float, maximum: float) -> float:
    return left + LEFT + (WIDTH - LEFT - RIGHT) * killmails / maximum


def _y(value: float, maximum: float) -> float:
    return HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * value / maximum


def _steps(maximum: float) -> list[float]:
    """Axis values from zero to at least the maximum, in round steps."""
    min_step = maximum / TICKS
    power = 10 ** math.floor(math.log10(min_step))
    step = next(power * factor for factor in (1, 2, 2.5, 5, 10) if power * factor >= min_step)
    return [round(step * index, 9) for index in range(math.ceil(maximum / step - 1e-9) + 1)]


def _text(x: float, y: float, text: str, attributes: str = "") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" {attributes}>{text}</text>'
