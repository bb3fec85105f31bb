# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Rendered drives and the sensor noise that is added to them."""

from __future__ import annotations

import numpy as np
import pytest

from grin_ros.core.geometry.camera import Camera
from grin_ros.core.geometry.mounting import Mounting
from grin_ros.core.geometry.rays import range_to_depth
from grin_ros.lab.datasets.drives import DriveFrame, rendered_drives, with_sensor_noise
from grin_ros.lab.evaluation.flicker import flicker, matching_pixels

LENS = Camera(80, 60, 57.5, 57.0, 40.4, 28.9, "plumb_bob", (-0.2, 0.04, 0.0, 0.0, 0.0), Mounting(0.9, 0.0, 0.14))


def test_sensor_noise_has_the_asked_grain_and_exposure() -> None:
    grey = DriveFrame(np.full((60, 80, 3), 100, np.uint8), np.ones((60, 80), np.float32), LENS, np.eye(4))
    rng = np.random.default_rng(0)
    images = [frame.image for frame in with_sensor_noise([grey] * 40, rng, noise=0.02, exposure_ln=0.05)]
    assert np.mean([image.std() for image in images]) == pytest.approx(0.02 * 255, rel=0.1)
    assert np.log([image.mean() / 100 for image in images]).std() == pytest.approx(0.05, rel=0.4)
    np.testing.assert_array_equal(with_sensor_noise([grey], rng, 0.0, 0.0)[0].image, grey.image)


@pytest.mark.egl
@pytest.mark.usefixtures("opengl")
def test_ranges_and_poses_of_a_rendered_drive_agree() -> None:
    (drive,) = rendered_drives([23], LENS, 24)
    assert len(drive) == 24
    truths_m = [range_to_depth(frame.range_m, frame.camera.rays()) for frame in drive]
    assert flicker(drive, truths_m).flicker_m == 0.0
    assert len(matching_pixels(drive[0], drive[1])[0]) > 0.5 * 80 * 60 / 4
    with pytest.raises(ValueError, match="got no mounting"):
        list(rendered_drives([23], LENS.with_mounting(None), 4))
