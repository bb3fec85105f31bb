# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The settings of motion, and the limits of hints that several of its parts share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

POSITION_NOISE_M = 0.002
"""One standard deviation of a position of the camera that does not grow with the distance, in metres."""
MIN_RANGE_M = 0.1
"""Nearer points are no hints."""
LARGEST_SIGMA_LN = 0.5
"""Points with a larger sigma of ln(range) are no hints."""
RANGES: Mapping[str, tuple[float, float]] = {
    "distance_noise": (1e-4, 1.0),
    "rotation_noise_deg": (1e-3, 10.0),
    "pixel_noise_px": (0.05, 10.0),
    "max_range_m": (MIN_RANGE_M, 1000.0),
}
"""The least and the largest value of each setting."""


@dataclass(frozen=True)
class MotionConfig:
    """The settings of `Motion`. Raises ValueError for a value outside its range, with the range.

    distance_noise: one standard deviation of the translation between two poses, as a share of the distance between
    them. rotation_noise_deg: that of the rotation between two poses, in degrees. pixel_noise_px: that of a tracked
    corner, in pixels of the image that is tracked. max_range_m: farther points are no hints.
    """

    distance_noise: float = 0.01
    rotation_noise_deg: float = 0.3
    pixel_noise_px: float = 0.5
    max_range_m: float = 40.0

    def __post_init__(self) -> None:
        for name, (low, high) in RANGES.items():
            value = getattr(self, name)
            if not low <= value <= high:
                raise ValueError(f"motion.{name}: got {value}, expected {low:g} to {high:g}")
