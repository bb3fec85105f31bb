# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The pose of the range sensor, as a user writes it."""

from __future__ import annotations

import numpy as np
import pytest

from grin_ros.core.hints.config import ScaleConfig


def test_a_lidar_at_the_camera_has_the_same_direction_ahead() -> None:
    ahead, left = np.array([2.0, 0.0, 0.0]), np.array([0.0, 1.0, 0.0])
    np.testing.assert_allclose(ScaleConfig().sensor_to_optical()(np.stack([ahead, left])), [[0, 0, 2], [-1, 0, 0]])


def test_a_lidar_below_a_camera_that_looks_down() -> None:
    """The lidar is level, so in the camera's body frame it looks up by the angle that the camera looks down."""
    place = ScaleConfig(range_pose="0.1 0 -0.3 0 -10 0").sensor_to_optical()
    point = place(np.array([2.0, 0.0, 0.0]))
    assert point[2] == pytest.approx(0.1 + 2.0 * np.cos(np.radians(10)))
    assert point[1] == pytest.approx(0.3 - 2.0 * np.sin(np.radians(10)))


@pytest.mark.parametrize("text", ["", "1 2 3", "a b c d e f", "0 0 0 0 0 nan", "0 0 0 0 0 0 0", "TF"])
def test_another_text_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"expected 'tf' or six numbers 'x y z roll pitch yaw' \(metres, degrees\)"):
        ScaleConfig(range_pose=text)
    assert ScaleConfig(range_pose="tf").range_pose == "tf"
