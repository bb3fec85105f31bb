# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Cameras, rays and log-depth. NumPy and OpenCV only: training and the robot share this one geometry."""

from grin_ros.core.geometry.camera import Camera, Mounting
from grin_ros.core.geometry.distortion import DISTORTION_MODELS
from grin_ros.core.geometry.log_depth import LogDepth
from grin_ros.core.geometry.rays import depth_to_range, pixel_grid, points_from_depth, points_from_range, range_to_depth

__all__ = [
    "DISTORTION_MODELS",
    "Camera",
    "LogDepth",
    "Mounting",
    "depth_to_range",
    "pixel_grid",
    "points_from_depth",
    "points_from_range",
    "range_to_depth",
]
