# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Augmentation of images by other light and other cameras: lamps and shade, exposure, white balance, optics, sensor,
compression. The geometry does not change."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray


def photometric(image: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Return the image (H, W, 3) uint8 RGB as if taken in other light by another camera."""
    x = image.astype(np.float32) / 255.0
    x = _optics(x, rng)
    linear = np.power(x, 2.2)
    linear *= np.exp(rng.normal(0.0, 0.45))  # exposure
    linear *= np.exp(rng.normal(0.0, 0.12, 3)).astype(np.float32)  # white balance
    if rng.random() < 0.6:
        linear *= light_and_shade(x.shape[:2], rng)
    if rng.random() < 0.4:
        linear *= _vignette(x.shape[:2], rng)[..., None]
    x = np.power(np.clip(linear, 0.0, None), 1.0 / rng.uniform(1.8, 2.7), dtype=np.float32)
    # Contrast and black level.
    x = (x - 0.5) * np.float32(rng.uniform(0.75, 1.45)) + np.float32(0.5 + rng.normal(0.0, 0.06))
    grey = x @ np.array([0.299, 0.587, 0.114], np.float32)
    x = grey[..., None] + (x - grey[..., None]) * np.float32(0.0 if rng.random() < 0.06 else rng.uniform(0.5, 1.4))
    x += rng.normal(0.0, rng.uniform(0.0, 0.04), (*x.shape[:2], 1 if rng.random() < 0.5 else 3)).astype(np.float32)
    out: NDArray[np.uint8] = np.clip(x * 255.0, 0.0, 255.0).astype(np.uint8)
    if rng.random() < 0.1:
        draw_border(out, rng)
    if rng.random() < 0.6:
        quality = int(rng.integers(25, 95))
        _, encoded = cv2.imencode(".jpg", out, [cv2.IMWRITE_JPEG_QUALITY, quality])
        out = np.asarray(cv2.imdecode(encoded, cv2.IMREAD_COLOR), np.uint8)
    return out


def draw_border(image: NDArray[np.uint8], rng: np.random.Generator) -> None:
    """Draw a white or black border in place, as registered RGB-D recordings and undistorted images have."""
    height, width = image.shape[:2]
    top, bottom = (int(rng.uniform(0.0, 0.03) * height) for _ in range(2))
    left, right = (int(rng.uniform(0.0, 0.03) * width) for _ in range(2))
    value = 255 if rng.random() < 0.5 else 0
    image[:top] = image[height - bottom :] = value
    image[:, :left] = image[:, width - right :] = value


def other_textures(image: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Return the image (H, W, 3) uint8 RGB with other textures and the same outlines.

    A random small filter that mixes colours is blended in (random convolution, arXiv 2007.13003).
    """
    x = image.astype(np.float32) / 255.0
    size = int(rng.choice((1, 3, 5)))
    kernels = rng.normal(0.0, 1.0 / (size * np.sqrt(3.0)), (3, 3, size, size)).astype(np.float32)
    mixed = np.zeros_like(x)
    for out in range(3):
        for into in range(3):
            mixed[..., out] += cv2.filter2D(x[..., into], -1, kernels[out, into])
    # Restore the brightness and contrast of the image in each colour.
    axes = (0, 1)
    mixed = (mixed - mixed.mean(axes)) / (mixed.std(axes) + np.float32(1e-3)) * x.std(axes) + x.mean(axes)
    share = np.float32(rng.uniform(0.2, 0.9))
    return np.asarray(np.clip(x + share * (mixed - x), 0.0, 1.0) * 255.0 + 0.5, np.uint8)


def _optics(x: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    kind = rng.random()
    if kind < 0.3:
        return np.asarray(cv2.GaussianBlur(x, (0, 0), float(rng.uniform(0.3, 1.2))), np.float32)
    if kind < 0.4:
        length = int(rng.integers(3, 8))
        kernel = np.zeros((length, length), np.float32)
        angle = rng.uniform(0.0, np.pi)
        half = (length - 1) / 2.0
        offset = (np.cos(angle) * half, np.sin(angle) * half)
        ends = [(round(half - s * offset[0]), round(half - s * offset[1])) for s in (1, -1)]
        cv2.line(kernel, ends[0], ends[1], 1.0)
        return np.asarray(cv2.filter2D(x, -1, kernel / kernel.sum()), np.float32)
    if kind < 0.5:
        sharp = cv2.GaussianBlur(x, (0, 0), 1.0)
        return np.clip(x + float(rng.uniform(0.2, 0.8)) * (x - sharp), 0.0, 1.0)
    return x


def light_and_shade(size: tuple[int, int], rng: np.random.Generator) -> NDArray[np.float32]:
    """Return gains (H, W, 3) like those of a few warmer and colder pools of light and shade over the image.

    In renders dark things tend to be near and bright things far. A room with one lamp is the other way round.
    """
    rows, cols = int(rng.integers(2, 6)), int(rng.integers(2, 7))
    stops = rng.normal(0.0, rng.uniform(0.1, 0.9), (rows, cols, 1)) + rng.normal(0.0, 0.1, (rows, cols, 3))
    field = cv2.resize(stops.astype(np.float32), (size[1], size[0]), interpolation=cv2.INTER_CUBIC)
    return np.asarray(np.exp(np.clip(field, -2.5, 2.0)), np.float32)


def _vignette(size: tuple[int, int], rng: np.random.Generator) -> NDArray[np.float32]:
    y = np.linspace(-1.0, 1.0, size[0], dtype=np.float32)[:, None]
    x = np.linspace(-1.0, 1.0, size[1], dtype=np.float32)[None, :]
    return np.asarray(1.0 - rng.uniform(0.0, 0.35) * (x * x + y * y), np.float32)
