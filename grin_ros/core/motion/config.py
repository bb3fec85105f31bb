# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The settings of motion."""

from __future__ import annotations

from dataclasses import dataclass, fields


@dataclass(frozen=True)
class MotionConfig:
    """The settings of `Motion`. Raises ValueError for a value outside its range, with the range.

    distance_noise: one standard deviation of the translation between two poses, as a share of the distance between
    them. rotation_noise_deg: that of the rotation between two poses, in degrees. position_noise_m: that of a position
    that does not grow with the distance, in metres. pixel_noise_px: that of a tracked corner, in pixels of the image
    that is tracked. tracks: the most corners that are followed. views: the most earlier views that are kept.
    fitted_views: how many of them triangulate. width_px: wider images are reduced to this width before they are
    tracked. least_parallax_deg: a view is kept once the corners have moved by this angle against the last kept one,
    apart from the rotation. largest_sigma_ln: points with a larger sigma of ln(range) are no hints. min_range_m,
    max_range_m: nearer and farther points are no hints. map_points: the most points that the map holds, 0 for no map.
    map_age_s, map_travel_m: the age and the travelled distance at which a point is taken out of the map. largest_gap_s:
    after a longer time between two images everything starts again.
    """

    distance_noise: float = 0.01
    rotation_noise_deg: float = 0.3
    position_noise_m: float = 0.002
    pixel_noise_px: float = 0.5
    tracks: int = 400
    views: int = 40
    fitted_views: int = 7
    width_px: int = 640
    least_parallax_deg: float = 0.3
    largest_sigma_ln: float = 0.5
    min_range_m: float = 0.1
    max_range_m: float = 40.0
    map_points: int = 2000
    map_age_s: float = 60.0
    map_travel_m: float = 20.0
    largest_gap_s: float = 1.0

    def __post_init__(self) -> None:
        for name, (low, high) in _RANGES.items():
            value = getattr(self, name)
            if not low <= value <= high:
                raise ValueError(f"motion.{name}: got {value}, expected {low:g} to {high:g}")
        if not self.min_range_m < self.max_range_m:
            raise ValueError(
                f"motion.min_range_m, motion.max_range_m: got {self.min_range_m}, {self.max_range_m}, expected the "
                "first below the second"
            )
        if self.fitted_views > self.views:
            raise ValueError(f"motion.fitted_views: got {self.fitted_views}, expected at most views = {self.views}")


_RANGES = {
    "distance_noise": (1e-4, 1.0),
    "rotation_noise_deg": (1e-3, 10.0),
    "position_noise_m": (0.0, 1.0),
    "pixel_noise_px": (0.05, 10.0),
    "tracks": (20, 5000),
    "views": (2, 200),
    "fitted_views": (2, 40),
    "width_px": (64, 4096),
    "least_parallax_deg": (0.01, 10.0),
    "largest_sigma_ln": (0.005, 1.0),
    "min_range_m": (0.01, 100.0),
    "max_range_m": (0.1, 1000.0),
    "map_points": (0, 100_000),
    "map_age_s": (0.1, 86400.0),
    "map_travel_m": (0.1, 1e5),
    "largest_gap_s": (0.05, 60.0),
}
assert set(_RANGES) == {one.name for one in fields(MotionConfig)}
