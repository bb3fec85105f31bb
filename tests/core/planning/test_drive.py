# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A drive past obstacles, one of which leaves, with a costmap as config/nav2_costmap.yaml sets it up."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
import yaml
from numpy.typing import NDArray

from benchmarks.driving.box_worlds import Box, Pose, World, exact, noisy
from benchmarks.driving.costmaps import VoxelCostmap
from grin_ros.core.geometry.camera import Camera
from grin_ros.core.geometry.mounting import Mounting
from grin_ros.core.planning.obstacles import ObstacleSettings, free_points, obstacle_points, trusted_pixels
from grin_ros.core.planning.scan import level_scan
from grin_ros.core.types import DepthEstimate

ROOT = Path(__file__).resolve().parents[3]
CAMERA = Camera(320, 240, 210.0, 210.0, 159.5, 119.5, mounting=Mounting(0.6, 0.03, 0.12))
SETTINGS = ObstacleSettings()
LAYER = yaml.safe_load((ROOT / "config" / "nav2_costmap.yaml").read_text())["local_costmap"]["local_costmap"][
    "ros__parameters"
]["voxel_layer"]
MARKS, CLEARS = LAYER["obstacles"], LAYER["free_space"]
HEIGHTS_M = (MARKS["min_obstacle_height"], MARKS["max_obstacle_height"])
SIGMA = 0.05
RESOLUTION_M = 0.1
PERSON = "person"
STANDING = ("crate", "pillar", PERSON)
WORLD = World(
    {
        "crate": ((4.0, 0.5, 0.0), (4.6, 1.1, 0.7)),
        "pillar": ((4.0, -1.6, 0.0), (4.3, -1.3, 2.5)),
        PERSON: ((3.2, -0.5, 0.0), (3.5, 0.1, 1.7)),
        "wall": ((9.0, -6.0, 0.0), (9.2, 6.0, 2.5)),
        "lintel": ((5.0, -1.0, 2.1), (5.2, 1.0, 2.5)),  # the robot drives under it
    }
)
POSES = [Pose(x_m=0.15 * k, y_m=0.02 * k, yaw_rad=0.01 * k) for k in range(8)]
Estimate = Callable[[NDArray[np.float32]], DepthEstimate]


def noise_of_the_claimed_sigma(seed: int) -> Estimate:
    rng = np.random.default_rng(seed)
    return lambda depth_m: noisy(depth_m, SIGMA, rng)


def costmap() -> VoxelCostmap:
    return VoxelCostmap((-1.0, -4.0, 0.0), (90, 80, 20), RESOLUTION_M)


def drive(world: World, poses: Sequence[Pose], kept: VoxelCostmap, estimate: Estimate, clears: bool = True) -> None:
    """Update the costmap with our points from each pose."""
    for pose in poses:
        seen = estimate(world.depth_m(CAMERA, pose))
        trusted = trusted_pixels(CAMERA, seen, SETTINGS)
        rotation, centre = pose.to_world(CAMERA)
        marking = obstacle_points(CAMERA, seen, SETTINGS, trusted)[:, :3] @ rotation.T + centre
        clearing = free_points(CAMERA, seen, SETTINGS, trusted) @ rotation.T + centre
        ends = clearing if clears else clearing[:0]
        kept.update(centre, ends, marking, CLEARS["raytrace_max_range"], SETTINGS.max_range_m, HEIGHTS_M)


def around(columns: NDArray[np.float64], box: Box, margin_m: float) -> NDArray[np.bool_]:
    """Return True (K,) for columns in the footprint of a box plus the margin."""
    low, high = np.array(box[0][:2]) - margin_m, np.array(box[1][:2]) + margin_m
    return np.asarray(((columns >= low) & (columns <= high)).all(axis=1))


def test_exact_depth_marks_the_obstacles_where_they_are_and_nothing_else() -> None:
    kept = costmap()
    drive(WORLD, POSES, kept, exact)
    columns = kept.columns()
    of = {name: around(columns, WORLD.boxes[name], RESOLUTION_M) for name in STANDING}
    assert np.any(list(of.values()), axis=0).all(), "something is marked where nothing stands"
    for name in STANDING:
        (left, right), marked = (WORLD.boxes[name][k][1] for k in (0, 1)), columns[of[name], 1]
        seen = np.arange(left + RESOLUTION_M, right, RESOLUTION_M)
        covered = np.abs(marked[:, None] - seen).min(axis=0) <= RESOLUTION_M
        assert covered.all(), f"a part of the {name}'s face is not marked"


