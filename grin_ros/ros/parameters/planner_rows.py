# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The rows of the parameter table for navigation: the topics for planners."""

from __future__ import annotations

from grin_ros.core.planning.config import NavigationConfig
from grin_ros.core.planning.obstacles import FEWEST_HINTS, ObstacleSettings
from grin_ros.ros.parameters.row import Parameter

PLANNER_PARAMETERS: tuple[Parameter, ...] = (
    Parameter(
        "publish_obstacles",
        True,
        "Publish obstacles and free_space: PointCloud2 with which a costmap marks and clears. Each is computed only "
        "while somebody subscribes.",
    ),
    Parameter(
        "publish_scan",
        True,
        "Publish scan: a level LaserScan from the camera's centre. It needs the mounting, and is computed only while "
        "somebody subscribes.",
    ),
    Parameter(
        "obstacles.max_relative_sigma",
        ObstacleSettings.max_relative_sigma,
        "The largest sigma / depth of a pixel that is trusted. A less certain pixel is neither an obstacle nor free "
        "space.",
        low=0.01,
        high=10.0,
    ),
    Parameter(
        "obstacles.hinted_relative_sigma",
        ObstacleSettings.hinted_relative_sigma,
        f"The same limit for a frame that at least {FEWEST_HINTS} hints have corrected, whose sigma tells right pixels "
        "from wrong ones. The smaller of the two limits counts.",
        low=0.01,
        high=10.0,
    ),
    Parameter(
        "obstacles.min_grazing_deg",
        ObstacleSettings.min_grazing_deg,
        "The flattest angle at which a surface is trusted. Pixels seen at a flatter angle are taken for false points "
        "between a near object and what is behind it.",
        low=0.1,
        high=30.0,
        unit="degrees",
    ),
    Parameter(
        "obstacles.max_range_m",
        ObstacleSettings.max_range_m,
        "The range of obstacles and scan. free_space reaches 1.2 times as far, so that marks at the end of the range "
        "can be cleared. Where max_depth_m is less than that, the range is max_depth_m / 1.2.",
        low=0.1,
        high=100.0,
        unit="m",
    ),
    Parameter(
        "obstacles.voxel_m",
        ObstacleSettings.voxel_m,
        "The edge length of the cubes of which each keeps one point. Larger cubes make smaller messages.",
        low=0.01,
        high=1.0,
        unit="m",
    ),
    Parameter(
        "obstacles.height_band",
        ObstacleSettings.height_band,
        "Keep only obstacles between the two heights below, so that the floor is not marked. It needs the mounting: "
        "without one obstacles contains the floor too, and /diagnostics warns. scan always keeps to the heights.",
    ),
    Parameter(
        "obstacles.min_height_m",
        ObstacleSettings.min_height_m,
        "The lower end of the height band, above the ground.",
        low=-100.0,
        high=100.0,
        unit="m",
    ),
    Parameter(
        "obstacles.max_height_m",
        ObstacleSettings.max_height_m,
        "The upper end of the height band, above the ground.",
        low=-100.0,
        high=100.0,
        unit="m",
    ),
    Parameter(
        "scan.frame_id",
        "",
        "The frame of scan: its origin is the camera's centre, x points ahead, y left and z up. The robot's "
        f"description must contain it. If empty, it is {NavigationConfig.scan_frame_id}; each camera of "
        "grin_multi_camera has its own, such as front_scan for the camera front.",
        optional=True,
    ),
    Parameter(
        "scan.increment_deg",
        NavigationConfig.scan_increment_deg,
        "The angle between two rays of scan.",
        low=0.05,
        high=10.0,
        unit="degrees",
    ),
)
