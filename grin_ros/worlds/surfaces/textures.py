# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Procedural textures. Each function returns a random image, (256, 256, 3) uint8 sRGB."""

from __future__ import annotations

import colorsys

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

SIDE = 256
Image = NDArray[np.uint8]


def random_colour(
    rng: Generator, saturation: float = 0.5, value: tuple[float, float] = (0.25, 0.95)
) -> NDArray[np.float64]:
    """Return an sRGB colour (3,) in [0, 1]. Hues from red to yellow are frequent, and most colours are pale."""
    hue = rng.normal(0.09, 0.06) % 1 if rng.random() < 0.5 else rng.random()
    return np.array(colorsys.hsv_to_rgb(hue, saturation * rng.beta(1.2, 1.6), rng.uniform(*value)))


def _finish(image: NDArray[np.float64]) -> Image:
    return np.clip(image * 255.0 + 0.5, 0, 255).astype(np.uint8)


def value_noise(rng: Generator, cells: tuple[int, int], octaves: int = 4, gain: float = 0.55) -> NDArray[np.float64]:
    """Return seamless noise (256, 256) with mean 0 and a standard deviation of about 0.25.

    The coarsest octave has ``cells`` (rows, columns); every further octave has twice as many and ``gain`` times the
    amplitude.
    """
    total = np.zeros((SIDE, SIDE))
    for k in range(octaves):
        rows, cols = (min(c * 2**k, SIDE) for c in cells)
        grid = np.pad(rng.standard_normal((rows, cols)), 2, mode="wrap").astype(np.float32)
        sy, sx = SIDE / rows, SIDE / cols
        matrix = np.array([[sx, 0, -2 * sx], [0, sy, -2 * sy]], np.float32)
        total += gain**k * cv2.warpAffine(grid, matrix, (SIDE, SIDE), flags=cv2.INTER_CUBIC)
    return np.asarray(total / (total.std() + 1e-6) * 0.25)


def paint(rng: Generator) -> Image:
    """Return wall paint or plaster, almost plain."""
    shade = value_noise(rng, (3, 3), 6, 0.8) * rng.uniform(0.0, 0.06)
    return _finish(np.clip(0.93 + shade, 0, 1)[..., None] * np.ones(3))


def mottled(rng: Generator) -> Image:
    """Return two colours mixed by noise, for stone, cloth and stains."""
    mix = np.clip(
        0.5
        + value_noise(rng, (int(rng.integers(2, 24)),) * 2, int(rng.integers(2, 6)), rng.uniform(0.4, 0.9))
        * rng.uniform(0.3, 2),
        0,
        1,
    )
    a, b = random_colour(rng), random_colour(rng)
    return _finish(a + (b - a) * mix[..., None])


def wood(rng: Generator) -> Image:
    """Return wood with its grain along u, sometimes cut into boards."""
    base = np.array(colorsys.hsv_to_rgb(rng.uniform(0.03, 0.11), rng.uniform(0.2, 0.75), rng.uniform(0.25, 0.9)))
    v = np.linspace(0, 1, SIDE, endpoint=False)[:, None]
    grain = np.sin(2 * np.pi * (rng.integers(3, 14) * v + value_noise(rng, (6, 1), 3) * rng.uniform(0.3, 1.5)))
    shade = 1 + 0.07 * grain * rng.uniform(0.2, 1) + value_noise(rng, (48, 3), 3) * 0.22
    if rng.random() < 0.6:
        boards = int(rng.integers(2, 9))
        row = (v * boards).astype(int)[:, 0]
        shade *= (1 + rng.normal(0, 0.1, boards))[row][:, None]
        shade *= np.where((v * boards) % 1 < 0.02 * boards / 2, 0.6, 1.0)
    return _finish(np.clip(base * shade[..., None], 0, 1))


