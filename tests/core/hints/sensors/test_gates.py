# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The gates count every rejection by its reason, and let through what the camera sees."""

from __future__ import annotations

import numpy as np

from grin_ros.core.geometry.camera import Camera
from grin_ros.core.hints.sensors.gates import (
    FEWEST_EQUAL,
    HIDDEN,
    NO_RETURN,
    OUTSIDE,
    TOO_FAR,
    Measured,
    all_equal,
    gated,
)

CAMERA = Camera(160, 120, 110.0, 110.0, 79.5, 59.5)


def at(u: float, v: float, range_m: float) -> list[float]:
    point: list[float] = (CAMERA.unproject([u, v]) * range_m).tolist()
    return point


def test_what_the_camera_sees_becomes_hints_at_its_pixels() -> None:
    points = np.array([at(30.0, 40.0, 2.0), at(100.0, 80.0, 3.0)])
    found = gated(CAMERA, Measured(points, np.array([0.01, 0.02]), -0.05, "lidar"), 10.0)
    assert found.rejected == {} and found.hints is not None
    np.testing.assert_allclose(found.hints.pixels, [[30.0, 40.0], [100.0, 80.0]], atol=1e-4)
    np.testing.assert_allclose(found.hints.range_m, [2.0, 3.0], rtol=1e-6)
    np.testing.assert_allclose(found.hints.sigma_ln, [0.01, 0.02])
    np.testing.assert_allclose(found.hints.age_s, 0.05)
    assert found.hints.sources == ("lidar",)


def test_each_rejection_is_counted_by_its_reason() -> None:
    points = np.array(
        [
            at(80.0, 60.0, 2.0),
            at(81.0, 60.0, 4.0),  # behind the first
            at(20.0, 60.0, 4.0),
            at(80.0, 20.0, 30.0),
            [0.0, 0.0, -2.0],
            at(200.0, 60.0, 2.0),
            [np.nan, 0.0, 1.0],
            [0.0, 0.0, 0.0],
        ]
    )
    found = gated(CAMERA, Measured(points, 0.01, 0.0, "lidar"), 10.0)
    assert found.rejected == {NO_RETURN: 2, TOO_FAR: 1, OUTSIDE: 2, HIDDEN: 1}
    assert found.hints is not None
    np.testing.assert_allclose(found.hints.pixels, [[80.0, 60.0], [20.0, 60.0]], atol=1e-4)


def test_a_floor_at_a_flat_angle_does_not_hide_itself() -> None:
    below = CAMERA.unproject(np.stack(np.meshgrid(np.arange(160), np.arange(75, 120)), axis=-1).reshape(-1, 2))
    floor = below * (0.4 / below[:, 1])[:, None]
    found = gated(CAMERA, Measured(floor, 0.01, 0.0, "lidar"), 10.0)
    assert found.rejected == {}


def test_what_lies_between_the_rings_on_a_nearer_surface_is_hidden() -> None:
    rings = [at(u, v, 2.0) for v in (50.0, 55.0) for u in range(70, 90)]
    behind, beside, above = at(80.0, 52.5, 3.0), at(110.0, 52.5, 3.0), at(80.0, 46.0, 3.0)
    found = gated(CAMERA, Measured(np.array([*rings, behind, beside, above]), 0.01, 0.0, "lidar"), 10.0)
    assert found.rejected == {HIDDEN: 1} and found.hints is not None
    np.testing.assert_allclose(found.hints.pixels[found.hints.range_m > 2.5], [[110.0, 52.5], [80.0, 46.0]], atol=1e-4)


def test_nothing_gives_no_hints() -> None:
    found = gated(CAMERA, Measured(np.empty((0, 3)), 0.01, 0.0, "lidar"), 10.0)
    assert found.hints is None and found.rejected == {}


def test_a_sensor_that_repeats_itself_is_noticed_and_few_equal_ranges_are_chance() -> None:
    same = np.full(FEWEST_EQUAL, 2.5, np.float32)
    assert all_equal(same)
    assert not all_equal(same[1:])
    assert not all_equal(np.append(same, np.nextafter(np.float32(2.5), np.float32(3.0))))
    assert not all_equal(np.zeros(0, np.float32))
