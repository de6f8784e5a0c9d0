# SPDX-License-Identifier: BSD-2-Clause
"""The plot of the row growth, as SVG: the time of an event and of its floor by the size of the show."""

WIDTH, HEIGHT, LEFT, TOP, BOTTOM = 360, 240, 44, 34, 34
COLOURS = {"event": "#1f5fa8", "floor": "#888888"}


def ticks(top):
    step = next(step for step in (5, 10, 20, 50, 100, 200, 500, 1000) if top / step <= 6)
    return range(0, int(top) + 1, step)


def panel(what, points, top, offset):
    """Draws a curve, with sizes at equal distances, since each is the same multiple of the previous one."""
    inner = WIDTH - LEFT - 20

    def x(i):
        return offset + LEFT + (inner * i / (len(points) - 1) if len(points) > 1 else 0)

    def y(value):
        return HEIGHT - BOTTOM - value / top * (HEIGHT - TOP - BOTTOM)

    lines = [f'<text x="{offset + LEFT + inner / 2:.0f}" y="18" text-anchor="middle">µs of an event, by {what}</text>']
    for value in ticks(top):
        lines.append(f'<line x1="{x(0):.1f}" x2="{offset + LEFT + inner}" y1="{y(value):.1f}" y2="{y(value):.1f}"'
                     ' stroke="#dddddd"/>')
        lines.append(f'<text x="{offset + LEFT - 6}" y="{y(value) + 4:.1f}" text-anchor="end">{value}</text>')
    for i, (size, _, _) in enumerate(points):
        lines.append(f'<text x="{x(i):.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">{size:,}</text>')
    for column, (name, colour) in enumerate(COLOURS.items(), 1):
        path = " ".join(f"{x(i):.1f},{y(found[column]):.1f}" for i, found in enumerate(points))
        lines.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        lines += [f'<circle cx="{x(i):.1f}" cy="{y(found[column]):.1f}" r="3" fill="{colour}">'
                  f'<title>{name} {found[column]:.1f} µs</title></circle>' for i, found in enumerate(points)]
        lines.append(f'<text x="{x(0) + 4:.1f}" y="{y(points[0][column]) - 7:.1f}" fill="{colour}">{name}</text>')
    return lines


def plot(curves):
    top = 1.25 * max(value for points in curves.values() for point in points for value in point[1:])
    lines = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH * len(curves)}" height="{HEIGHT}"'
             ' font-family="sans-serif" font-size="12">',
             '<rect width="100%" height="100%" fill="white"/>']
    for i, (what, points) in enumerate(curves.items()):
        lines += panel(what, points, top, i * WIDTH)
    return "\n".join([*lines, "</svg>"]) + "\n"
