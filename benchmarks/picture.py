"""Curves as small SVG files."""

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT, LEFT, TOP, BOTTOM = 640, 300, 60, 40, 50
COLORS = ("#c0392b", "#2471a3", "#1e8449", "#7f8c8d")


@dataclass(frozen=True)
class Line:
    """A name, and a height at each place on the way right."""

    name: str
    points: Sequence[tuple[str, float]]


def draw(title: str, lines: Sequence[Line]) -> str:
    """The lines over one axis that begins at zero, as the text of an SVG file."""
    top = max(height for line in lines for _, height in line.points) * 1.1
    places = [place for place, _ in lines[0].points]
    step = (WIDTH - LEFT - 190) / max(1, len(places) - 1)

    def at(index: int, height: float) -> tuple[float, float]:
        return LEFT + index * step, HEIGHT - BOTTOM - height / top * (HEIGHT - TOP - BOTTOM)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}"'
        ' font-family="sans-serif" font-size="12">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/><text x="{LEFT}" y="20" font-size="13">{title}</text>',
    ]
    for share in range(5):
        height = top / 4 * share
        (x, y), right = at(0, height), at(len(places) - 1, 0)[0]
        parts.append(f'<path d="M{x} {y:.0f}H{right:.0f}" stroke="#ddd"/>')
        parts.append(f'<text x="{x - 8}" y="{y + 4:.0f}" text-anchor="end">{height:,.0f}</text>')
    for index, place in enumerate(places):
        parts.append(f'<text x="{at(index, 0)[0]:.0f}" y="{HEIGHT - BOTTOM + 20}" text-anchor="middle">{place}</text>')
    for line, color in zip(lines, COLORS, strict=False):
        spots = [at(index, height) for index, (_, height) in enumerate(line.points)]
        way = " ".join(f"{x:.0f},{y:.0f}" for x, y in spots)
        parts.append(f'<polyline points="{way}" fill="none" stroke="{color}" stroke-width="2"/>')
        parts.append(f'<text x="{spots[-1][0] + 8:.0f}" y="{spots[-1][1] + 4:.0f}" fill="{color}">{line.name}</text>')
    return "\n".join([*parts, "</svg>", ""])
