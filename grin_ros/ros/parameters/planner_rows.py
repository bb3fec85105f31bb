# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The rows of the table of parameters that serve planners: what is published for them, and the scale from ranges."""

from __future__ import annotations

from grin_ros.core.hints.config import ScaleConfig
from grin_ros.core.planning.config import NavigationConfig
from grin_ros.core.planning.obstacles import ObstacleSettings
from grin_ros.ros.parameters.row import Parameter

PLANNER_PARAMETERS: tuple[Parameter, ...] = (
    Parameter("publish_obstacles", True, "obstacles and free_space, PointCloud2 to mark and to clear a costmap with"),
    Parameter("publish_scan", True, "scan, LaserScan; needs the mounting"),
    Parameter(
        "obstacles.max_relative_sigma",
        ObstacleSettings.max_relative_sigma,
        "a point whose sigma / depth is larger is not trusted: neither an obstacle nor free space",
        0.01,
        10.0,
    ),
    Parameter(
        "obstacles.min_grazing_deg",
        ObstacleSettings.min_grazing_deg,
        "a surface seen at a flatter angle is taken for flying points between two objects",
        0.1,
        30.0,
        "degrees",
    ),
    Parameter(
        "obstacles.max_range_m",
        ObstacleSettings.max_range_m,
        "how far obstacles and scan reach; free_space reaches 1.2 times as far",
        0.1,
        100.0,
        "m",
    ),
    Parameter("obstacles.voxel_m", ObstacleSettings.voxel_m, "edge of a cube that keeps one point", 0.01, 1.0, "m"),
    Parameter(
        "obstacles.height_band",
        ObstacleSettings.height_band,
        "obstacles: only what stands in the band below, by the mounting; scan: always",
    ),
    Parameter(
        "obstacles.min_height_m", ObstacleSettings.min_height_m, "of the band, above the ground", -100.0, 100.0, "m"
    ),
    Parameter(
        "obstacles.max_height_m", ObstacleSettings.max_height_m, "of the band, above the ground", -100.0, 100.0, "m"
    ),
    Parameter(
        "scan.frame_id",
        NavigationConfig.scan_frame_id,
        "of scan: origin at the camera's centre, x ahead, y left, z up; the robot's description must hold it",
    ),
    Parameter("scan.increment_deg", NavigationConfig.scan_increment_deg, "between two bearings", 0.05, 10.0, "degrees"),
    Parameter(
        "scale.from_ranges",
        ScaleConfig.from_ranges,
        "correct the scale of depth by range/scan (LaserScan) or range/points (PointCloud2)",
        read_only=True,
    ),
    Parameter(
        "scale.range_pose",
        ScaleConfig.range_pose,
        "range sensor in the camera's body frame (x ahead, z up): x y z roll pitch yaw, metres and degrees; or tf",
        read_only=True,
    ),
    Parameter(
        "scale.max_age_s", ScaleConfig.max_age_s, "between the stamps of an image and its ranges", 0.001, 10.0, "s"
    ),
    Parameter(
        "scale.max_range_m",
        ScaleConfig.max_range_m,
        "farther ranges do not count: far depth errs otherwise",
        0.5,
        200.0,
        "m",
    ),
)
