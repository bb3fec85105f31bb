# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Masks of the pixels that a sensor would have measured."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from grin_ros.core.geometry.camera import Camera
from grin_ros.core.geometry.mounting import Mounting
from grin_ros.lab.datasets.sensor_patterns import FEWEST, LIDARS, PATTERNS, supervised

LENSES = [
    Camera(160, 120, 120.0, 120.0, 79.5, 59.5, mounting=Mounting(1.2, 0.1, 0.2)),
    Camera(160, 120, 60.0, 60.0, 75.0, 62.0, "plumb_bob", (-0.2, 0.04, 0.0, 0.0, 0.0)),
    Camera(160, 120, 48.0, 48.0, 79.5, 59.5, "equidistant", (0.01, 0.0, 0.0, 0.0)),
]


def scene() -> NDArray[np.float32]:
    """Return ranges of a wall at 3 m behind a box at 1.5 m, with sky above and an unmeasured corner."""
    range_m = np.full((120, 160), 3.0, np.float32)
    range_m[40:100, 50:110] = 1.5
    range_m[:20], range_m[100:, :30] = np.inf, np.nan
    return range_m


@pytest.mark.parametrize("kind", PATTERNS)
@pytest.mark.parametrize("camera", LENSES, ids=lambda lens: lens.distortion_model)
def test_masks_hold_enough_pixels_and_only_measured_ones(camera: Camera, kind: str) -> None:
    for seed in range(10):
        range_m = scene()
        mask = supervised(camera, range_m, np.random.default_rng(seed), kind)
        assert mask.shape == range_m.shape and mask.dtype == np.bool_ and mask.sum() >= FEWEST
        assert not mask[np.isnan(range_m)].any()
        assert kind == "uniform" or not mask[np.isinf(range_m)].any()
        np.testing.assert_array_equal(range_m, scene())
        again = supervised(camera, range_m, np.random.default_rng(seed), kind)
        np.testing.assert_array_equal(mask, again)


def test_kinds_of_patterns_are_drawn_by_their_shares() -> None:
    rng, shares = np.random.default_rng(0), {}
    for kind in PATTERNS:
        shares[kind] = [supervised(LENSES[0], scene(), rng, kind).mean() for _ in range(30)]
    assert max(shares["points"]) < 0.1 and 0.003 < np.median(shares["lidar"]) < 0.3
    assert min(shares["uniform"]) < 0.05 and max(shares["uniform"]) > 0.5 and np.median(shares["depth_camera"]) > 0.4
    assert sum(share for share, _ in PATTERNS.values()) == pytest.approx(1)
    assert len({supervised(LENSES[0], scene(), rng).tobytes() for _ in range(20)}) == 20


def test_lidar_pixels_lie_on_rings_of_one_elevation() -> None:
    """In a wide view, measured pixels lie on at most 64 elevations about a slightly tilted axis."""
    camera = Camera(320, 240, 160.0, 160.0, 159.5, 119.5, mounting=Mounting(1.0))
    range_m = np.full((240, 320), 5.0, np.float32)
    for seed in range(12):
        mask = supervised(camera, range_m, np.random.default_rng(seed), "lidar")
        column = np.flatnonzero(mask[:, 155:165].any(axis=1))
        assert column.size <= max(beams for beams, *_ in LIDARS) * 3
        rays = camera.rays()[mask]
        elevation = np.degrees(np.arctan2(-rays[:, 1], np.hypot(rays[:, 0], rays[:, 2])))
        assert elevation.min() > -50 and elevation.max() < 42, "beams of no lidar"
    beyond = supervised(camera, np.full((240, 320), 150.0, np.float32), np.random.default_rng(0), "lidar")
    assert beyond.sum() == FEWEST


def test_a_depth_camera_has_holes_beside_edges_and_no_far_range() -> None:
    camera, on_one_side = LENSES[0], []
    for seed in range(10):
        mask = supervised(camera, scene(), np.random.default_rng(seed), "depth_camera")
        assert not mask[45:95, [49, 50, 109, 110]].any(), "measured on an edge"
        shadows = mask[45:95, 46:49].mean(), mask[45:95, 112:115].mean()
        on_one_side.append(min(shadows) < 0.1 < max(shadows))
        assert mask[45:95, 51:108].any(), "the box itself is seen"
        far = scene()
        far[60:, :] = 8.0
        assert not supervised(camera, far, np.random.default_rng(seed), "depth_camera")[60:].any()
    assert np.mean(on_one_side) > 0.5


def test_what_is_not_known_is_refused() -> None:
    with pytest.raises(ValueError, match="pattern: got 'sonar', expected one of uniform, lidar"):
        supervised(LENSES[0], scene(), np.random.default_rng(0), "sonar")
    with pytest.raises(ValueError, match=r"range_m: got shape \(60, 160\), expected \(120, 160\)"):
        supervised(LENSES[0], scene()[:60], np.random.default_rng(0))
    nothing = np.full((120, 160), np.nan, np.float32)
    assert not supervised(LENSES[0], nothing, np.random.default_rng(0), "lidar").any()
