# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Ranges of other sensors tell the scale of odometry."""

from __future__ import annotations

import numpy as np
import pytest

from grin_ros.core.motion.checks.scale_check import LEAST_FRAMES, LEAST_PAIRS, ScaleCheck
from grin_ros.core.types import Hints

WIDTH = 640
CORNERS = np.array([[100.0, 100.0], [200.0, 120.0], [300.0, 200.0], [400.0, 300.0], [500.0, 400.0]])


def checked(scale: float, frames: int = LEAST_FRAMES, count: int = 5, apart_px: float = 4.0) -> ScaleCheck:
    """Compare `count` corners with points of a lidar beside them. scale: of odometry; the last corner moves."""
    check = ScaleCheck()
    range_m = scale * np.array([1.0, 2.0, 3.0, 4.0, 20.0])
    for _ in range(frames):
        lidar = Hints.measured(CORNERS[:count] + np.array([apart_px, 0.0]), [1.0, 2.0, 3.0, 4.0, 5.0][:count])
        check.add(Hints.measured(CORNERS[:count], range_m[:count]), lidar, WIDTH)
    return check


@pytest.mark.parametrize(("scale", "words"), [(1.2, "20.0% long"), (0.8, "20.0% short"), (1.01, "confirm")])
def test_the_scale_is_told_and_corners_on_another_surface_do_not_count(scale: float, words: str) -> None:
    check = checked(scale)
    assert check.factor == pytest.approx(scale)
    assert words in check.text


@pytest.mark.parametrize("few", [{"frames": LEAST_FRAMES - 1}, {"count": LEAST_PAIRS - 1}, {"apart_px": 20.0}])
def test_few_frames_few_pairs_or_points_far_apart_tell_nothing(few: dict[str, int]) -> None:
    check = checked(1.2, **few)
    assert check.factor is None
    assert check.text == ""