def stripes(rng: Generator) -> Image:
    """Return stripes of two to four colours along u or v."""
    edges = np.sort(rng.integers(0, SIDE, int(rng.integers(2, 14)) * 2))
    colours = np.stack([random_colour(rng, 0.8) for _ in range(int(rng.integers(2, 5)))])
    line = colours[np.searchsorted(edges, np.arange(SIDE)) % len(colours)]
    image = np.broadcast_to(line[:, None], (SIDE, SIDE, 3))
    return _finish(image.transpose(1, 0, 2) if rng.random() < 0.5 else image)


def checker(rng: Generator) -> Image:
    """Return tiles with joints, in one or two colours."""
    rows, cols = int(rng.integers(1, 9)), int(rng.integers(1, 9))
    v, u = np.mgrid[0:SIDE, 0:SIDE] / SIDE
    y, x = v * rows, u * cols
    if rng.random() < 0.3:
        x = x + 0.5 * (y.astype(int) % 2)
    a = random_colour(rng)
    b = a * rng.uniform(0.9, 1) if rng.random() < 0.6 else random_colour(rng)
    odd = (y.astype(int) + (x % cols).astype(int)) % 2
    tone = 1 + rng.normal(0, 0.04, (rows, cols + 1))[y.astype(int), (x % cols).astype(int)]
    image = np.where(odd[..., None] == 1, a, b) * tone[..., None]
    joint = (np.minimum(y % 1, 1 - y % 1) * SIDE / rows < 1.5) | (np.minimum(x % 1, 1 - x % 1) * SIDE / cols < 1.5)
    image[joint] = random_colour(rng, 0.1)
    return _finish(np.clip(image * (1 + 0.1 * value_noise(rng, (16, 16), 3))[..., None], 0, 1))