@pytest.mark.parametrize("estimate", [exact, noise_of_the_claimed_sigma(1)], ids=["exact", "noisy"])
def test_a_person_who_leaves_is_cleared_from_the_costmap(estimate: Estimate) -> None:
    kept = costmap()
    drive(WORLD, POSES[:4], kept, estimate)
    before = around(kept.columns(), WORLD.boxes[PERSON], 0.3).sum()
    assert before >= 5
    drive(WORLD.without(PERSON), POSES[4:6], kept, estimate)
    assert around(kept.columns(), WORLD.boxes[PERSON], 0.3).sum() == 0
    assert around(kept.columns(), WORLD.boxes["crate"], 0.3).any(), "a standing obstacle was cleared too"


def test_without_the_clearing_source_the_person_would_stay() -> None:
    kept = costmap()
    drive(WORLD, POSES[:4], kept, exact)
    drive(WORLD.without(PERSON), POSES[4:], kept, exact, clears=False)
    assert around(kept.columns(), WORLD.boxes[PERSON], 0.3).sum() >= 5


def sector_range_m(points: NDArray[np.float64], box: Box, pose: Pose) -> float:
    """Return the level distance from the camera to the nearest point in the middle half of the box's bearings.

    points: (N, 2) or (N, 3).
    """
    centre = np.array([pose.x_m, pose.y_m])
    face = [np.array([box[0][0], y]) - centre for y in (box[0][1], box[1][1])]
    low, high = sorted(math.atan2(y, x) for x, y in face)
    margin = 0.25 * (high - low)
    away = points[:, :2] - centre
    bearing, distance_m = np.arctan2(away[:, 1], away[:, 0]), np.hypot(away[:, 0], away[:, 1])
    inside = (bearing > low + margin) & (bearing < high - margin)
    return float(distance_m[inside].min()) if inside.any() else math.inf


def true_range_m(box: Box, pose: Pose) -> float:
    """Return the distance to the nearest point of the box's face in those bearings."""
    y = np.linspace(box[0][1], box[1][1], 101)
    return sector_range_m(np.stack([np.full_like(y, box[0][0]), y], axis=1), box, pose)


def test_noise_of_the_claimed_sigma_marks_obstacles_within_ten_per_cent_of_their_range() -> None:
    errors = []
    estimate = noise_of_the_claimed_sigma(2)
    for pose in POSES * 3:
        kept = costmap()
        drive(WORLD, [pose], kept, estimate, clears=False)
        for name in STANDING:
            truth_m = true_range_m(WORLD.boxes[name], pose)
            errors.append(sector_range_m(kept.columns(), WORLD.boxes[name], pose) / truth_m - 1.0)
    relative = np.abs(errors)
    assert np.isfinite(relative).all(), "an obstacle was not marked at all"
    assert np.median(relative) < 0.06
    assert (relative < 0.1).mean() >= 0.9  # sigma is half of that, and a cell is 3 %


def test_the_scan_of_the_drive_shows_the_same_obstacles() -> None:
    estimate, errors = noise_of_the_claimed_sigma(3), []
    for pose in POSES * 3:
        seen = estimate(WORLD.depth_m(CAMERA, pose))
        trusted = trusted_pixels(CAMERA, seen, SETTINGS)
        scan = level_scan(CAMERA, seen, SETTINGS, trusted, 0.5, 0.1)
        bearings = scan.angle_min_rad + scan.increment_rad * np.arange(len(scan.ranges_m)) + pose.yaw_rad
        hit = np.isfinite(scan.ranges_m)
        directions = np.stack([np.cos(bearings[hit]), np.sin(bearings[hit])], axis=1)
        points = scan.ranges_m[hit, None] * directions + (pose.x_m, pose.y_m)
        for name in STANDING:
            box = WORLD.boxes[name]
            errors.append(sector_range_m(points, box, pose) / true_range_m(box, pose) - 1.0)
    relative = np.abs(errors)
    assert np.isfinite(relative).all(), "an obstacle is not in the scan"
    assert np.median(relative) < 0.06
    assert (relative < 0.1).mean() >= 0.9
