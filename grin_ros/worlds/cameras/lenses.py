# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Random lenses: field of view, distortion and principal point.

There are three kinds: pinholes (rectified images, or lenses with little distortion), lenses with a few percent of
distortion in the models that ROS calibrates (plumb_bob, rational_polynomial), and fisheyes (equidistant). Distortion is
drawn as a mixture of the rectilinear projection f tan(angle) and the equidistant projection f angle, as real lenses
have it, and the coefficients are fitted to it. Coefficients drawn one by one could fold the image.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from grin_ros.core.geometry.camera import Camera

PINHOLE_SHARE, DISTORTED_SHARE = 0.78, 0.12  # all other lenses are fisheyes
# The horizontal fields of view in degrees; for pinholes as (share, lowest, highest).
PINHOLE_FOV_DEG = ((0.25, 15.0, 40.0), (0.55, 40.0, 75.0), (0.20, 75.0, 110.0))
DISTORTED_FOV_DEG = (40.0, 115.0)
FISHEYE_FOV_DEG = (90.0, 180.0)
FAR_OFF_CENTRE_SHARE = 0.12  # the share of principal points up to 20 % of the image off its centre, as in crops


def sample_lens(rng: Generator, width: int, height: int, narrowest_deg: float = 0.0) -> Camera:
    """Return a random camera without a mounting, for images of width x height pixels.

    Its horizontal field of view, computed as for a centred pinhole, is at least ``narrowest_deg``.
    """
    while True:
        camera = _any_lens(rng, width, height)
        if 2.0 * math.degrees(math.atan(width / 2 / camera.fx)) >= narrowest_deg:
            return camera


def _any_lens(rng: Generator, width: int, height: int) -> Camera:
    kind = float(rng.random())
    if kind < PINHOLE_SHARE:
        return _pinhole(rng, width, height)
    if kind < PINHOLE_SHARE + DISTORTED_SHARE:
        return _distorted(rng, width, height)
    return _fisheye(rng, width, height)


def _pinhole(rng: Generator, width: int, height: int) -> Camera:
    band = int(rng.choice(len(PINHOLE_FOV_DEG), p=[share for share, _, _ in PINHOLE_FOV_DEG]))
    _, low, high = PINHOLE_FOV_DEG[band]
    fx = width / 2 / math.tan(math.radians(rng.uniform(low, high)) / 2)
    cx, cy = _principal_point(rng, width, height)
    return Camera(width, height, fx, fx * _pixel_aspect(rng), cx, cy)


def _pixel_aspect(rng: Generator) -> float:
    """Return a random fy / fx, mostly near 1.

    The network resizes every image to its own shape. Images of other formats are therefore rendered as the network sees
    them: for 16:9 the ratio is then 1.33, for KITTI 2.5.
    """
    kind = rng.random()
    if kind < 0.6:
        return float(rng.uniform(0.9, 1.1))
    return math.exp(rng.uniform(0.0, math.log(2.6)) if kind < 0.92 else rng.uniform(math.log(0.56), 0.0))


def _distorted(rng: Generator, width: int, height: int) -> Camera:
    """Return a lens with distortion: mostly barrel, stronger for wide lenses; some pincushion for long ones."""
    half = math.radians(rng.uniform(*DISTORTED_FOV_DEG)) / 2
    bend = rng.uniform(-0.15, 1.0) if half < 0.5 else rng.uniform(0.2, 1.0)
    ratio = rng.uniform(0.97, 1.03)
    cx, cy = _principal_point(rng, width, height, 0.1)
    # The fit reaches a little beyond the corner that is farthest from the axis, so that it covers all pixels.
    border = math.tan(half) * (1 - bend) + half * bend
    f = width / 2 / border
    corner = math.hypot(max(cx, width - cx) / f, max(cy, height - cy) / (f * ratio))
    rational = bool(rng.random() < 0.4)
    radial = _fit_radial(bend, 1.05 * _straight(corner, bend), rational)
    p1, p2 = (float(p) for p in rng.normal(0, 4e-4, 2))
    distortion = (radial[0], radial[1], p1, p2, *radial[2:])
    return Camera(width, height, f, f * ratio, cx, cy, "rational_polynomial" if rational else "plumb_bob", distortion)


def _straight(bent: float, bend: float) -> float:
    """Return tan(angle) of the ray that meets the image plane at ``bent`` focal lengths from the axis."""
    low, high = 0.0, math.atan(1e3)
    for _ in range(50):
        middle = (low + high) / 2
        if math.tan(middle) * (1 - bend) + middle * bend < bent:
            low = middle
        else:
            high = middle
    return min(math.tan(low), 8.0)


def _fit_radial(bend: float, reach: float, rational: bool) -> tuple[float, ...]:
    """Return k1 k2 k3 (k4 k5 k6), fitted to r -> (1 - bend) r + bend atan(r) for radii up to ``reach``."""
    r = np.linspace(0, reach, 200)[1:]
    wanted = (1 - bend) * r + bend * np.arctan(r)
    s = (r / reach) ** 2  # normalised, so that all columns have a similar size
    columns = [r * s, r * s**2, r * s**3]
    if rational:  # linear after multiplying by the denominator; the ridge keeps the two polynomials from cancelling
        columns += [-wanted * s, -wanted * s**2, -wanted * s**3]
    matrix = np.stack(columns, axis=1)
    ridge = np.diag([0.0, 0.0, 0.0] + [1e-4 * len(r) ** 0.5] * (len(columns) - 3))
    fit, *_ = np.linalg.lstsq(
        np.concatenate([matrix, ridge]), np.concatenate([wanted - r, np.zeros(len(columns))]), rcond=None
    )
    powers = np.tile(reach ** -np.array([2.0, 4.0, 6.0]), len(columns) // 3)
    return tuple(float(k) for k in fit * powers)


def _fisheye(rng: Generator, width: int, height: int) -> Camera:
    """Return a fisheye lens, equidistant within a few percent.

    One in eight shows the whole image circle: its field of view is that of the image height.
    """
    half = math.radians(rng.uniform(*FISHEYE_FOV_DEG)) / 2
    k: NDArray[np.float64] = rng.normal(0, (0.02, 0.006, 0.002, 0.0005))
    bent = half * (1 + sum(c * half ** (2 * n + 2) for n, c in enumerate(k)))
    side = height if rng.random() < 0.125 else width
    f, ratio = side / 2 / bent, rng.uniform(0.98, 1.02)
    cx, cy = _principal_point(rng, width, height, 0.1)
    return Camera(width, height, f, f * ratio, cx, cy, "equidistant", tuple(k.tolist()))


def _principal_point(rng: Generator, width: int, height: int, most: float = 0.2) -> tuple[float, float]:
    """Return a random (cx, cy) in pixels.

    It is off the centre by 3 % of the image size (one sigma), or uniformly by up to ``most`` in some lenses.
    """
    far = rng.random() < FAR_OFF_CENTRE_SHARE
    offset = rng.uniform(-most, most, 2) if far else np.clip(rng.normal(0, 0.03, 2), -0.1, 0.1)
    return float((width - 1) / 2 + offset[0] * width), float((height - 1) / 2 + offset[1] * height)
