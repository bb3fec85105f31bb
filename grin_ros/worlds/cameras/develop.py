# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Turn linear light into the image of a camera: effects of optics and shutter, exposure, and the tone curve.

Each effect is small and applied to a share of the images only. Ranges remain those of the sharp scene. Sensor noise and
compression are added in training.
"""

from __future__ import annotations

import math
from itertools import pairwise

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from grin_ros.core.geometry.camera import Camera

# The share of images with each effect.
DEFOCUS_SHARE, MOTION_SHARE, BANDING_SHARE, VIGNETTE_SHARE, WHITE_BALANCE_SHARE = 0.2, 0.2, 0.08, 0.5, 0.5
APERTURE_M = 0.002, 0.02  # the range of aperture diameters, from phones to mirrorless cameras
MOST_DEFOCUS_PX = 7.0  # the largest diameter of the circle of confusion
MOTION_PX = 1.0, 9.0  # the range of lengths of motion blur
ROLLING_SHARE, ROLLING_PX = 0.1, (1.0, 6.0)  # the share of rolling shutters; the shift between first and last row
_GRID_PX = 16  # motion blur is computed on a grid of this spacing and interpolated


def develop(
    light: NDArray[np.float32], range_m: NDArray[np.float32], camera: Camera, rng: Generator
) -> NDArray[np.uint8]:
    """Return the 8 bit sRGB image (h, w, 3) of linear light (h, w, 3) >= 0.

    Pixels outside the lens, where ``range_m`` (h, w) is nan, stay black. On mirrors, ``range_m`` must be the range of
    the glass.
    """
    if rng.random() < DEFOCUS_SHARE:
        finite = range_m[np.isfinite(range_m)]
        focus_m, aperture_m = float(rng.choice(finite)), math.exp(rng.uniform(*np.log(APERTURE_M)))
        light = defocused(light, range_m, focus_m, aperture_m * math.sqrt(camera.fx * camera.fy))
    if rng.random() < MOTION_SHARE:
        trail_px = math.exp(rng.uniform(*np.log(MOTION_PX)))
        axis = rng.normal(0, (1.0, 1.0, 0.7))  # a rotation about x tilts the camera, about y it pans
        turn = axis / max(float(np.linalg.norm(axis)), 1e-6) * trail_px / math.sqrt(camera.fx * camera.fy)
        light = motion_blurred(light, camera, turn)
    if rng.random() < WHITE_BALANCE_SHARE:
        warmth, tint = rng.normal(0, (0.1, 0.04))
        light = light * np.exp([warmth, tint, -warmth]).astype(np.float32)
    if rng.random() < BANDING_SHARE:
        light = light * banding(light.shape[0], rng)[:, None, None]
    return expose(light, ~np.isnan(range_m), rng)


def rolling_turn(camera: Camera, rng: Generator) -> tuple[float, float, float] | None:
    """Return a random rotation of the camera while its rows are read, or None for a camera without rolling shutter.

    It is a rotation vector of the optical frame in radians, see capture.py.
    """
    shear_px, axis = math.exp(rng.uniform(*np.log(ROLLING_PX))), rng.normal(0, (1.0, 1.0, 0.7))
    if rng.random() >= ROLLING_SHARE:
        return None
    x, y, z = axis / max(float(np.linalg.norm(axis)), 1e-6) * shear_px / math.sqrt(camera.fx * camera.fy)
    return float(x), float(y), float(z)


def defocused(
    light: NDArray[np.float32], range_m: NDArray[np.float32], focus_m: float, aperture_px_m: float
) -> NDArray[np.float32]:
    """Return light (h, w, 3) as seen through a thin lens that is focused at a range.

    ``aperture_px_m`` is the diameter of the aperture in metres times the focal length in pixels. The circle of
    confusion is ``aperture_px_m`` times the difference of inverse ranges.
    """
    inverse = np.where(np.isfinite(range_m), 1 / np.maximum(range_m, 0.05), 0)
    circle_px = np.minimum(aperture_px_m * np.abs(inverse - 1 / max(focus_m, 0.05)), MOST_DEFOCUS_PX).astype(np.float32)
    # Smoother than the range, because an edge in an image is as sharp as the blurrier of its sides.
    sigma_px = cv2.blur(circle_px, (3, 3)) / 4  # of a Gaussian about as wide as the disc
    levels = [0.0, 0.45, 0.9, MOST_DEFOCUS_PX / 4]
    out = light
    for low, high in pairwise(levels):
        part = np.clip((sigma_px - low) / (high - low), 0, 1)
        if not part.any():
            break
        blurred = cv2.GaussianBlur(light, (0, 0), high)
        out = out + part[..., None] * (blurred - out)
    return np.asarray(out, np.float32)


def motion_blurred(light: NDArray[np.float32], camera: Camera, turn_rad: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return light (h, w, 3) of a camera that turns while the shutter is open.

    ``turn_rad`` (3,) is a rotation vector of the optical frame. Each pixel is blurred along a straight line around its
    position. Pixels outside the lens do not move.
    """
    h, w = light.shape[:2]
    columns, rows = np.linspace(0, w - 1, w // _GRID_PX + 1), np.linspace(0, h - 1, h // _GRID_PX + 1)
    pixels = np.stack(np.meshgrid(columns, rows), axis=-1)
    rotation = cv2.Rodrigues(turn_rad)[0]
    flow = camera.project(camera.unproject(pixels) @ rotation.T) - pixels
    flow = np.where(np.isfinite(flow), flow, 0).astype(np.float32)
    v, u = np.mgrid[0:h, 0:w].astype(np.float32)
    at = (u * np.float32((len(columns) - 1) / (w - 1)), v * np.float32((len(rows) - 1) / (h - 1)))
    du, dv = (cv2.remap(np.ascontiguousarray(flow[..., k]), *at, cv2.INTER_LINEAR) for k in (0, 1))
    taps = int(np.clip(np.ceil(np.hypot(du, dv).max()) + 1, 2, 12))
    total = np.zeros_like(light)
    for share in np.linspace(-0.5, 0.5, taps, dtype=np.float32):
        total += cv2.remap(light, u + share * du, v + share * dv, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(total / taps, np.float32)


def banding(rows: int, rng: Generator) -> NDArray[np.float32]:
    """Return factors around 1, (rows,), for lamps that flicker while a rolling shutter exposes row after row."""
    periods, depth = rng.uniform(0.5, 4), rng.uniform(0.02, 0.15)
    phase = rng.uniform(0, 2 * np.pi) + np.linspace(0, 2 * np.pi * periods, rows)
    return np.asarray(1 + depth * np.sin(phase), np.float32)


def expose(light: NDArray[np.float32], seen: NDArray[np.bool_], rng: Generator) -> NDArray[np.uint8]:
    """Return linear light (h, w, 3) as an 8 bit sRGB image.

    It gets an automatic exposure with a random error, vignetting, and a tone curve with a shoulder. ``seen`` (h, w) are
    the pixels that the exposure is measured on, at least one.
    """
    luminance = (light @ np.array([0.2126, 0.7152, 0.0722], np.float32))[seen]
    metered = float(np.exp(np.log(np.maximum(luminance[::16], 1e-3)).mean()))
    exposure = float(rng.uniform(0.13, 0.34)) / max(0.6 * metered + 0.4 * float(luminance.mean()), 1e-3)
    shoulder = float(rng.uniform(0.0, 0.6))
    fall = 0.35 * float(rng.random()) * float(rng.random() < VIGNETTE_SHARE)
    v, u = np.mgrid[-1 : 1 : light.shape[0] * 1j, -1 : 1 : light.shape[1] * 1j].astype(np.float32)
    x = light * (exposure * (1 - fall * (u * u + v * v) / 2))[..., None]
    x = np.clip(x * (1 + x * np.float32(shoulder / 9)) / (1 + np.float32(shoulder) * x), 0, 1)
    srgb = _SRGB[(x * 4095 + 0.5).astype(np.int32)]
    mean = float(srgb[seen].mean()) / 255
    wanted = float(np.clip(mean, 0.22, 0.64))
    if wanted != mean:  # no image is too dark or too bright
        srgb = np.clip(srgb.astype(np.float32) * (wanted / max(mean, 1e-3)), 0, 255).astype(np.uint8)
    srgb[~seen] = 0
    return np.asarray(srgb, np.uint8)


def _srgb_table() -> NDArray[np.uint8]:
    """Return a table (4096,) of 8 bit sRGB values for linear light in [0, 1]."""
    linear = np.arange(4096) / 4095
    curve = np.where(linear < 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return (curve * 255 + 0.5).astype(np.uint8)


_SRGB = _srgb_table()
