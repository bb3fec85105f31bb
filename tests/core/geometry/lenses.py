# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Hypothesis strategies for cameras: lenses as calibrations give them, with the whole image inside their domain."""

from __future__ import annotations

import math

from hypothesis import strategies as st

from grin_ros.core.geometry.camera import Camera
from grin_ros.core.geometry.distortion import DISTORTION_MODELS


def _floats(low: float, high: float) -> st.SearchStrategy[float]:
    return st.floats(low, high, allow_nan=False, width=64)


# Coefficient ranges of real calibrations, and a normalised distorted radius 3/4 of which all of them reach.
_MILD = {
    "none": ([], 3.0),
    "plumb_bob": ([(-0.28, 0.1), (0.06, 0.15), (-0.002, 0.002), (-0.002, 0.002), (-0.005, 0.02)], 1.0),
    "rational_polynomial": (
        # Differences between numerator and denominator stay small: they nearly cancel in real calibrations.
        [(0.5, 0.7), (0.03, 0.06), (-1e-3, 1e-3), (-1e-3, 1e-3), (0, 0.002), (0.8, 1.0), (0.15, 0.25), (0.005, 0.015)],
        0.95,
    ),
    "equidistant": ([(-0.02, 0.05), (-0.015, 0.01), (-0.002, 0.005), (-0.0005, 0.0005)], 1.5),
}


@st.composite
def cameras(draw: st.DrawFn, models: tuple[str, ...] = DISTORTION_MODELS, max_side: int = 2000) -> Camera:
    """A camera whose lens is well defined over the whole image."""
    model = draw(st.sampled_from(models))
    ranges, reach = _MILD[model]
    width, height = draw(st.integers(8, max_side)), draw(st.integers(8, max_side))
    cx = (width - 1) / 2 + draw(_floats(-0.05, 0.05)) * width
    cy = (height - 1) / 2 + draw(_floats(-0.05, 0.05)) * height
    # The focal length that puts the farthest corner at a fraction of the reach.
    farthest = math.hypot(max(cx, width - cx) + 1, max(cy, height - cy) + 1)
    fx = farthest / (reach * draw(_floats(0.05, 0.75)))
    fy = fx * draw(_floats(1.0, 1.05))
    coefficients = tuple(draw(_floats(low, high)) for low, high in ranges)
    return Camera(width, height, fx, fy, cx, cy, model, coefficients)
