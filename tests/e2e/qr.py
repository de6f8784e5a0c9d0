# SPDX-License-Identifier: BSD-2-Clause
"""Reads a QR code as the terminal shows it: of the standard, what a text of up to 106 bytes takes (one block, nothing corrected)."""

DARK = {" ": (0, 0), "▀": (1, 0), "▄": (0, 1), "█": (1, 1)}
MASKS = [lambda y, x: (y + x) % 2 == 0, lambda y, x: y % 2 == 0, lambda y, x: x % 3 == 0, lambda y, x: (y + x) % 3 == 0,
         lambda y, x: (y // 2 + x // 3) % 2 == 0, lambda y, x: y * x % 2 + y * x % 3 == 0, lambda y, x: (y * x % 2 + y * x % 3) % 2 == 0,
         lambda y, x: ((y + x) % 2 + y * x % 3) % 2 == 0]


def modules(lines):
    """The square of modules between the first dark one and the last."""
    lines = [line for line in lines if set(line) <= set(DARK) and line.strip()]
    width = max(map(len, lines))
    rows = [[DARK[each][half] for each in line.ljust(width)] for line in lines for half in (0, 1)]
    top = next(y for y, row in enumerate(rows) if any(row))
    left = rows[top].index(1)
    size = len("".join(map(str, rows[top])).rstrip("0")) - left
    return [row[left:left + size] for row in rows[top:top + size]]


def is_fixed(y, x, size):
    corner = (y < 9 and (x < 9 or x >= size - 8)) or (y >= size - 8 and x < 9)
    aligned = size > 21 and abs(y - size + 7) <= 2 and abs(x - size + 7) <= 2
    return corner or aligned or y == 6 or x == 6


def places(size):
    """The modules of data, in their order."""
    upwards = True
    for right in [*range(size - 1, 6, -2), *range(5, 0, -2)]:
        for y in range(size - 1, -1, -1) if upwards else range(size):
            for x in (right, right - 1):
                if not is_fixed(y, x, size):
                    yield y, x
        upwards = not upwards


def read(lines):
    square = modules(lines)
    size = len(square)
    assert size <= 37, "a code of more than one block"
    spots = [(8, x) for x in (0, 1, 2, 3, 4, 5, 7, 8)] + [(y, 8) for y in (7, 5, 4, 3, 2, 1, 0)]
    form = int("".join(str(square[y][x]) for y, x in spots), 2) ^ 0x5412
    mask = MASKS[form >> 10 & 7]
    bits = "".join(str(square[y][x] ^ mask(y, x)) for y, x in places(size))
    assert bits[:4] == "0100", "bytes"
    count = int(bits[4:12], 2)
    return bytes(int(bits[12 + 8 * n:20 + 8 * n], 2) for n in range(count)).decode()
