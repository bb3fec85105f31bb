# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The rows of the parameter table that set what runs, how depth is estimated, and what is published of it."""

from __future__ import annotations

from grin_ros.core.backends.registry import AUTO, choices
from grin_ros.core.estimator import MOST_MEMBERS, MOST_SMOOTHING, MOST_STEPS, Settings
from grin_ros.ros.parameters.row import Parameter

_START: tuple[Parameter, ...] = (
    Parameter(
        "model",
        "nano",
        "The model: the name of a shipped model, or the path of an exported artifact.",
        read_only=True,
    ),
    Parameter(
        "backend",
        AUTO,
        f"The program that runs the network: {', '.join(choices())}. auto chooses the best one that works on this "
        "computer.",
        read_only=True,
    ),
    Parameter(
        "fallback",
        "",
        "Backends to try, in this order, if backend cannot be used, for example 'openvino, ort'. "
        "If empty, configure fails instead.",
        read_only=True,
        optional=True,
    ),
    Parameter(
        "watchdog_s",
        10.0,
        "The longest time that the backend may take for one frame. After that it is abandoned and another one is "
        "opened, so that the robot gets depth again. 0 waits without a limit.",
        low=0.0,
        high=600.0,
        unit="s",
        read_only=True,
    ),
    Parameter(
        "threads",
        0,
        "The number of CPU threads of the backend. With fewer threads depth comes later and more of the CPU is left "
        "to other programs. 0 lets the backend choose.",
        low=0,
        high=256,
        read_only=True,
    ),
    Parameter("compressed", False, "Subscribe to image/compressed (JPEG or PNG) instead of image.", read_only=True),
    Parameter(
        "autostart",
        False,
        "Configure and activate the node when it starts. If false, a lifecycle manager or ros2 lifecycle does it.",
        read_only=True,
    ),
)

_ESTIMATE: tuple[Parameter, ...] = (
    Parameter(
        "rectified",
        False,
        "The image is already rectified (image_rect): its camera is the matrix P of camera_info, without distortion. "
        "A wrong value bends the points near the edges of the image.",
    ),
    Parameter(
        "steps",
        Settings.steps,
        "The number of denoising steps for each frame. More steps take more time.",
        low=1,
        high=MOST_STEPS,
    ),
    Parameter(
        "members",
        Settings.members,
        "The number of estimates for each frame. Depth is their median, and sigma grows with their spread. "
        "More members take more time.",
        low=1,
        high=MOST_MEMBERS,
    ),
    Parameter(
        "latency_budget_ms",
        0.0,
        "The longest time from the arrival of an image to its depth. If frames take longer, the node runs fewer steps "
        "and members until they fit. 0 means no limit.",
        low=0.0,
        high=60000.0,
        unit="ms",
    ),
    Parameter(
        "seed",
        Settings.seed,
        "The seed of the noise from which depth is sampled. The noise is the same for every frame, so the depth of a "
        "still scene does not flicker.",
        low=0,
        high=2**31 - 1,
    ),
    Parameter(
        "smoothing",
        Settings.smoothing,
        "The share of the previous depth that is kept in the next, to reduce flicker. With a larger share depth "
        "follows moving things later. 0 means none.",
        low=0.0,
        high=MOST_SMOOTHING,
    ),
    Parameter(
        "min_depth_m",
        Settings.min_depth_m,
        "The smallest depth that is published. Nearer pixels are published as NaN (invalid).",
        low=0.001,
        high=1000.0,
        unit="m",
    ),
    Parameter(
        "max_depth_m",
        Settings.max_depth_m,
        "The largest depth that is published. Farther pixels are published as +inf (beyond range).",
        low=0.001,
        high=1000.0,
        unit="m",
    ),
    Parameter(
        "max_relative_sigma",
        Settings.max_relative_sigma,
        "The largest sigma / depth that is published. Less certain pixels are published as NaN (invalid). "
        "0 publishes all.",
        low=0.0,
        high=10.0,
    ),
    Parameter(
        "floor_scale",
        Settings.floor_scale,
        "With a known mounting, depth gets the scale with which the floor that it shows lies where the mounting says. "
        "Switch it off where the ground is not level, or where the camera mostly sees table-tops or into bins.",
    ),
    Parameter(
        "mounting.known",
        False,
        "Height, roll and pitch below are those of the camera. The network then estimates the metric scale better, "
        "and scan can be published.",
    ),
    Parameter(
        "mounting.height_m",
        1.0,
        "The height of the camera's centre above the ground.",
        low=0.01,
        high=1000.0,
        unit="m",
    ),
    Parameter(
        "mounting.roll_deg",
        0.0,
        "The roll of the camera. It is positive if the camera's right side is lower than its left side.",
        low=-180.0,
        high=180.0,
        unit="degrees",
    ),
    Parameter(
        "mounting.pitch_deg",
        0.0,
        "The pitch of the camera. It is positive if the camera looks down.",
        low=-90.0,
        high=90.0,
        unit="degrees",
    ),
    Parameter(
        "mounting.base_frame",
        "",
        "A frame on the ground, such as base_footprint. Height, roll and pitch are then read from tf2, and frames "
        "without a transform are rejected. If empty, the parameters above are used.",
        read_only=True,
        optional=True,
    ),
)

_PUBLISH: tuple[Parameter, ...] = (
    Parameter("publish_depth", True, "Publish depth/image: depth along the optical axis, 32FC1 in metres."),
    Parameter("publish_sigma", True, "Publish depth/sigma: one standard deviation of depth, 32FC1 in metres."),
    Parameter(
        "publish_mm",
        False,
        "Publish depth/image_mm: depth as 16UC1 in millimetres, 0 where it is invalid or beyond 65.535 m.",
    ),
    Parameter(
        "publish_points",
        True,
        "Publish points: depth as a PointCloud2 with sigma. It is computed only while somebody subscribes.",
    ),
    Parameter(
        "points_stride",
        1,
        "Every n-th row and column of the image becomes a point. Larger values make smaller messages.",
        low=1,
        high=16,
    ),
    Parameter("points_rgb", True, "Give the points the colours of the image."),
)

NODE_PARAMETERS: tuple[Parameter, ...] = (*_START, *_ESTIMATE, *_PUBLISH)

DIAGNOSTIC_PARAMETERS: tuple[Parameter, ...] = (
    Parameter(
        "diagnostics_period_s",
        1.0,
        "The time between two messages on /diagnostics.",
        low=0.1,
        high=60.0,
        unit="s",
    ),
)
