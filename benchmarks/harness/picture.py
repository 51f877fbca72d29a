"""Curves as small SVG files."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, log10
from pathlib import Path

WIDTH, HEIGHT, LEFT, TOP, BOTTOM = 640, 300, 60, 40, 50
COLORS = ("#c0392b", "#2471a3", "#1e8449", "#7f8c8d")


@dataclass(frozen=True)
class Line:
    """A name, and a height at each place on the way right."""

    name: str
    points: Sequence[tuple[str, float]]


def draw(path: Path, title: str, lines: Sequence[Line], *, log: bool = False) -> None:
    """Write the lines as an SVG file: over an axis that begins at zero or, for what differs by tens, of powers of ten.

    Raises ValueError if what is to stand over powers of ten isn't above zero.
    """
    heights = [height for line in lines for _, height in line.points]
    if log:
        least, most = floor(log10(min(heights))), ceil(log10(max(heights)))
        grid = [10.0**power for power in range(least, max(most, least + 1) + 1)]
    else:
        grid = [max(heights) * 1.1 / 4 * share for share in range(5)]
    places = [place for place, _ in lines[0].points]
    step = (WIDTH - LEFT - 190) / max(1, len(places) - 1)

    def at(index: int, height: float) -> tuple[float, float]:
        low, high, own = (log10(item) if log else item for item in (grid[0], grid[-1], height))
        return LEFT + index * step, HEIGHT - BOTTOM - (own - low) / (high - low) * (HEIGHT - TOP - BOTTOM)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}"'
        ' font-family="sans-serif" font-size="12">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/><text x="{LEFT}" y="20" font-size="13">{title}</text>',
    ]
    for height in grid:
        (x, y), right = at(0, height), LEFT + step * (len(places) - 1)
        parts.append(f'<path d="M{x} {y:.0f}H{right:.0f}" stroke="#ddd"/>')
        parts.append(f'<text x="{x - 8}" y="{y + 4:.0f}" text-anchor="end">{_label(height)}</text>')
    for index, place in enumerate(places):
        x = LEFT + index * step
        parts.append(f'<text x="{x:.0f}" y="{HEIGHT - BOTTOM + 20}" text-anchor="middle">{place}</text>')
    for line, color in zip(lines, COLORS, strict=False):
        spots = [at(index, height) for index, (_, height) in enumerate(line.points)]
        way = " ".join(f"{x:.0f},{y:.0f}" for x, y in spots)
        parts.append(f'<polyline points="{way}" fill="none" stroke="{color}" stroke-width="2"/>')
        parts.append(f'<text x="{spots[-1][0] + 8:.0f}" y="{spots[-1][1] + 4:.0f}" fill="{color}">{line.name}</text>')
    path.write_text("\n".join([*parts, "</svg>", ""]), encoding="utf-8")


def _label(height: float) -> str:
    return f"{height:,.0f}" if height >= 10 or height == 0 else f"{height:.2g}"
