# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Nav2's layers with our topics: a low box that has left the view, and a scan of open space."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray

from benchmarks.driving.box_worlds import Pose, World, exact
from benchmarks.driving.costmaps import FlatCostmap, VoxelCostmap, scan_points
from grin_ros.core.geometry.camera import Camera
from grin_ros.core.geometry.mounting import Mounting
from grin_ros.core.planning.obstacles import ObstacleSettings, free_points, obstacle_points, trusted_pixels
from grin_ros.core.planning.scan import level_scan

CONFIG = yaml.safe_load((Path(__file__).resolve().parents[3] / "config" / "nav2_costmap.yaml").read_text())
LOCAL = CONFIG["local_costmap"]["local_costmap"]["ros__parameters"]
GLOBAL = CONFIG["global_costmap"]["global_costmap"]["ros__parameters"]
COSTMAPS = {"nav2_costmap_2d::VoxelLayer": VoxelCostmap, "nav2_costmap_2d::ObstacleLayer": FlatCostmap}
CAMERA = Camera(160, 90, 130.0, 130.0, 79.5, 44.5, mounting=Mounting(0.6))
SETTINGS = ObstacleSettings()
RESOLUTION_M = 0.05
NOTHING = np.empty((0, 3))

BOX = ((2.0, -0.2, 0.0), (2.4, 0.2, 0.3))
WORLD = World({"box": BOX, "wall": ((7.0, -6.0, 0.0), (7.2, 6.0, 2.5))})
APPROACH = [Pose(x_m=0.2 * k) for k in range(9)]
"""The robot drives on until the front of the box is 0.4 m ahead and all of it is below the image."""


def used_layer(costmap: dict[str, Any]) -> dict[str, Any]:
    """Return the layer of a costmap that uses our clouds."""
    (layer,) = (costmap[name] for name in costmap["plugins"] if "obstacles" in costmap.get(name, {}))
    return dict(layer)


def costmap_of(layer: dict[str, Any]) -> VoxelCostmap:
    """Return a costmap that marks and clears like a layer."""
    kind = COSTMAPS[layer["plugin"]]
    if kind is FlatCostmap:
        return FlatCostmap((-1.0, -3.0, -10.0), (200, 120, 1), RESOLUTION_M)
    size = (200, 120, layer["z_voxels"])
    return VoxelCostmap((-1.0, -3.0, layer["origin_z"]), size, RESOLUTION_M, layer["z_resolution"])


def cells_of_the_box(kept: VoxelCostmap) -> int:
    columns = kept.columns()
    low, high = np.array(BOX[0][:2]) - RESOLUTION_M, np.array(BOX[1][:2]) + RESOLUTION_M
    return int(((columns >= low) & (columns <= high)).all(axis=1).sum())


def share_kept_of_the_box(layer: dict[str, Any], sources: dict[str, Any]) -> float:
    """Return the share of the cells of the box that are still marked when it has left the view."""
    kept, most = costmap_of(layer), 0
    marks, clears = sources["obstacles"], sources["free_space"]
    for pose in APPROACH:
        seen = exact(WORLD.depth_m(CAMERA, pose))
        trusted = trusted_pixels(CAMERA, seen, SETTINGS)
        rotation, centre = pose.to_world(CAMERA)
        kept.update(
            centre,
            free_points(CAMERA, seen, SETTINGS, trusted) @ rotation.T + centre,
            obstacle_points(CAMERA, seen, SETTINGS, trusted)[:, :3] @ rotation.T + centre,
            clears["raytrace_max_range"],
            marks["obstacle_max_range"],
            (marks["min_obstacle_height"], marks["max_obstacle_height"]),
        )
        most = max(most, cells_of_the_box(kept))
    assert most >= 40, "the box was never marked"
    rotation, centre = APPROACH[-1].to_world(CAMERA)
    corner = (np.array([BOX[1][0], 0.0, BOX[1][2]]) - centre) @ rotation
    assert CAMERA.project(corner[None])[0, 1] > CAMERA.height, "the box is still in view"
    return cells_of_the_box(kept) / most


def test_the_shipped_costmaps_keep_a_low_box_that_has_left_the_view() -> None:
    layer = used_layer(LOCAL)
    assert used_layer(GLOBAL) == layer
    assert share_kept_of_the_box(layer, layer) > 0.9


def test_an_obstacle_layer_would_erase_it_because_it_clears_in_2d() -> None:
    flat = {"plugin": "nav2_costmap_2d::ObstacleLayer"}
    assert share_kept_of_the_box(flat, used_layer(LOCAL)) < 0.2


def marks_of_an_open_scan(obstacle_max_m: float, raytrace_max_m: float) -> NDArray[np.float64]:
    """Return the ranges of all cells that are marked by the scan of a floor on which nothing stands."""
    seen = exact(World().depth_m(CAMERA, Pose()))
    scan = level_scan(CAMERA, seen, SETTINGS, trusted_pixels(CAMERA, seen, SETTINGS), 0.5, 0.1)
    assert np.isposinf(scan.ranges_m).mean() > 0.9, "the scan does not see that it is open"
    points = scan_points(
        scan.ranges_m,
        scan.angle_min_rad + scan.increment_rad * np.arange(len(scan.ranges_m)),
        scan.range_max_m,
        inf_is_valid=True,
    )
    kept = FlatCostmap((-6.0, -6.0, 0.0), (240, 240, 1), RESOLUTION_M)
    kept.update(np.zeros(3), points, points, raytrace_max_m, obstacle_max_m, (0.0, 2.0))
    return np.hypot(*kept.columns().T)


def test_the_scan_of_open_space_marks_nothing_with_the_shipped_ranges() -> None:
    source = LOCAL["scan_layer"]["scan"]
    assert source["inf_is_valid"] is True
    assert len(marks_of_an_open_scan(source["obstacle_max_range"], source["raytrace_max_range"])) == 0


def test_an_obstacle_range_up_to_the_end_of_the_scan_would_mark_an_arc() -> None:
    ranges_m = marks_of_an_open_scan(SETTINGS.max_range_m, 6.0)
    assert len(ranges_m) > 40
    assert np.abs(ranges_m - SETTINGS.max_range_m).max() < 2 * RESOLUTION_M


def test_the_scan_layer_clears_as_far_as_the_scan_reaches() -> None:
    source = LOCAL["scan_layer"]["scan"]
    kept = FlatCostmap((-6.0, -6.0, 0.0), (240, 240, 1), RESOLUTION_M)
    wall = np.stack([np.full(40, 4.725), np.arange(-0.975, 1.0, RESOLUTION_M), np.zeros(40)], axis=1)
    reach = (source["raytrace_max_range"], source["obstacle_max_range"], (0.0, 2.0))
    kept.update(np.zeros(3), NOTHING, wall, *reach)
    assert len(kept.columns()) == 40
    bearings = np.radians(np.arange(-20.0, 20.0, 0.5))
    free = scan_points(np.full(len(bearings), np.inf), bearings, SETTINGS.max_range_m, inf_is_valid=True)
    kept.update(np.zeros(3), free, NOTHING, *reach)
    assert len(kept.columns()) == 0