def dots(rng: Generator) -> Image:
    """Return a pattern of dots, as on cloth and wallpaper."""
    image = np.tile(random_colour(rng, 0.7), (SIDE, SIDE, 1))
    colours = [tuple(float(c) for c in random_colour(rng, 0.9)) for _ in range(3)]
    step = SIDE // int(rng.integers(2, 9))
    radius = int(step * rng.uniform(0.1, 0.4))
    for k, y in enumerate(range(0, SIDE, step)):
        for x in range(0, SIDE, step):
            centre = (x + (step // 2) * (k % 2) + int(radius) // 2, y + step // 2)
            cv2.circle(image, centre, radius, colours[(k + x) % 3], -1 if rng.random() < 0.8 else 2)
    return _finish(image)


def picture(rng: Generator) -> Image:
    """Return a painting, photograph or poster: sky, ground and shapes over noise, sometimes with a frame."""
    top, bottom = random_colour(rng, 0.9), random_colour(rng, 0.9)
    fade = np.clip(np.linspace(-0.3, 1.3, SIDE) + rng.normal(0, 0.2), 0, 1)[:, None, None]
    image = np.ascontiguousarray(
        top + (bottom - top) * fade + value_noise(rng, (4, 4), 5)[..., None] * rng.uniform(0.05, 0.5)
    )
    image = np.array(np.broadcast_to(image, (SIDE, SIDE, 3)))
    for _ in range(int(rng.integers(0, 14))):
        colour = tuple(float(c) for c in random_colour(rng, 1.0, (0.05, 1.0)))
        points = (rng.uniform(0, SIDE, (int(rng.integers(3, 7)), 2)) * [1, 1]).astype(np.int32)
        if rng.random() < 0.5:
            points = (points[0] + (points - points[0]) * rng.uniform(0.1, 0.6)).astype(np.int32)
            cv2.fillPoly(image, [points], colour)
        else:
            axes = (int(rng.integers(4, 70)), int(rng.integers(4, 70)))
            cv2.ellipse(
                image, (int(points[0, 0]), int(points[0, 1])), axes, float(rng.uniform(0, 180)), 0, 360, colour, -1
            )
    if rng.random() < 0.5:
        cv2.rectangle(
            image, (0, 0), (SIDE - 1, SIDE - 1), tuple(float(c) for c in random_colour(rng)), int(rng.integers(8, 40))
        )
    return _finish(np.clip(image, 0, 1))


def label(rng: Generator) -> Image:
    """Return a printed page, label or book cover with blocks and lines of text."""
    paper = random_colour(rng, rng.uniform(0, 1), (0.4, 1.0))
    ink = random_colour(rng, 0.8, (0.0, 0.4)) if paper.mean() > 0.5 else random_colour(rng, 0.5, (0.7, 1.0))
    image = np.tile(paper, (SIDE, SIDE, 1))
    y = int(rng.integers(8, 40))
    while y < SIDE - 16:
        size = int(rng.choice([3, 4, 6, 10, 18, 30], p=[0.3, 0.25, 0.2, 0.12, 0.08, 0.05]))
        x, end = int(rng.integers(8, 60)), int(rng.integers(150, SIDE - 6))
        while x < end:
            step = int(size * rng.uniform(0.6, 4))
            cv2.rectangle(image, (x, y), (min(x + step, end), y + size), tuple(float(c) for c in ink), -1)
            x += step + max(2, size // 2)
        y += int(size * rng.uniform(1.5, 3.5)) + 3
        if rng.random() < 0.1:
            box = rng.integers(10, 200, 2), rng.integers(30, 100, 2)
            colour = tuple(float(c) for c in random_colour(rng, 1.0))
            cv2.rectangle(image, tuple(int(v) for v in box[0]), tuple(int(v) for v in box[0] + box[1]), colour, -1)
    return _finish(image)


def doors(rng: Generator) -> Image:
    """Return the front of a cupboard or machine with panels, drawers and knobs."""
    image = (
        np.tile(random_colour(rng, 0.35, (0.45, 0.97)), (SIDE, SIDE, 1))
        * (1 + 0.08 * value_noise(rng, (2, 40), 3))[..., None]
    )
    rows, cols = int(rng.integers(1, 5)), int(rng.integers(1, 4))
    dark = tuple(float(c) for c in random_colour(rng, 0.2, (0.05, 0.4)))
    for r in range(rows):
        for c in range(cols):
            y0, y1, x0, x1 = SIDE * r // rows, SIDE * (r + 1) // rows, SIDE * c // cols, SIDE * (c + 1) // cols
            image = np.ascontiguousarray(image)
            cv2.rectangle(image, (x0, y0), (x1, y1), dark, 2)
            cv2.rectangle(
                image, (x0 + 12, y0 + 12), (x1 - 12, y1 - 12), tuple(float(v * 0.85) for v in image[y0 + 6, x0 + 6]), 2
            )
            cv2.circle(image, ((x0 + x1) // 2, y0 + 20), 4, dark, -1)
    return _finish(np.clip(image, 0, 1))


def outside(rng: Generator) -> Image:
    """Return the view out of a window: bright sky above blurred plants or buildings."""
    sky = np.array([0.75, 0.87, 1.0]) * rng.uniform(0.85, 1.0)
    image = np.tile(sky, (SIDE, SIDE, 1)) + 0.1 * np.maximum(value_noise(rng, (4, 3), 4), 0)[..., None]
    if rng.random() < 0.7:
        line = (SIDE * rng.uniform(0.3, 0.9) + 60 * value_noise(rng, (1, 6), 4)[0]).astype(int)
        ground = (
            np.array([0.25, 0.42, 0.2])
            * rng.uniform(0.5, 1.6, 3)
            * (1 + 1.2 * value_noise(rng, (12, 12), 4))[..., None]
        )
        image = np.where(np.arange(SIDE)[:, None, None] > line[None, :, None], ground, image)
    return _finish(np.clip(cv2.GaussianBlur(image, (0, 0), rng.uniform(0.5, 5)), 0, 1))


PATTERNS = (mottled, wood, stripes, checker, dots, picture, label)
