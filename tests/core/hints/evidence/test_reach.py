# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Which holes of an image of depth say that nothing is within reach."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from grin_ros.core.hints.evidence.reach import Reach

Image = NDArray[np.float32]
SHAPE = (90, 120)
RNG = np.random.default_rng(0)


def wall(distance_m: float = 2.0) -> Image:
    return np.asarray(distance_m + 0.01 * RNG.standard_normal(SHAPE), np.float32)


def silent(reach: Reach, depth_m: Image) -> NDArray[np.intp]:
    return reach.silent(depth_m, depth_m > 0.0)


def test_a_hole_within_the_view_is_silent_up_to_the_farthest_depth() -> None:
    reach, depth_m = Reach(), wall()
    depth_m[30:60, 40:80] = 0.0
    v, u = silent(reach, depth_m).T
    assert v.min() >= 30 and v.max() < 60 and u.min() >= 40 and u.max() < 80
    assert reach.reach_m == pytest.approx(2.02, abs=0.01)


def test_where_the_sensor_does_not_look_is_no_hole() -> None:
    """The image is aligned with that of a wider camera, and a few pixels beside the view are false."""
    reach, depth_m = Reach(), np.zeros(SHAPE, np.float32)
    depth_m[15:75, 20:100] = wall()[15:75, 20:100]
    depth_m[40, 3] = depth_m[2, 60] = 1.0
    assert not len(silent(reach, depth_m))
    depth_m[15:50, 20:60] = 0.0  # a corner of the view is far away
    v, u = silent(reach, depth_m).T
    assert v.min() >= 15 and u.min() >= 20 and v.max() < 50 and u.max() < 60 and len(v) > 100


def test_what_was_seen_before_belongs_to_the_view() -> None:
    upper = wall()
    upper[:40] = 0.0
    assert not len(silent(Reach(), upper)), "nothing tells whether the sensor looks there"
    reach = Reach()
    assert not len(silent(reach, wall()))
    (v, _) = silent(reach, upper).T
    assert v.max() < 40 and v.min() < 10


def test_the_reach_is_that_of_the_farthest_image() -> None:
    """A dark thing right before the sensor does not lower it."""
    reach, far, near = Reach(), wall(4.0), wall(1.0)
    for depth_m in (far, near):
        depth_m[30:60, 40:80] = 0.0
        silent(reach, depth_m)
    assert reach.reach_m == pytest.approx(4.0, abs=0.05)
    other = np.full((45, 60), 1.0, np.float32)
    other[10:30, 10:30] = 0.0
    silent(reach, other)
    assert reach.reach_m == 1.0, "an image of another size comes from another sensor"


def test_narrow_holes_and_images_with_hardly_any_depth_say_nothing() -> None:
    reach, depth_m = Reach(), wall()
    depth_m[:, 50:56] = 0.0
    assert not len(silent(reach, depth_m))
    few = np.zeros(SHAPE, np.float32)
    few[::30, ::30] = 1.0
    assert not len(silent(reach, few))


def test_every_zone_of_a_coarse_sensor_counts() -> None:
    reach = Reach()
    depth_m = np.full((8, 8), 1.0, np.float32)
    depth_m[3, 4] = 0.0
    assert silent(reach, depth_m).tolist() == [[3, 4]]
