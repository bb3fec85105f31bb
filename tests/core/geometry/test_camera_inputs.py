# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The inputs of the network that depend on the camera only."""

from __future__ import annotations

import numpy as np

from grin_ros.core.geometry.camera import Camera
from grin_ros.core.geometry.camera_inputs import camera_inputs, mounting_vector, normalised
from grin_ros.core.geometry.mounting import Mounting

CAMERA = Camera(40, 30, 30.0, 30.0, 19.5, 14.5)


def test_image_borders_are_minus_one_and_one() -> None:
    pixels = np.array([[-0.5, -0.5], [39.5, 29.5], [19.5, 14.5]])
    np.testing.assert_allclose(normalised(pixels, CAMERA), [[-1, -1], [1, 1], [0, 0]], atol=1e-7)


def test_an_unknown_mounting_is_all_zeros() -> None:
    assert not mounting_vector(CAMERA).any()
    level = mounting_vector(CAMERA.with_mounting(Mounting(1.2)))
    np.testing.assert_allclose(level, [0.0, -1.0, 0.0, 1.2, 1.0], atol=1e-7)


def test_query_rays_are_the_rays_of_the_camera() -> None:
    inputs = camera_inputs(CAMERA, (30, 40), (3, 4))  # one query per pixel
    np.testing.assert_allclose(inputs.query_rays[0].reshape(30, 40, 3), CAMERA.rays(), atol=1e-6)
    np.testing.assert_array_equal(inputs.ray_z[0], CAMERA.rays()[..., 2])


def test_a_query_without_a_ray_has_a_null_vector_and_not_nan() -> None:
    barrel = Camera(40, 30, 8.0, 8.0, 19.5, 14.5, "plumb_bob", (-0.3, 0.0, 0.0, 0.0, 0.0))
    inputs = camera_inputs(barrel, (30, 40), (3, 4))
    assert np.isnan(inputs.ray_z).any()
    assert np.isfinite(inputs.query_rays).all()
    np.testing.assert_array_equal((inputs.query_rays[0] == 0.0).all(-1), np.isnan(inputs.ray_z[0].ravel()))
