# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Printed things as textures: pages, covers, packages, screens, keys. Each is a (256, 256, 3) uint8 sRGB image."""

from __future__ import annotations

import colorsys
from collections.abc import Callable
from functools import lru_cache

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from grin_ros.worlds.surfaces.textures import SIDE, Image, picture, random_colour, value_noise

Canvas = NDArray[np.uint8]
_FONTS = (
    cv2.FONT_HERSHEY_SIMPLEX,
    cv2.FONT_HERSHEY_DUPLEX,
    cv2.FONT_HERSHEY_COMPLEX,
    cv2.FONT_HERSHEY_TRIPLEX,
    cv2.FONT_HERSHEY_SCRIPT_SIMPLEX,
)
_VOWELS, _CONSONANTS = "aeiou", "bcdfghklmnprstvwz"


def word(rng: Generator) -> str:
    """Return a nonsense word that can be pronounced."""
    pairs = int(rng.integers(1, 4))
    text = "".join(_CONSONANTS[int(rng.integers(17))] + _VOWELS[int(rng.integers(5))] for _ in range(pairs))
    text += _CONSONANTS[int(rng.integers(17))] if rng.random() < 0.5 else ""
    return (text, text.capitalize(), text.upper())[int(rng.choice(3, p=[0.4, 0.35, 0.25]))]


def _ink(colour: NDArray[np.float64]) -> tuple[float, ...]:
    return tuple(float(v) * 255 for v in colour)


def _blank(colour: NDArray[np.float64]) -> Canvas:
    return np.asarray(np.tile(np.clip(colour * 255, 0, 255).astype(np.uint8), (SIDE, SIDE, 1)))


def _contrast(rng: Generator, paper: NDArray[np.float64]) -> NDArray[np.float64]:
    dark = rng.random() < (0.9 if paper.mean() > 0.55 else 0.1)
    return random_colour(rng, 0.8, (0.0, 0.3) if dark else (0.8, 1.0))


def _text(image: Canvas, rng: Generator, text: str, x: int, y: int, tall: float, ink: NDArray[np.float64]) -> None:
    """Write text with letters about ``tall`` pixels high. Its lower left corner is (x, y)."""
    thick = max(1, round(tall / 12 * rng.uniform(0.7, 1.6)))
    font = _FONTS[int(rng.integers(len(_FONTS)))]
    cv2.putText(image, text, (x, y), font, tall / 22, _ink(ink), thick, cv2.LINE_AA)


