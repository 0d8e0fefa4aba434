#!/usr/bin/python3
"""Draws the page's icons, web/app/icon-*.png, as web/app/icon.svg has the drawing:
an arch on a square. A maskable one fills its square, and keeps what matters within
the circle that no mask cuts (four fifths of it, W3C Web App Manifest).

    draw_icons.py       after a change of the drawing
"""

import os
import struct
import zlib

GROUND, ARCH = (0x1F, 0x6F, 0x54), (0xFF, 0xFF, 0xFF)
SIDE = 64  # of the drawing, all numbers below are of it
CORNER = 12
CENTRE, SPRING, FOOT = 32, 34, 50  # x of both, y where the arch begins to bend, and its end
OUTER, INNER = 22, 10
MASKED = 0.82  # how large the arch is on a maskable icon
SAMPLES = 4  # of a pixel, each way


def is_arch(x, y):
    if y <= SPRING:
        return INNER**2 <= (x - CENTRE) ** 2 + (y - SPRING) ** 2 <= OUTER**2
    return y <= FOOT and INNER <= abs(x - CENTRE) <= OUTER


def is_ground(x, y):
    dx = max(CORNER - x, x - (SIDE - CORNER), 0)
    dy = max(CORNER - y, y - (SIDE - CORNER), 0)
    return dx * dx + dy * dy <= CORNER * CORNER


def sample(x, y, is_maskable):
    """Colour and whether there is any."""
    if is_maskable:
        x, y = ((v - SIDE / 2) / MASKED + SIDE / 2 for v in (x, y))
        return ARCH if is_arch(x, y) else GROUND
    if is_arch(x, y):
        return ARCH
    return GROUND if is_ground(x, y) else None


def pixel(column, row, scale, is_maskable):
    steps = [(i + 0.5) / SAMPLES for i in range(SAMPLES)]
    seen = [sample((column + dx) * scale, (row + dy) * scale, is_maskable)
            for dy in steps for dx in steps]
    inked = [colour for colour in seen if colour]
    if not inked:
        return bytes(4)
    means = [round(sum(colour[i] for colour in inked) / len(inked)) for i in range(3)]
    return bytes([*means, round(255 * len(inked) / len(seen))])


def chunk(kind, data):
    return (struct.pack(">I", len(data)) + kind + data
            + struct.pack(">I", zlib.crc32(kind + data)))


def png(size, is_maskable):
    rows = []
    for row in range(size):
        line = [pixel(column, row, SIDE / size, is_maskable) for column in range(size)]
        rows.append(b"\0" + b"".join(line))
    head = struct.pack(">IIBBBBB", size, size, 8, 6, 0, 0, 0)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head)
            + chunk(b"IDAT", zlib.compress(b"".join(rows), 9)) + chunk(b"IEND", b""))


def main():
    folder = os.path.join(os.path.dirname(__file__), "..", "web", "app")
    for name, size, is_maskable in (("192", 192, False), ("512", 512, False),
                                    ("maskable-512", 512, True)):
        with open(os.path.join(folder, f"icon-{name}.png"), "wb") as file:
            file.write(png(size, is_maskable))


if __name__ == "__main__":
    main()