def _lines(
    image: Canvas, rng: Generator, area: tuple[int, int, int, int], ink: NDArray[np.float64], pitch: int
) -> None:
    """Draw small print, as lines of short dashes, into the area x0, y0, x1, y1."""
    x0, y0, x1, y1 = area
    mark = _ink(ink)
    for y in range(y0, y1 - pitch // 2, pitch):
        end = x1 if rng.random() < 0.85 else x0 + int((x1 - x0) * rng.uniform(0.2, 0.9))
        x = x0
        while x < end:
            step = int(rng.integers(3, 22))
            cv2.rectangle(image, (x, y), (min(x + step, end), y + max(pitch // 2 - 1, 0)), mark, -1)
            x += step + 3


@lru_cache(maxsize=512)
def _stock(make: Callable[[Generator], Image], number: int) -> Image:
    """Return one of the images that all scenes share. Making new ones would take a third of a scene's time."""
    return make(np.random.default_rng([number, 0x57CC]))


def photograph(rng: Generator) -> Image:
    """Return one of 192 pictures, mirrored and with changed colours."""
    image = _stock(picture, int(rng.integers(192)))[:: int(rng.choice([1, 1, 1, -1])), :: int(rng.choice([1, -1]))]
    if rng.random() < 0.5:
        image = image[:, :, rng.permutation(3)]
    return np.ascontiguousarray(np.clip(image * np.float32(rng.uniform(0.6, 1.1)), 0, 255).astype(np.uint8))


def _photo(rng: Generator, height: int, width: int) -> Image:
    return np.asarray(
        cv2.resize(photograph(rng), (max(width, 2), max(height, 2)), interpolation=cv2.INTER_AREA), np.uint8
    )


def page(rng: Generator) -> Image:
    """Return a page with columns of small print, often with a headline and a picture."""
    image = _blank(np.array([1.0, 1.0, rng.uniform(0.88, 1)]) * rng.uniform(0.85, 1.0))
    ink = np.full(3, rng.uniform(0.0, 0.35))
    y = 24
    if rng.random() < 0.7:
        tall = float(rng.uniform(9, 30))
        _text(image, rng, f"{word(rng)} {word(rng)}", 16, int(14 + tall), tall, ink)
        y = int(26 + tall)
    columns = int(rng.integers(1, 4))
    pitch = int(rng.integers(5, 10))
    for k in range(columns):
        x0, x1 = 16 + k * 224 // columns, 8 + (k + 1) * 224 // columns
        _lines(image, rng, (x0, y, x1, 244), ink, pitch)
    if rng.random() < 0.4:
        h, w = int(rng.integers(40, 110)), int(rng.integers(60, 200))
        top, left = int(rng.integers(y, 245 - h)), int(rng.integers(16, 240 - w))
        image[top : top + h, left : left + w] = _photo(rng, h, w)
    return image


def cover(rng: Generator) -> Image:
    """Return the cover of a book or magazine with a picture, a title and small print."""
    if rng.random() < 0.45:
        image = photograph(rng)
        paper = image.reshape(-1, 3).mean(axis=0) / 255
    else:
        paper = random_colour(rng, 1.0, (0.1, 1.0))
        image = _blank(paper)
        if rng.random() < 0.6:
            h, w = int(rng.integers(60, 160)), int(rng.integers(80, 240))
            top, left = int(rng.integers(70, 250 - h)) if h < 170 else 70, int(rng.integers(4, 252 - w))
            image[top : top + h, left : left + w] = _photo(rng, h, w)
    ink = _contrast(rng, paper)
    tall = float(rng.uniform(18, 48))
    for k in range(int(rng.integers(1, 4))):
        _text(image, rng, word(rng), int(rng.integers(6, 40)), int((k + 1) * tall * 1.15 + 8), tall, ink)
    for _ in range(int(rng.integers(0, 4))):
        x, y = int(rng.integers(8, 160)), int(rng.integers(110, 230))
        _text(image, rng, f"{word(rng)} {word(rng)}", x, y, float(rng.uniform(7, 14)), _contrast(rng, paper))
    return image


def spines(rng: Generator) -> Image:
    """Return eight book spines side by side, each 32 px wide with a title along it."""
    strips = []
    for _ in range(8):
        paper = random_colour(rng, 1.0, (0.08, 1.0)) if rng.random() < 0.6 else random_colour(rng, 0.2, (0.05, 1.0))
        strip = np.ascontiguousarray(np.tile((paper * 255).astype(np.uint8), (32, SIDE, 1)))
        ink = _contrast(rng, paper)
        tall = float(rng.uniform(8, 17))
        _text(strip, rng, f"{word(rng)} {word(rng)}", int(rng.integers(6, 60)), int(16 + tall / 2), tall, ink)
        if rng.random() < 0.6:
            x, second = int(rng.integers(170, 235)), _ink(random_colour(rng, 1.0, (0.1, 1.0)))
            cv2.rectangle(strip, (x, 0), (x + int(rng.integers(3, 30)), 31), second, -1)
        strip[:2] = strip[:2] // 2
        strips.append(strip.transpose(1, 0, 2))
    return np.ascontiguousarray(np.concatenate(strips, axis=1))


def package(rng: Generator) -> Image:
    """Return the front of a product package with a bold name, bands, a photograph, small print and a bar code."""
    paper = random_colour(rng, 1.0, (0.3, 1.0))
    image = _blank(paper)
    second = random_colour(rng, 1.0, (0.2, 1.0))
    for _ in range(int(rng.integers(1, 4))):
        a, b = sorted(int(v) for v in rng.integers(0, SIDE, 2))
        corners = ((0, a), (255, b)) if rng.random() < 0.6 else ((a, 0), (b, 255))
        cv2.rectangle(image, *corners, _ink(second if rng.random() < 0.6 else random_colour(rng, 1.0)), -1)
    if rng.random() < 0.5:
        h, w = int(rng.integers(50, 130)), int(rng.integers(60, 200))
        top, left = int(rng.integers(80, 250 - h)), int(rng.integers(4, 252 - w))
        image[top : top + h, left : left + w] = _photo(rng, h, w)
    tall = float(rng.uniform(28, 62))
    _text(image, rng, word(rng), int(rng.integers(4, 40)), int(rng.integers(50, 110)), tall, _contrast(rng, paper))
    _lines(image, rng, (14, 200, int(rng.integers(80, 160)), 246), _contrast(rng, paper), 6)
    if rng.random() < 0.4:
        cv2.rectangle(image, (170, 200), (244, 244), (255, 255, 255), -1)
        for x in range(174, 240, 2):
            if rng.random() < 0.5:
                cv2.line(image, (x, 204), (x, 240), (10, 10, 10), int(rng.integers(1, 3)))
    return image


def carton_print(rng: Generator) -> Image:
    """Return brown cardboard with a stamp, tape and an address label."""
    board = np.array(colorsys.hsv_to_rgb(rng.uniform(0.06, 0.1), rng.uniform(0.3, 0.55), rng.uniform(0.5, 0.78)))
    shade = 1 + 0.12 * value_noise(rng, (2, 24), 4)
    image = np.ascontiguousarray((np.clip(board * shade[..., None], 0, 1) * 255).astype(np.uint8))
    ink = board * 0.35
    if rng.random() < 0.7:
        _text(
            image,
            rng,
            word(rng).upper(),
            int(rng.integers(10, 90)),
            int(rng.integers(60, 230)),
            rng.uniform(18, 50),
            ink,
        )
    if rng.random() < 0.6:
        y = int(rng.integers(90, 150))
        band = np.clip(np.array([0.8, 0.65, 0.4]) * rng.uniform(0.7, 1.2), 0, 1)
        cv2.rectangle(image, (0, y), (255, y + int(rng.integers(14, 30))), _ink(band), -1)
    if rng.random() < 0.6:
        x, y = int(rng.integers(10, 130)), int(rng.integers(10, 150))
        w, h = int(rng.integers(50, 110)), int(rng.integers(40, 90))
        cv2.rectangle(image, (x, y), (x + w, y + h), (240, 240, 236), -1)
        _lines(image, rng, (x + 5, y + 6, x + w - 5, y + h - 4), np.full(3, 0.15), 7)
    return image


def screen_print(rng: Generator) -> Image:
    """Return the picture on a screen: windows with text, or a photograph."""
    kind = rng.random()
    if kind < 0.3:
        image = photograph(rng)
    else:
        dark = rng.random() < 0.45
        image = _blank(np.full(3, 0.1 if dark else 0.93) * rng.uniform(0.6, 1.05))
        ink = random_colour(rng, 0.4, (0.6, 0.9) if dark else (0.1, 0.4))
        for _ in range(int(rng.integers(1, 4))):
            x, y = int(rng.integers(0, 120)), int(rng.integers(0, 120))
            w, h = int(rng.integers(80, 250 - x)), int(rng.integers(60, 250 - y))
            cv2.rectangle(image, (x, y), (x + w, y + h), _ink(np.full(3, 0.15 if dark else 1.0)), -1)
            cv2.rectangle(image, (x, y), (x + w, y + 10), _ink(random_colour(rng, 0.9)), -1)
            _lines(image, rng, (x + 6, y + 18, x + w - 6, y + h - 4), ink, int(rng.integers(5, 9)))
    cv2.rectangle(image, (0, 246), (255, 255), _ink(random_colour(rng, 0.5, (0.05, 0.9))), -1)
    return image


def keyboard_print(rng: Generator) -> Image:
    """Return the keys of a keyboard in staggered rows."""
    dark = rng.random() < 0.65
    base, key = (
        (rng.uniform(0.02, 0.12), rng.uniform(0.08, 0.2)) if dark else (rng.uniform(0.5, 0.8), rng.uniform(0.75, 0.95))
    )
    image = _blank(np.full(3, base))
    for row in range(6):
        y = 10 + row * 40
        x = 6 + (row % 3) * 5
        while x < 244:
            w = int(rng.choice([13, 13, 13, 13, 24])) if row < 5 or not 70 < x < 80 else 80
            cv2.rectangle(image, (x, y), (min(x + w, 250), y + 32), _ink(np.full(3, key)), -1)
            cv2.rectangle(image, (x + 4, y + 8), (x + 7, y + 16), _ink(np.full(3, 0.8 if dark else 0.2)), -1)
            x += w + 4
    return image


def poster(rng: Generator) -> Image:
    """Return a poster: a picture, a page, a cover or a package."""
    return (cover, cover, page, photograph, package)[int(rng.integers(5))](rng)


def _grain(rng: Generator) -> Image:
    """Return an almost white image with fine grain, smudges and scratches, for flat colours."""
    cells = int(rng.integers(16, 64))
    shade = 0.9 + 0.10 * value_noise(rng, (cells, cells), 3, 0.9) * rng.uniform(0.3, 1.6)
    shade += 0.14 * value_noise(rng, (2, 2), 4, 0.7) * rng.uniform(0.2, 1.4)
    if rng.random() < 0.3:
        shade += 0.12 * value_noise(rng, (64, 2), 3) * rng.uniform(0.3, 1.0)
    image = np.ascontiguousarray((np.clip(shade, 0.3, 1)[..., None] * np.ones(3) * 255).astype(np.uint8))
    for _ in range(int(rng.integers(0, 7)) if rng.random() < 0.4 else 0):
        a, b = (tuple(int(v) for v in rng.integers(0, SIDE, 2)) for _ in range(2))
        cv2.line(image, a, b, _ink(np.full(3, rng.uniform(0.6, 0.95))), 1, cv2.LINE_AA)
    return image


def _weave(rng: Generator) -> Image:
    """Return almost white cloth with threads, ribs or a fine check, and soft stains."""
    v, u = np.mgrid[0:SIDE, 0:SIDE]
    period = float(rng.choice([4, 6, 8, 12, 16]))
    ribs = np.sin(2 * np.pi * u / period) * rng.uniform(0, 1) + np.sin(2 * np.pi * v / period) * rng.uniform(0, 1)
    shade = 0.85 + 0.05 * ribs + 0.10 * value_noise(rng, (64, 64), 2) + 0.08 * value_noise(rng, (3, 3), 3)
    return np.asarray((np.clip(shade, 0.2, 1)[..., None] * np.ones(3) * 255).astype(np.uint8))


def grain(rng: Generator) -> Image:
    """Return one of 96 almost white images with grain and wear."""
    return _stock(_grain, int(rng.integers(96)))


def weave(rng: Generator) -> Image:
    """Return one of 64 almost white cloths."""
    return _stock(_weave, int(rng.integers(64)))


PRINTS: dict[str, Callable[[Generator], Image]] = {
    "page": page,
    "cover": cover,
    "spines": spines,
    "package": package,
    "carton": carton_print,
    "screen": screen_print,
    "keyboard": keyboard_print,
    "poster": poster,
    "grain": grain,
    "weave": weave,
}
